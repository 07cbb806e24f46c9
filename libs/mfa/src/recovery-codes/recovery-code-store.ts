import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { KeyRing } from '../crypto/key-ring.js';
import { MFA_KEY_RING } from '../crypto/key-ring-token.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
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
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  plan(userId: string, now: Date, count: number): PlannedCodes {
    const codes = generateRecoveryCodes(count, this.options.recoveryCodes.format);
    const rows = codes.map((code) => ({
      id: randomUUID(),
      userId,
      codeHash: this.hashes(userId, code)[0],
      createdAt: now,
      usedAt: null,
    }));
    const query = this.storage.dataSource
      .createQueryBuilder()
      .insert()
      .into(RecoveryCode)
      .values(rows)
      .updateEntity(false);
    return { codes, write: { query } };
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
  claim(userId: string, code: string, now: Date): Write {
    return {
      claim: 'recovery-code',
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(RecoveryCode)
        .set({ usedAt: now })
        .where('user_id = :userId AND code_hash IN (:...hashes) AND used_at IS NULL', {
          userId,
          hashes: this.hashes(userId, code),
        }),
    };
  }

  /** The user's codes, used ones too, without their text. */
  async find(userId: string): Promise<RecoveryCode[]> {
    return this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(RecoveryCode, 'r')
        .where('r.userId = :userId', { userId })
        .orderBy('r.id')
        .getMany(),
    );
  }

  private hashes(userId: string, code: string): [string, ...string[]] {
    return this.keyRing.keyedHashes('recovery-code', userId, canonicalRecoveryCode(code));
  }
}
