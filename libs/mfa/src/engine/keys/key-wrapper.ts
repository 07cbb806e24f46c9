import { randomBytes } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import { MfaEnvelopeError, envelopePrefix, isEnvelope, open, seal } from '../../core/crypto/envelope.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../../core/crypto/key-ring.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { within } from '../../storage/bounded-wait.js';
import type { MfaStoredKey } from './stored-key.entity.js';

const KEY_BYTES = 32;

/** The application's key service doesn't respond, or refuses. Nothing is known to be lost, so it is asked again later. */
export class KeyServiceError extends Error {
  override readonly name = 'KeyServiceError';
}

/**
 * Wraps the module's own keys for the table of keys with the adapter's `encrypt` and `decrypt` (envelope encryption). A key
 * service that the application uses for factor data thus protects these keys too. By default they are encrypted under `secret`.
 */
@Injectable()
export class KeyWrapper {
  private readonly logger = new Logger(KeyWrapper.name);

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Whether the application overrides the encryption. */
  get hasOwnEncryption(): boolean {
    return (
      this.adapter.encrypt !== DefaultMfaAdapter.prototype.encrypt ||
      this.adapter.decrypt !== DefaultMfaAdapter.prototype.decrypt
    );
  }

  /**
   * Generates and wraps a random key.
   *
   * @param secrets the secrets to encrypt under if the application doesn't override the encryption; the first one is used.
   *   Default: the configured ones
   * @throws {KeyServiceError}
   */
  async create(id: string, secrets: KeyRing = this.keyRing): Promise<string> {
    return this.wrap(id, randomBytes(KEY_BYTES).toString('base64url'), secrets);
  }

  /**
   * Returns the key in base64url.
   *
   * @throws {MfaEnvelopeError} when it is lost: damaged, moved, or under a secret that is gone
   * @throws {KeyServiceError}
   */
  async unwrap(id: string, data: string): Promise<string> {
    return (
      this.openOwn(id, data) ?? (await this.ask(id, (context) => this.adapter.decrypt(data, context), asKey))
    );
  }

  /**
   * Returns the key wrapped as a new one would be; null if it already is. Keys under the application's own encryption are
   * rotated there.
   *
   * @throws {MfaEnvelopeError | KeyServiceError}
   */
  async renew({ id, data }: Pick<MfaStoredKey, 'id' | 'data'>): Promise<string | null> {
    const { id: current } = this.keyRing.current('encryption');
    if (!isEnvelope(data) || (!this.hasOwnEncryption && data.startsWith(envelopePrefix(current))))
      return null;
    return this.wrap(id, await this.unwrap(id, data), this.keyRing);
  }

  /** Wraps a key. What the adapter returns is unwrapped once, before anything depends on it or it replaces what still opens. */
  private async wrap(id: string, key: string, secrets: KeyRing): Promise<string> {
    if (!this.hasOwnEncryption) return seal(secrets, key, contextOf(id));
    const data = await this.ask(id, (context) => this.adapter.encrypt(key, context), asText);
    if (await this.opens(id, data, key)) return data;
    const reason = `The adapter's decrypt() does not reverse its encrypt() for the key ${id}`;
    this.logger.error(reason);
    throw new KeyServiceError(reason);
  }

  private async opens(id: string, data: string, key: string): Promise<boolean> {
    try {
      return (await this.unwrap(id, data)) === key;
    } catch (error) {
      if (error instanceof MfaEnvelopeError) return false;
      throw error;
    }
  }

  /** Opens a key under `secret`, from before the adapter overrode the encryption; null if it isn't in such an envelope. */
  private openOwn(id: string, data: string): string | null {
    try {
      return open(this.keyRing, data, contextOf(id));
    } catch (error) {
      // The adapter wrapped it, perhaps in envelopes for another context.
      if (error instanceof MfaEnvelopeError && this.hasOwnEncryption) return null;
      throw error;
    }
  }

  private async ask(
    id: string,
    work: (context: MfaEncryptionContext) => string | Promise<string>,
    read: (answer: unknown) => string,
  ): Promise<string> {
    try {
      const asked = Promise.resolve(contextOf(id)).then(work);
      return read(await within(this.options.storage.timeoutSeconds * 1000, asked));
    } catch (error) {
      if (error instanceof MfaEnvelopeError) throw error;
      const reason = messageOf(error);
      this.logger.error(
        `The adapter could not encrypt or decrypt the key ${id}, and will be asked again: ${reason}`,
      );
      throw new KeyServiceError(`The key ${id} is not available: ${reason}`, { cause: error });
    }
  }
}

function contextOf(id: string): MfaEncryptionContext {
  return { purpose: 'key', userId: '', recordId: id };
}

function asText(answer: unknown): string {
  if (typeof answer === 'string' && answer !== '') return answer;
  throw new TypeError('it did not return a string');
}

/** With an empty key, anybody could compute the hashes. */
function asKey(answer: unknown): string {
  if (typeof answer === 'string' && Buffer.from(answer, 'base64url').length === KEY_BYTES) return answer;
  throw new TypeError('it did not return a key');
}
