import type { MfaUser } from '../core/users/mfa-user.js';

/** A code on its way to a user. */
export interface MfaMessage {
  /** `email`, `sms`, or what a factor of the application's calls its own. */
  channel: string;
  /** The address or number. */
  to: string;
  /** What to send, in the user's language, with the code in it. */
  text: string;
  code: string;
  user: MfaUser;
  /** Such as `en`. */
  locale: string;
}
