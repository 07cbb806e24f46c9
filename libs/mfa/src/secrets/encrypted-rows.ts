import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { IsNull } from 'typeorm';

import { envelopePrefix, isEnvelope } from '../core/crypto/envelope.js';
import { sealPrefix } from '../core/crypto/key-ring.js';
import type { PrimaryReader, Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { valueOf } from '../engine/keys/secret-table.js';
import { SecretTables, idOf } from './secret-tables.js';
import { MfaStoredKey } from '../engine/keys/stored-key.entity.js';
import { VISIBLE_KEY_PREFIX } from '../engine/keys/visible-keys.js';

/** The beginning of every envelope. */
const ANY_ENVELOPE = envelopePrefix('').slice(0, -1);

/** How many rows would be lost along with a secret. */
export interface RowsUnderSecret {
  encrypted: number;
  sealed: number;
}

/** Whether the text is one of our envelopes, under a key other than the given one. */
export function isUnderOther(data: string, keyId: string): boolean {
  return isEnvelope(data) && !data.startsWith(envelopePrefix(keyId));
}

/** Finds rows by the secret that encrypts or seals them: each envelope and seal contains the id of its key. */
@Injectable()
export class EncryptedRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(SecretTables) private readonly tables: SecretTables,
  ) {}

  /** Counts the rows under this key whose loss would matter. */
  async countUnder(keyId: string): Promise<RowsUnderSecret> {
    const count: RowsUnderSecret = {
      encrypted: await this.countKeysUnder(keyId),
      sealed: 0,
    };
    for (const table of this.missed) {
      count.encrypted += await this.countBeginning(table, table.encrypted, envelopePrefix(keyId));
      if (table.seals) count.sealed += await this.countBeginning(table, ['seal'], sealPrefix(keyId));
    }
    return count;
  }

  /** The next rows with one of our envelopes or seals under another key, ordered by id. */
  async findUnderOthers(
    table: SecretTable,
    keyId: string,
    after: unknown,
    limit: number,
  ): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      inOrder(underOthers(rowsOf(reader, table), table, keyId), table, after, limit).getMany(),
    );
  }

  /** Re-reads those of these rows that are still under another key. */
  async findStillUnderOthers(
    table: SecretTable,
    keyId: string,
    ids: readonly unknown[],
  ): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      underOthers(rowsOf(reader, table), table, keyId)
        .andWhere(`r.${table.id} IN (:...ids)`, { ids })
        .getMany(),
    );
  }

  /** Counts the rows under other keys whose loss would matter. */
  async countUnderOthers(keyId: string): Promise<number> {
    let count = 0;
    for (const table of this.missed) {
      count += await this.storage.read((reader) =>
        underOthers(rowsOf(reader, table), table, keyId).getCount(),
      );
    }
    return count;
  }

  /** The next rows of the table, ordered by id. */
  async findAll(table: SecretTable, after: unknown, limit: number): Promise<SecretRow[]> {
    return this.storage.read((reader) => inOrder(rowsOf(reader, table), table, after, limit).getMany());
  }

  /** The user's rows. */
  async findOf(table: SecretTable, userId: string): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      rowsOf(reader, table)
        .where({ [table.userId]: userId })
        .getMany(),
    );
  }

  /** Deletes the row, unless one of its envelopes has changed since it was read. */
  planRemoval(table: SecretTable, row: SecretRow): Write {
    const query = this.storage.dataSource
      .createQueryBuilder()
      .delete()
      .from(table.entity)
      .where(asRead(table, row));
    return { query };
  }

  /** Replaces envelope and seal, unless one of them has changed or the row is gone since it was read. */
  planReplacement(table: SecretTable, row: SecretRow, next: Renewed): Write {
    const { seal } = row;
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(table.entity)
      .set(next)
      .where(asRead(table, row));
    if (table.seals && seal !== null) query.andWhere('seal = :seal', { seal });
    if (table.seals && seal === null) query.andWhere('seal IS NULL');
    // A seal covers the last time step; without one, the step itself must be unchanged.
    const { lastStep } = row;
    if (lastStep === null) query.andWhere('last_step IS NULL');
    else if (lastStep !== undefined) query.andWhere('last_step = :lastStep', { lastStep });
    return { query };
  }

  /** Except keys that are recreated if missing. */
  private async countKeysUnder(keyId: string): Promise<number> {
    const keys = await this.storage.read((reader) => reader.createQueryBuilder(MfaStoredKey, 'k').getMany());
    const prefix = envelopePrefix(keyId);
    return keys.filter(({ id, data }) => data.startsWith(prefix) && !id.startsWith(VISIBLE_KEY_PREFIX))
      .length;
  }

  /** Tables whose rows users would miss. */
  private get missed(): readonly SecretTable[] {
    return this.tables.all.filter(({ isMissed }) => isMissed);
  }

  private async countBeginning(
    table: SecretTable,
    columns: readonly string[],
    prefix: string,
  ): Promise<number> {
    if (columns.length === 0) return 0;
    const conditions = columns.map((column) => `SUBSTR(r.${column}, 1, :length) = :prefix`);
    return this.storage.read((reader) => {
      const query = rowsOf(reader, table);
      query.where(`(${conditions.join(' OR ')})`, { length: prefix.length, prefix });
      if (table.plainTypes && columns === table.encrypted)
        query.andWhere('r.type NOT IN (:...plain)', { plain: table.plainTypes() });
      return query.getCount();
    });
  }
}

