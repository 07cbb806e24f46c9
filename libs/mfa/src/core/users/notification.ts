import type { MfaType } from '../policy/methods.js';

/** Changes that the owner of an account is notified of (NIST SP 800-63B-4, sections 4.1.2.1, 4.2.3 and 4.6). */
export const MFA_NOTIFICATION_TYPES = [
  'authenticator_added',
  'authenticator_removed',
  'authenticator_locked',
  'authenticator_unlocked',
  'authenticator_suspended',
  'authenticator_resumed',
  'authenticator_cloned',
  'authenticator_model_revoked',
  'attempts_exhausted',
  'recovery_code_used',
  'recovery_codes_low',
  'recovery_codes_regenerated',
  'trusted_device_added',
  'trusted_device_reused',
  'trusted_device_copied',
  'new_sign_in',
  'admin_reset',
  'enrollment_demanded',
] as const;

export type MfaNotificationType = (typeof MFA_NOTIFICATION_TYPES)[number];

/** What happened, with texts that are ready to send. It never contains a secret or a code. */
export interface MfaNotification {
  type: MfaNotificationType;
  /** When it happened, in milliseconds since the epoch. */
  at: number;
  /** The type of the factor. Absent if the notification isn't about a single one, as for a trusted browser or a reset. */
  authenticatorType?: MfaType;
  authenticatorName?: string;
  /** How many codes are left after one was used. */
  remaining?: number;
  /** For a demand to enroll: from when a second factor is required, in milliseconds since the epoch. */
  from?: number;
  /**
   * The absolute URL of the page to look at. Absent without the option `pages`, or if no origin is known (`webauthn.origins`).
   */
  url?: string;
  /** The IP address it came from; null if unknown. */
  ip: string | null;
  userAgent: string | null;
  /** The language of the texts, such as `en`. */
  locale: string;
  subject: string;
  /** Plain text with line breaks. */
  text: string;
  /** An HTML fragment with the same content, fully escaped. */
  html: string;
}
