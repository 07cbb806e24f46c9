import type { MfaType } from '../policy/methods.js';

/** Changes that the owner of an account is told of (NIST SP 800-63B-4, sections 4.1.2.1, 4.2.3 and 4.6). */
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

/** What happened, with texts that are ready to send; it never holds a secret or a code. */
export interface MfaNotification {
  type: MfaNotificationType;
  /** When, milliseconds since the epoch. */
  at: number;
  /** The factor; none where it is about no single one, as for a trusted browser or a reset. */
  authenticatorType?: MfaType;
  authenticatorName?: string;
  /** Codes left, after one was used. */
  remaining?: number;
  /** Of a demand to enroll: from when there has to be a second factor, milliseconds since the epoch. */
  from?: number;
  /** The page to look at, as an absolute address; not there without the option `pages`, and where no origin is known (`webauthn.origins`). */
  url?: string;
  /** From where; null when it is not known. */
  ip: string | null;
  userAgent: string | null;
  /** The language of the texts, such as `en`. */
  locale: string;
  subject: string;
  /** Plain text with line breaks. */
  text: string;
  /** A fragment of HTML that says the same, with everything in it escaped. */
  html: string;
}
