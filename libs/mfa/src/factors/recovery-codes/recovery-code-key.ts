import { randomBytes } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';

import { MfaEnvelopeError, open, seal } from '../../core/crypto/envelope.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../../core/crypto/key-ring.js';
import { keyedHash } from '../../core/crypto/keyed-hash.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { KeyStore } from '../../engine/keys/key-store.js';

/** Where the key is kept. */
export const RECOVERY_CODE_KEY_ID = 'recovery-codes';

const CONTEXT = { purpose: 'key', userId: '', recordId: RECOVERY_CODE_KEY_ID };
const KEY_BYTES = 32;

/** The key of the recovery codes is gone or can't be read, and codes hang on it: nobody can tell a right one. */
export class LostRecoveryCodeKeyError extends Error {
  override readonly name = 'LostRecoveryCodeKeyError';

  constructor(cause?: unknown) {
    super(
      'The key of the recovery codes is lost (table mfa_key): put its row and its secret back, or run `nestjs-mfa discard-unreadable`',
      { cause },
    );
  }
}

/**
 * The key under which recovery codes are hashed: random, made once, and kept encrypted under `secret`. Hashes can't be made
 * anew without the codes, which nobody has; so it is this key that is encrypted anew when the secret changes.
 */
@Injectable()
export class RecoveryCodeKey {
  private readonly logger = new Logger(RecoveryCodeKey.name);
  private loaded: Promise<Buffer> | null = null;

  constructor(
    @Inject(KeyStore) private readonly store: KeyStore,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
  ) {}

  /**
   * HMAC-SHA-256 in hex over user and code.
   *
   * @throws {LostRecoveryCodeKeyError}
   */
  async hash(userId: string, code: string): Promise<string> {
    return keyedHash(await this.key(), userId, code);
  }

  /** Whether codes are kept that nobody can verify any more; it is logged then. Other factors go on working. */
  async isLost(): Promise<boolean> {
    try {
      await this.key();
      return false;
    } catch (error) {
      if (!(error instanceof LostRecoveryCodeKeyError)) throw error;
      this.logger.error(error.message);
      return true;
    }
  }

  /** How the key stands; makes none. `none`: there is none yet, and no code that needs one. */
  async examine(): Promise<'readable' | 'lost' | 'none'> {
    if ((await this.store.find(RECOVERY_CODE_KEY_ID)) === null && !(await this.hasCodes())) return 'none';
    return (await this.isLost()) ? 'lost' : 'readable';
  }

  /** After the key was removed together with its codes. */
  forget(): void {
    this.loaded = null;
  }

  private key(): Promise<Buffer> {
    this.loaded ??= this.load();
    // What did not answer, or was lost, is asked again: the database may be back, and the row too.
    this.loaded.catch(() => (this.loaded = null));
    return this.loaded;
  }

  private async load(): Promise<Buffer> {
    const data = (await this.store.find(RECOVERY_CODE_KEY_ID)) ?? (await this.make());
    try {
      return Buffer.from(open(this.keyRing, data, CONTEXT), 'base64url');
    } catch (error) {
      if (error instanceof MfaEnvelopeError) throw new LostRecoveryCodeKeyError(error);
      throw error;
    }
  }

  /** Of two instances that make it at once, both get the one that was stored. */
  private async make(): Promise<string> {
    // A new key would leave the codes that are there wrong for ever, without a word.
    if (await this.hasCodes()) {
      const made = await this.store.find(RECOVERY_CODE_KEY_ID);
      if (made === null) throw new LostRecoveryCodeKeyError();
      return made;
    }
    const key = randomBytes(KEY_BYTES).toString('base64url');
    await this.store.add(RECOVERY_CODE_KEY_ID, seal(this.keyRing, key, CONTEXT));
    return (await this.store.find(RECOVERY_CODE_KEY_ID)) as string;
  }

  private async hasCodes(): Promise<boolean> {
    const row = await this.storage.read((reader) =>
      reader
        .createQueryBuilder(RecoveryCode, 'c')
        .select('c.userId', 'userId')
        .limit(1)
        .getRawOne<{ userId: string }>(),
    );
    return row !== undefined;
  }
}
