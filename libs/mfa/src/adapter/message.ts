import type { MfaUser } from '../core/users/mfa-user.js';

/** A message with a code to send to a user. */
export interface MfaMessage {
  /** `email`, `sms`, or the channel that a factor of the application's own names. */
  channel: string;
  /** The address or number. */
  to: string;
  /** The text to send, in the user's language, including the code. */
  text: string;
  code: string;
  user: MfaUser;
  /** For example `en`. */
  locale: string;
}
