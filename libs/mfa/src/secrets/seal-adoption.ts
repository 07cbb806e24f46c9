import { Inject, Injectable, Logger } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';

import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import { MFA_KEY_RING, hasSeal, sealRow } from '../core/crypto/key-ring.js';
import { BUILT_IN_TYPES, isJudgedByRow } from '../core/policy/methods.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { EncryptedRows } from './encrypted-rows.js';
import { KeyStore } from '../engine/keys/key-store.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { AUTHENTICATORS, SEALED_FACTORS } from './secret-tables.js';

/**
 * Marks that all existing rows are sealed, with the id of the key: from then on, a row without a seal was inserted by
 * hand.
 */
const DONE = 'seals:done:';

/** Marks that an instance has begun to seal, and until when another one may continue. */
const BEGUN = 'seals:begun';

const BATCH = 500;
const DAY_MS = 86_400_000;

/**
 * Seals factors that are older than seals, once, when the application boots. If there are seals but no mark, the mark
 * was deleted by hand, and nothing is sealed: an attacker with write access to the database must not get their own rows
 * sealed.
 */
@Injectable()
export class SealAdoption {
  private readonly logger = new Logger(SealAdoption.name);

  constructor(
    @Inject(KeyStore) private readonly keys: KeyStore,
    @Inject(EncryptedRows) private readonly rows: EncryptedRows,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Safe to run on several instances at once: each row is sealed as it was read, and existing seals are kept. */
  async run(): Promise<void> {
    if (await this.isDone()) return;
    const tables = SEALED_FACTORS;
    const counts = await Promise.all(tables.map((table) => this.countUnsealed(table)));
    const unsealed = counts.reduce((sum, count) => sum + count, 0);
    if (unsealed > 0 && !(await this.mayBegin())) return;
    if (unsealed > 0) for (const table of tables) await this.sealAll(table);
    await this.keys.add(`${DONE}${this.keyRing.current('seal').id}`, '');
    await this.keys.remove(BEGUN);
    if (unsealed > 0) this.logger.log(`${unsealed} existing factors were sealed`);
  }

  private async mayBegin(): Promise<boolean> {
    if (!this.options.storage.sealFormerRows) {
      this.logger.warn('Factors without a seal are refused: `storage.sealFormerRows` is off');
      return false;
    }
    if (await this.hasBegun()) return true;
    const sealed = await Promise.all(SEALED_FACTORS.map((table) => this.anySealed(table)));
    const isSealed = sealed.includes(true);
    // Checked again, in case another instance has begun in the meantime.
    if (isSealed && !(await this.hasBegun())) {
      if (await this.isDone()) return false;
      this.logger.error(
        'Some factors have a seal and others do not, and mfa_key no longer records that all were sealed: someone has written to the database by hand. Factors without a seal are refused',
      );
      return false;
    }
    const until = this.clock.now() + DAY_MS;
    await this.keys.remove(BEGUN);
    await this.keys.add(BEGUN, `${until} ${sealRow(this.keyRing, BEGUN, [until])}`);
    return true;
  }

  private async isDone(): Promise<boolean> {
    return (await this.keys.list()).some(({ id }) => id.startsWith(DONE));
  }

  private async hasBegun(): Promise<boolean> {
    const [until, seal] = ((await this.keys.find(BEGUN)) ?? '').split(' ');
    return hasSeal(this.keyRing, BEGUN, [Number(until)], seal) && Number(until) > this.clock.now();
  }

  /** A row that was used while being sealed is found again by the next search. */
  private async sealAll(table: SecretTable): Promise<void> {
    for (;;) {
      const batch = await this.storage.read((reader) =>
        unsealed(reader.createQueryBuilder(table.entity, 'r'), table).take(BATCH).getMany(),
      );
      if (batch.length === 0) return;
      await this.storage.commit(
        batch.map((row) => {
          const seal = table.seals?.make(this.keyRing, row) ?? null;
          return this.rows.planReplacement(table, row, { seal });
        }),
      );
    }
  }

  private async countUnsealed(table: SecretTable): Promise<number> {
    return this.storage.read((reader) =>
      unsealed(reader.createQueryBuilder(table.entity, 'r'), table).getCount(),
    );
  }

  private async anySealed({ entity }: SecretTable): Promise<boolean> {
    const row = await this.storage.read((reader) =>
      reader.createQueryBuilder(entity, 'r').where('r.seal IS NOT NULL').limit(1).getOne(),
    );
    return row !== null;
  }
}

/** Selects rows that should have a seal but don't. */
function unsealed(query: SelectQueryBuilder<SecretRow>, table: SecretTable): SelectQueryBuilder<SecretRow> {
  query.where('r.seal IS NULL');
  if (table !== AUTHENTICATORS) return query;
  // Only built-in types are older than seals.
  return query.andWhere('r.type IN (:...types)', { types: BUILT_IN_TYPES.filter(isJudgedByRow) });
}
