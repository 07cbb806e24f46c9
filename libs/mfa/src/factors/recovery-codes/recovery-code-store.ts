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

/** Codes that are about to be stored. */
export interface PlannedCodes {
  /** The key that hashes them. */
  keyId: string;
  writes: Write[];
}

/** The table of recovery codes: creates, claims and counts them. */
@Injectable()
export class RecoveryCodeStore {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Plans a new set: the plain codes, which only the user gets, and the statements that store their hashes. */
  async plan(userId: string, now: Date, count: number): Promise<PlannedCodes & { codes: string[] }> {
    const codes = generateRecoveryCodes(count, this.options.recoveryCodes.format);
    const planned = await this.planInsertion(
      userId,
      now,
      codes.map((code) => ({ code, usedAt: null })),
    );
    return { codes, ...planned };
  }

  /** Plans to store existing codes, given in the form in which the user has them. */
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

  /** Deletes codes that belong to no set. */
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
   * Uses up a code of the set under this key: updates one row, or none if the code is wrong or already used.
   *
   * @throws {LostRecoveryCodeKeyError | KeyServiceError}
   */
  async claim(userId: string, keyId: string, code: string, now: Date): Promise<Write['query']> {
    const key = await this.keys.find(keyId);
    return this.storage.statements.update(
      RecoveryCode,
      // Also change the hash, so that clearing the mark in the database doesn't make the code valid again.
      { usedAt: now, codeHash: hashOfUsed(key, userId, code) },
      'user_id = :userId AND code_hash = :hash AND used_at IS NULL',
      { userId, hash: hashOf(key, userId, code) },
    );
  }

  /** The user's codes, including used ones, without their text. */
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

/** The canonical form of a code has no lowercase letters, so no code has this hash. */
function hashOfUsed(key: Buffer, userId: string, code: string): string {
  return keyedHash(key, userId, `used ${canonicalRecoveryCode(code)}`);
}
