import { randomBytes } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import { open, seal } from '../crypto/envelope.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { MFA_KEY_RING } from '../crypto/key-ring-token.js';
import { keyedHash } from '../crypto/keyed-hash.js';
import { KeyStore } from './key-store.js';

const RECORD = 'recovery-codes';
const CONTEXT = { purpose: 'key', userId: '', recordId: RECORD };
const KEY_BYTES = 32;

/**
 * The key under which recovery codes are hashed: random, made once, and kept encrypted under `secret`. Hashes can't be made
 * anew without the codes, which nobody has; so it is this key that is encrypted anew when the secret changes.
 */
@Injectable()
export class RecoveryCodeKey {
  private loaded: Promise<Buffer> | null = null;

  constructor(
    @Inject(KeyStore) private readonly store: KeyStore,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
  ) {}

  /** HMAC-SHA-256 in hex over user and code. */
  async hash(userId: string, code: string): Promise<string> {
    return keyedHash(await this.key(), userId, code);
  }

  private key(): Promise<Buffer> {
    this.loaded ??= this.load();
    // A database that did not answer is asked again.
    this.loaded.catch(() => (this.loaded = null));
    return this.loaded;
  }

  private async load(): Promise<Buffer> {
    const data = (await this.store.find(RECORD)) ?? (await this.make());
    return Buffer.from(open(this.keyRing, data, CONTEXT), 'base64url');
  }

  /** Of two instances that make it at once, both get the one that was stored. */
  private async make(): Promise<string> {
    const key = randomBytes(KEY_BYTES).toString('base64url');
    await this.store.add(RECORD, seal(this.keyRing, key, CONTEXT));
    return (await this.store.find(RECORD)) as string;
  }
}
