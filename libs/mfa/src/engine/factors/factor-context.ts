import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaMessage } from '../../adapter/message.js';
import type { MfaClock } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';

/** A message to send, before the module renders its text. */
export interface MfaNewMessage {
  channel: string;
  to: string;
  code: string;
  /** How long the code is valid. */
  ttlSeconds: number;
  /** Sends the message in place of the adapter's hook. */
  send?: (message: MfaMessage) => void | Promise<void>;
  /** The number of messages allowed per window. The budget belongs to the user and is shared by all channels. */
  limit: { messages: number; windowSeconds: number };
}

/**
 * Where a factor's encrypted text is stored in one of its own tables. A text that was moved to another place doesn't decrypt.
 */
export interface MfaFactorPlace {
  /** The property of the row: one of those that the table lists as `encrypted`. */
  column: string;
  /** The id of the user the row belongs to. */
  userId: string;
  /** The row's key as text. */
  key: string;
}

/** What a factor works with. */
export interface MfaFactorContext {
  readonly options: ResolvedMfaOptions;
  readonly clock: MfaClock;
  /**
   * HMAC-SHA-256 in hex, under a key derived from the first secret. {@link isHashOf} accepts hashes under any secret in the
   * list.
   */
  hash(...fields: string[]): string;
  /** Whether this is a hash of these fields, compared in constant time. */
  isHashOf(hash: string, ...fields: string[]): boolean;
  /**
   * Encrypts a text for one of the factor's own tables, using the adapter.
   *
   * @throws {TypeError} when none of the factor's tables lists the column as `encrypted`: the text would be lost when the
   *   secret is replaced
   */
  encrypt(text: string, place: MfaFactorPlace): Promise<string>;
  /**
   * Decrypts what {@link encrypt} returned for this place.
   *
   * @throws whatever the adapter throws; by default an `MfaEnvelopeError` when the text was changed or moved, or its secret is
   *   gone
   */
  decrypt(envelope: string, place: MfaFactorPlace): Promise<string>;
  /**
   * Sends a code within the user's budget of messages.
   *
   * @returns when the next message may be sent
   * @throws {MfaException} `too_many_messages`, or `message_not_sent` when the sender fails; a failed message doesn't use up
   *   the budget
   */
  send(user: MfaUser, message: MfaNewMessage): Promise<{ nextAt: Date }>;
}
