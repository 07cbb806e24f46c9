import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaMessage } from '../../adapter/message.js';
import type { MfaClock } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';

/** What is sent, before the module has put it into words. */
export interface MfaNewMessage {
  channel: string;
  to: string;
  code: string;
  /** How long the code will do. */
  ttlSeconds: number;
  /** In place of the adapter's hook. */
  send?: (message: MfaMessage) => void | Promise<void>;
  /** How many messages in which time; the budget is the user's, whatever the channel. */
  limit: { messages: number; windowSeconds: number };
}

/** Where a text stands that a factor keeps encrypted in a table of its own. What is moved to another place does not open. */
export interface MfaFactorPlace {
  /** The property of its row, one of those that the table names as `encrypted`. */
  column: string;
  /** Whose row it is. */
  userId: string;
  /** The row's key, as text. */
  key: string;
}

/** What factors work with. */
export interface MfaFactorContext {
  readonly options: ResolvedMfaOptions;
  readonly clock: MfaClock;
  /** HMAC-SHA-256 in hex under a key derived from the first secret; every secret of the list opens it ({@link isHashOf}). */
  hash(...fields: string[]): string;
  /** Whether that is a hash of these fields, in constant time. */
  isHashOf(hash: string, ...fields: string[]): boolean;
  /**
   * Encrypts a text for a table of the factor's own, by the adapter.
   *
   * @throws {TypeError} when no table of the factor names the column as `encrypted`: it would be lost with the secret
   */
  encrypt(text: string, place: MfaFactorPlace): Promise<string>;
  /**
   * Decrypts what {@link encrypt} made for this place.
   *
   * @throws what the adapter throws; without one of the application's own, an `MfaEnvelopeError` when it was changed, moved, or its secret is gone
   */
  decrypt(envelope: string, place: MfaFactorPlace): Promise<string>;
  /**
   * Sends a code within the user's budget of messages.
   *
   * @returns when the next one may be sent
   * @throws {MfaException} `too_many_messages`, or `message_not_sent` when the sender fails; nothing is spent then
   */
  send(user: MfaUser, message: MfaNewMessage): Promise<{ nextAt: Date }>;
}
