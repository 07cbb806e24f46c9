import { Inject, Injectable } from '@nestjs/common';

import { keyedHash } from '../../core/crypto/key-ring.js';
import { RecoveryCodeKeys } from './recovery-code-keys.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { canonicalRecoveryCode, generateRecoveryCodes } from './recovery-code.js';

/** Codes that are kept from then on. */
export interface PlannedCodes {
  /** The key that they are hashed under. */
  keyId: string;
  writes: Write[];
}

/** The table of recovery codes: making, claiming, counting. */
@Injectable()
export class RecoveryCodeStore {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** A new set: its plain text, which only the user gets, and the statements that keep the hashes. */
  async plan(userId: string, now: Date, count: number): Promise<PlannedCodes & { codes: string[] }> {
    const codes = generateRecoveryCodes(count, this.options.recoveryCodes.format);
    const planned = await this.planInsertion(
      userId,
      now,
      codes.map((code) => ({ code, usedAt: null })),
    );
    return { codes, ...planned };
  }

  /** Keeps codes that exist, in the form in which the user has them. */
  async planInsertion(
    userId: string,
    createdAt: Date,
    codes: readonly { code: string; usedAt: Date | null }[],
  ): Promise<PlannedCodes> {
    const { id: keyId, key, claim } = await this.keys.current();
    const rows = codes.map(({ code, usedAt }) => {
      const codeHash = usedAt ? hashOfUsed(key, userId, code) : hashOf(key, userId, code);
      return { userId, codeHash, createdAt, usedAt };
    });
    const query = this.storage.dataSource.createQueryBuilder().insert().into(RecoveryCode).values(rows);
    return { keyId, writes: [{ query }, claim] };
  }

  /** Removes codes that belong to no set. */
  async removeOrphans(): Promise<void> {
    const { dataSource } = this.storage;
    const sets = dataSource
      .createQueryBuilder(Authenticator, 'a')
      .select('a.userId')
      .where('a.type = :type', { type: 'recovery_codes' });
    await this.storage.write(
      dataSource
        .createQueryBuilder()
        .delete()
        .from(RecoveryCode)
        .where(`user_id NOT IN (${sets.getQuery()})`, sets.getParameters()),
    );
  }

  planRemoval(userId: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(RecoveryCode)
        .where('user_id = :userId', { userId }),
    };
  }

  /**
   * Uses up the code of a set under that key: changes one row, or none when it is wrong or was used.
   *
   * @throws {LostRecoveryCodeKeyError | KeyServiceError}
   */
  async claim(userId: string, keyId: string, code: string, now: Date): Promise<Write['query']> {
    const key = await this.keys.find(keyId);
    return this.storage.statements.update(
      RecoveryCode,
      // The hash changes with it: clearing the mark in the database does not make the code good again.
      { usedAt: now, codeHash: hashOfUsed(key, userId, code) },
      'user_id = :userId AND code_hash = :hash AND used_at IS NULL',
      { userId, hash: hashOf(key, userId, code) },
    );
  }

  /** The user's codes, used ones too, without their text. */
  async find(userId: string): Promise<RecoveryCode[]> {
    return this.storage.read((reader) =>
      reader
        .createQueryBuilder(RecoveryCode, 'r')
        .where('r.userId = :userId', { userId })
        .orderBy('r.codeHash')
        .getMany(),
    );
  }
}

/** HMAC-SHA-256 in hex over user and code. */
function hashOf(key: Buffer, userId: string, code: string): string {
  return keyedHash(key, userId, canonicalRecoveryCode(code));
}

/** No code has lower case letters in its canonical form, so this is the hash of none. */
function hashOfUsed(key: Buffer, userId: string, code: string): string {
  return keyedHash(key, userId, `used ${canonicalRecoveryCode(code)}`);
}
