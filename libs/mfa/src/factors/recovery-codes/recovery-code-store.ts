import { Inject, Injectable } from '@nestjs/common';

import { RecoveryCodeKey } from './recovery-code-key.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { RecoveryCode } from './recovery-code.entity.js';
import { canonicalRecoveryCode, generateRecoveryCodes } from './recovery-code.js';

/** A new set of codes: the plain text, which only the user gets, and the statement that keeps the hashes. */
export interface PlannedCodes {
  codes: string[];
  write: Write;
}

/** The table of recovery codes: making, claiming, counting. */
@Injectable()
export class RecoveryCodeStore {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(RecoveryCodeKey) private readonly key: RecoveryCodeKey,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Whether codes can neither be verified nor made, because their key is lost. */
  async isLost(): Promise<boolean> {
    return this.key.isLost();
  }

  /** A new set. */
  async plan(userId: string, now: Date, count: number): Promise<PlannedCodes> {
    const codes = generateRecoveryCodes(count, this.options.recoveryCodes.format);
    const write = await this.planInsertion(
      userId,
      now,
      codes.map((code) => ({ code, usedAt: null })),
    );
    return { codes, write };
  }

  /** Keeps codes that exist, in the form in which the user has them. */
  async planInsertion(
    userId: string,
    createdAt: Date,
    codes: readonly { code: string; usedAt: Date | null }[],
  ): Promise<Write> {
    const rows = await Promise.all(
      codes.map(async ({ code, usedAt }) => {
        const codeHash = await (usedAt ? this.hashOfUsed(userId, code) : this.hash(userId, code));
        return { userId, codeHash, createdAt, usedAt };
      }),
    );
    const query = this.storage.dataSource
      .createQueryBuilder()
      .insert()
      .into(RecoveryCode)
      .values(rows)
      .updateEntity(false);
    return { query };
  }

  /** Removes the codes of all users. */
  async removeAll(): Promise<void> {
    await this.storage.write(this.storage.dataSource.createQueryBuilder().delete().from(RecoveryCode));
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

  /** Uses up the code; the claim is lost when it is wrong or was used. */
  async claim(userId: string, code: string, now: Date): Promise<Write> {
    return {
      claim: 'recovery-code',
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(RecoveryCode)
        // The hash changes with it: clearing the mark in the database does not make the code good again.
        .set({ usedAt: now, codeHash: await this.hashOfUsed(userId, code) })
        .where('user_id = :userId AND code_hash = :hash AND used_at IS NULL', {
          userId,
          hash: await this.hash(userId, code),
        }),
    };
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

  private async hash(userId: string, code: string): Promise<string> {
    return this.key.hash(userId, canonicalRecoveryCode(code));
  }

  /** No code has lower case letters in its canonical form, so this is the hash of none. */
  private async hashOfUsed(userId: string, code: string): Promise<string> {
    return this.key.hash(userId, `used ${canonicalRecoveryCode(code)}`);
  }
}
