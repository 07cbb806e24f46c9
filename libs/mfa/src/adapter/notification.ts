import type { MfaType } from '../policy/methods.js';

/** Changes that the owner of an account is told of (NIST SP 800-63B-4, section 4.6). */
export type MfaNotificationType =
  | 'authenticator_added'
  | 'authenticator_removed'
  | 'authenticator_locked'
  | 'authenticator_cloned'
  | 'recovery_code_used'
  | 'recovery_codes_regenerated';

/** What happened; it never holds a secret or a code. */
export interface MfaNotification {
  type: MfaNotificationType;
  /** When, milliseconds since the epoch. */
  at: number;
  authenticatorType: MfaType;
  authenticatorName?: string;
  /** Codes left, after one was used. */
  remaining?: number;
}