/** The new envelopes and seal of a row. */
export type Renewed = Partial<Record<string, string | null>>;

/** Includes rows that an application has soft-deleted. */
function rowsOf(reader: PrimaryReader, { entity }: SecretTable): SelectQueryBuilder<SecretRow> {
  return reader.createQueryBuilder<SecretRow>(entity, 'r').withDeleted();
}

/** The condition that matches the row only with the envelopes it was read with. */
function asRead(table: SecretTable, row: SecretRow): ObjectLiteral {
  const envelopes = table.encrypted.map((column) => [column, valueOf(row, column) ?? IsNull()] as const);
  return { [table.id]: idOf(table, row), ...Object.fromEntries(envelopes) };
}

/** @param after the id of the previous row; undefined to start from the beginning */
function inOrder(
  query: SelectQueryBuilder<SecretRow>,
  { id }: SecretTable,
  after: unknown,
  limit: number,
): SelectQueryBuilder<SecretRow> {
  if (after !== undefined) query.andWhere(`r.${id} > :after`, { after });
  return query.orderBy(`r.${id}`).take(limit);
}

function underOthers(
  query: SelectQueryBuilder<SecretRow>,
  { encrypted, plainTypes, seals }: SecretTable,
  keyId: string,
): SelectQueryBuilder<SecretRow> {
  const [envelope, seal] = [envelopePrefix(keyId), sealPrefix(keyId)];
  // Data of these types isn't encrypted, so it could start with the same characters by chance.
  const isNotPlain = plainTypes ? 'r.type NOT IN (:...plain) AND ' : '';
  const conditions = [
    ...encrypted.map(
      (column) =>
        `(${isNotPlain}SUBSTR(r.${column}, 1, :anyLength) = :any AND SUBSTR(r.${column}, 1, :envelopeLength) <> :envelope)`,
    ),
    ...(seals ? ['(r.seal IS NOT NULL AND SUBSTR(r.seal, 1, :sealLength) <> :seal)'] : []),
  ];
  return query.where(`(${conditions.join(' OR ')})`, {
    plain: plainTypes?.() ?? [],
    any: ANY_ENVELOPE,
    anyLength: ANY_ENVELOPE.length,
    envelope,
    envelopeLength: envelope.length,
    seal,
    sealLength: seal.length,
  });
}
