import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { In } from 'typeorm';

import type { MfaType } from '../../core/policy/methods.js';
import type { PrimaryReader, Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaFactorTable } from '../rows/factor-table.js';

/** A table with the type of the factor it belongs to. */
export interface FactorTable extends MfaFactorTable {
  type: MfaType;
}

/** A table whose rows belong to users. */
export type OwnedFactorTable = FactorTable & Required<Pick<FactorTable, 'userId'>>;

/** Injection token of the tables of the factors in the option `factors`. */
export const MFA_FACTOR_TABLES = Symbol.for('nestjs-mfa:FACTOR_TABLES');

/** The tables of custom factors. Their rows are removed together with what they belong to. */
@Injectable()
export class FactorTables {
  /** The tables whose rows belong to users. */
  readonly owned: readonly OwnedFactorTable[];

  constructor(
    @Inject(MFA_FACTOR_TABLES) readonly all: readonly FactorTable[],
    @Inject(MfaStorage) private readonly storage: MfaStorage,
  ) {
    this.owned = all.filter((table) => table.userId !== undefined) as OwnedFactorTable[];
  }

  /**
   * Removes the rows that belong to these authenticators. With the last authenticator of a factor, all of the user's rows of
   * that factor are removed.
   *
   * @param all all of the user's authenticators, including the removed ones
   */
  planRemoval(userId: string, removed: readonly Authenticator[], all: readonly Authenticator[]): Write[] {
    return this.owned.flatMap((table) => {
      const gone = removed.filter(({ type }) => type === table.type).map(({ id }) => id);
      if (gone.length === 0) return [];
      const isLast = all.every(({ id, type }) => type !== table.type || gone.includes(id));
      if (isLast) return [this.planDeletion(table, { [table.userId]: userId })];
      const { authenticatorId } = table;
      if (authenticatorId === undefined) return [];
      return [this.planDeletion(table, { [table.userId]: userId, [authenticatorId]: In(gone) })];
    });
  }

  /**
   * Removes the rows that belong to an authenticator in whose place the user gets another one. If it is their only one of its
   * factor, rows that name no authenticator are removed too: codes that were sent to a former address, say.
   *
   * @param all all of the user's authenticators, including the replaced one
   */
  planReplacement({ id, type, userId }: Authenticator, all: readonly Authenticator[]): Write[] {
    const isOnly = all.every((one) => one.type !== type || one.id === id);
    return this.owned
      .filter((table) => table.type === type)
      .flatMap((table) => {
        const { authenticatorId } = table;
        // Others may be those of the new one.
        if (authenticatorId !== undefined)
          return [this.planDeletion(table, { [table.userId]: userId, [authenticatorId]: id })];
        return isOnly ? [this.planDeletion(table, { [table.userId]: userId })] : [];
      });
  }

  /** Removes everything that these factors store for the user. */
  planForgetting(userId: string): Write[] {
    return this.owned.map((table) => this.planDeletion(table, { [table.userId]: userId }));
  }

  /** Whether they store anything for the user. */
  async keepAnythingOf(userId: string): Promise<boolean> {
    for (const table of this.owned) {
      const count = await this.storage.read((reader) => rowsOf(reader, table, userId).limit(1).getCount());
      if (count > 0) return true;
    }
    return false;
  }

  /** The user's rows in the table. */
  async find(table: OwnedFactorTable, userId: string): Promise<ObjectLiteral[]> {
    return this.storage.read((reader) => rowsOf(reader, table, userId).getMany());
  }

  /** The table's name in the database. */
  nameOf({ entity }: FactorTable): string {
    return this.storage.dataSource.getMetadata(entity).tableName;
  }

  /** The property that identifies the table's rows. */
  keyOf({ entity, key }: Pick<MfaFactorTable, 'entity' | 'key'>): string {
    const [primary] = this.storage.dataSource.getMetadata(entity).primaryColumns;
    return key ?? primary?.propertyName ?? '';
  }

  private planDeletion({ entity }: FactorTable, where: ObjectLiteral): Write {
    return { query: this.storage.dataSource.createQueryBuilder().delete().from(entity).where(where) };
  }
}

/** Includes rows that the application has only soft-deleted, since they are still stored. */
function rowsOf(
  reader: PrimaryReader,
  { entity, userId: owner }: OwnedFactorTable,
  userId: string,
): SelectQueryBuilder<ObjectLiteral> {
  return reader
    .createQueryBuilder<ObjectLiteral>(entity, 'r')
    .withDeleted()
    .where({ [owner]: userId });
}
