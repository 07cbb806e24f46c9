import { Inject, Injectable, Logger } from '@nestjs/common';

import { MfaEnvelopeError } from '../../core/crypto/envelope.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { KeyStore } from './key-store.js';
import { KeyServiceError, KeyWrapper } from './key-wrapper.js';

/** The prefix of the ids of these keys in the table of keys, followed by the id of the secret. */
export const VISIBLE_KEY_PREFIX = 'visible:';

/**
 * The keys behind values that anybody may see: WebAuthn challenges, form tokens, cookies of the pages. They are random, one per
 * secret, and stored encrypted under that secret or by the adapter's own means. If they were derived from `secret`, a single
 * response of a public route would let a stranger guess secrets offline, as fast as a machine can hash.
 */
@Injectable()
export class VisibleKeys {
  private readonly logger = new Logger(VisibleKeys.name);
  private loaded: Promise<KeyRing> | null = null;

  constructor(
    @Inject(KeyStore) private readonly store: KeyStore,
    @Inject(KeyWrapper) private readonly wrapper: KeyWrapper,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Returns the ring of these keys, in the order of the secrets. It is read once.
   *
   * @throws {MfaException} `storage_unavailable`, also when the application's key service is unavailable
   */
  async ring(): Promise<KeyRing> {
    try {
      return await this.load();
    } catch (error) {
      if (!(error instanceof KeyServiceError)) throw error;
      throw new MfaException('storage_unavailable', {}, { cause: error });
    }
  }

  /**
   * Reads the ring before the first request needs it. An unavailable key service must not stop the boot: codes are verified
   * without it.
   */
  async preload(): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      if (!(error instanceof KeyServiceError)) throw error;
    }
  }

  private load(): Promise<KeyRing> {
    this.loaded ??= this.findAll();
    // Try again after a failure.
    this.loaded.catch(() => (this.loaded = null));
    return this.loaded;
  }

  private async findAll(): Promise<KeyRing> {
    const keys: string[] = [];
    for (const secret of this.options.secrets) keys.push(await this.find(new KeyRing([secret])));
    return new KeyRing(keys);
  }

  private async find(secret: KeyRing): Promise<string> {
    const id = `${VISIBLE_KEY_PREFIX}${secret.current('encryption').id}`;
    if ((await this.store.find(id)) === null) await this.store.add(id, await this.wrapper.create(id, secret));
    // If two instances create it at the same time, both get the one that was stored.
    const data = await this.stored(id);
    try {
      return await this.wrapper.unwrap(id, data);
    } catch (error) {
      if (!(error instanceof MfaEnvelopeError)) throw error;
      this.logger.error(
        `The row ${id} of the table mfa_key was changed: a new key replaces it, and open forms have to be reloaded`,
      );
      await this.store.replace({ id, data }, await this.wrapper.create(id, secret));
      return this.wrapper.unwrap(id, await this.stored(id));
    }
  }

  /** @throws {KeyServiceError} when its secret was forgotten just now; if it is needed after all, the next one creates the key again */
  private async stored(id: string): Promise<string> {
    const data = await this.store.find(id);
    if (data === null) throw new KeyServiceError(`The key ${id} was removed meanwhile`);
    return data;
  }
}
