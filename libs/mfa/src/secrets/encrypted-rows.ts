import { Inject, Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';

import { envelopePrefix, isEnvelope } from '../core/crypto/envelope.js';
import { sealPrefix } from '../core/crypto/key-ring.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { SECRET_TABLES, idOf } from './secret-tables.js';
import { MfaStoredKey } from '../engine/keys/stored-key.entity.js';
import { VISIBLE_KEY_PREFIX } from '../engine/keys/visible-keys.js';

/** How every envelope begins. */
const ANY_ENVELOPE = envelopePrefix('').slice(0, -1);

/** How many rows would be lost with a secret. */
export interface RowsUnderSecret {
  encrypted: number;
  sealed: number;
}

/** Whether that text is an envelope of ours under another key than the one of that id. */
export function isUnderOther(data: string, keyId: string): boolean {
  return isEnvelope(data) && !data.startsWith(envelopePrefix(keyId));
}

/** Finds rows by the secret that they are encrypted or sealed under: the id of its key stands in each envelope and seal. */
@Injectable()
export class EncryptedRows {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  /** How many rows are under the key of that id, and would be missed. */
  async countUnder(keyId: string): Promise<RowsUnderSecret> {
    const count: RowsUnderSecret = {
      encrypted: await this.countKeysUnder(keyId),
      sealed: 0,
    };
    for (const { entity, isEncrypted, seals } of SECRET_TABLES.filter(({ isMissed }) => isMissed)) {
      if (isEncrypted) count.encrypted += await this.countBeginning(entity, 'data', envelopePrefix(keyId));
      if (seals) count.sealed += await this.countBeginning(entity, 'seal', sealPrefix(keyId));
    }
    return count;
  }

  /** The next rows that are in an envelope or under a seal of ours with another key, in the order of their ids. */
  async findUnderOthers(
    table: SecretTable,
    keyId: string,
    after: string,
    limit: number,
  ): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      underOthers(reader.createQueryBuilder(table.entity, 'r'), table, keyId)
        .andWhere(`r.${table.id.property} > :after`, { after })
        .orderBy(`r.${table.id.property}`)
        .take(limit)
        .getMany(),
    );
  }

  /** Those of these rows that are still under another key, as they are now. */
  async findStillUnderOthers(
    table: SecretTable,
    keyId: string,
    ids: readonly string[],
  ): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      underOthers(reader.createQueryBuilder(table.entity, 'r'), table, keyId)
        .andWhere(`r.${table.id.property} IN (:...ids)`, { ids })
        .getMany(),
    );
  }

  /** How many there are of those that would be missed. */
  async countUnderOthers(keyId: string): Promise<number> {
    let count = 0;
    for (const table of SECRET_TABLES.filter(({ isMissed }) => isMissed)) {
      count += await this.storage.read((reader) =>
        underOthers(reader.createQueryBuilder(table.entity, 'r'), table, keyId).getCount(),
      );
    }
    return count;
  }

  /** The next rows of the table, in the order of their ids. */
  async findAll(table: SecretTable, after: string, limit: number): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      reader
        .createQueryBuilder(table.entity, 'r')
        .where(`r.${table.id.property} > :after`, { after })
        .orderBy(`r.${table.id.property}`)
        .take(limit)
        .getMany(),
    );
  }

  /** The user's rows. */
  async findOf(table: SecretTable, userId: string): Promise<SecretRow[]> {
    return this.storage.read((reader) =>
      reader.createQueryBuilder(table.entity, 'r').where('r.userId = :userId', { userId }).getMany(),
    );
  }

  planRemoval(table: SecretTable, row: SecretRow): Write {
    const query = this.storage.dataSource
      .createQueryBuilder()
      .delete()
      .from(table.entity)
      .where(`${table.id.column} = :id`, { id: idOf(table, row) });
    return { query };
  }

  /** Replaces envelope and seal, unless one of them has changed, or the row has gone, since it was read. */
  planReplacement(table: SecretTable, row: SecretRow, next: Pick<SecretRow, 'data' | 'seal'>): Write {
    const { data, seal } = row;
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(table.entity)
      .set(next)
      .where(`${table.id.column} = :id`, { id: idOf(table, row) });
    if (table.isEncrypted) query.andWhere('data = :data', { data });
    if (table.seals && seal !== null) query.andWhere('seal = :seal', { seal });
    if (table.seals && seal === null) query.andWhere('seal IS NULL');
    // A seal says which time step came last; without one the step itself has to be as it was read.
    const { lastStep } = row;
    if (lastStep === null) query.andWhere('last_step IS NULL');
    else if (lastStep !== undefined) query.andWhere('last_step = :lastStep', { lastStep });
    return { query };
  }

  /** Without those that are made anew when they are gone. */
  private async countKeysUnder(keyId: string): Promise<number> {
    const keys = await this.storage.read((reader) => reader.createQueryBuilder(MfaStoredKey, 'k').getMany());
    const prefix = envelopePrefix(keyId);
    return keys.filter(({ id, data }) => data.startsWith(prefix) && !id.startsWith(VISIBLE_KEY_PREFIX))
      .length;
  }

  private async countBeginning(
    entity: new () => { data?: string; seal?: string | null },
    property: 'data' | 'seal',
    prefix: string,
  ): Promise<number> {
    return this.storage.read((reader) =>
      reader
        .createQueryBuilder(entity, 'r')
        .where(`SUBSTR(r.${property}, 1, :length) = :prefix`, { length: prefix.length, prefix })
        .getCount(),
    );
  }
}

function underOthers(
  query: SelectQueryBuilder<SecretRow>,
  { isEncrypted, seals }: SecretTable,
  keyId: string,
): SelectQueryBuilder<SecretRow> {
  const [envelope, seal] = [envelopePrefix(keyId), sealPrefix(keyId)];
  const conditions = [
    ...(isEncrypted
      ? ['(SUBSTR(r.data, 1, :anyLength) = :any AND SUBSTR(r.data, 1, :envelopeLength) <> :envelope)']
      : []),
    ...(seals ? ['(r.seal IS NOT NULL AND SUBSTR(r.seal, 1, :sealLength) <> :seal)'] : []),
  ];
  return query.where(`(${conditions.join(' OR ')})`, {
    any: ANY_ENVELOPE,
    anyLength: ANY_ENVELOPE.length,
    envelope,
    envelopeLength: envelope.length,
    seal,
    sealLength: seal.length,
  });
}
