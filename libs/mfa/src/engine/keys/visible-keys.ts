import { randomBytes } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';

import { MfaEnvelopeError, open, seal } from '../../core/crypto/envelope.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { KeyStore } from './key-store.js';

/** How the ids of these keys begin in the table of keys; the id of the secret that each is kept under follows. */
export const VISIBLE_KEY_PREFIX = 'visible:';

const KEY_BYTES = 32;

/**
 * The keys of what anybody may see: WebAuthn challenges, form tokens, cookies of the pages. They are random, one for each
 * secret, and kept encrypted under it. Were they derived from `secret`, one answer of a public route would let a stranger
 * try secrets offline, as fast as a machine can hash.
 */
@Injectable()
export class VisibleKeys {
  private readonly logger = new Logger(VisibleKeys.name);
  private loaded: Promise<KeyRing> | null = null;

  constructor(
    @Inject(KeyStore) private readonly store: KeyStore,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * The ring of these keys, in the order of the secrets. It is read once.
   *
   * @throws {MfaException} `storage_unavailable`
   */
  ring(): Promise<KeyRing> {
    this.loaded ??= this.load();
    // A database that did not answer is asked again.
    this.loaded.catch(() => (this.loaded = null));
    return this.loaded;
  }

  private async load(): Promise<KeyRing> {
    const keys: string[] = [];
    for (const secret of this.options.secrets) keys.push(await this.find(new KeyRing([secret])));
    return new KeyRing(keys);
  }

  private async find(secret: KeyRing): Promise<string> {
    const id = `${VISIBLE_KEY_PREFIX}${secret.current('encryption').id}`;
    const context = { purpose: 'key', userId: '', recordId: id };
    const make = () => seal(secret, randomBytes(KEY_BYTES).toString('base64url'), context);
    if ((await this.store.find(id)) === null) await this.store.add(id, make());
    // Of two instances that make it at once, both get the one that was stored.
    const data = (await this.store.find(id)) ?? '';
    try {
      return open(secret, data, context);
    } catch (error) {
      if (!(error instanceof MfaEnvelopeError)) throw error;
      this.logger.error(
        `The row ${id} of the table of keys was changed: a new key takes its place, and forms that are open now have to be loaded again`,
      );
      await this.store.replace({ id, data }, make());
      return open(secret, (await this.store.find(id)) ?? '', context);
    }
  }
}
