import type { ObjectLiteral } from 'typeorm';

import type { MfaStorage } from './mfa-storage.js';

/** Which rows go; columns are named by their properties. */
export interface Removal {
  entity: new () => ObjectLiteral;
  /** What tells them apart. */
  key: string;
  /** Made anew for each statement: TypeORM changes the values in it. */
  condition: () => ObjectLiteral;
  /** The column of an index that finds them. */
  orderBy: string;
}

/**
 * Removes rows a few at a time: each batch is a short statement of its own, so that nobody waits for it for long and a time
 * limit on statements does not meet it, however many rows there are. Several instances may be at it at once: a row that
 * another one has removed meanwhile is no error, and is not counted again.
 *
 * @returns how many rows this call removed
 */
export async function removeInBatches(
  storage: MfaStorage,
  { entity, key, condition, orderBy }: Removal,
  batchSize: number,
): Promise<number> {
  let removed = 0;
  for (;;) {
    const rows = await storage.read((reader) =>
      reader
        .createQueryBuilder(entity, 'r')
        .withDeleted()
        .select(`r.${key}`, 'key')
        .where(condition())
        .orderBy(`r.${orderBy}`)
        .limit(batchSize)
        .getRawMany<{ key: unknown }>(),
    );
    if (rows.length === 0) return removed;
    const keys = rows.map((row) => row.key);
    removed += await storage.write(
      storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(entity)
        .where(`${columnOf(storage, entity, key)} IN (:...keys)`, { keys })
        // The condition again: a row may have been replaced by one that counts still.
        .andWhere(condition()),
    );
    if (rows.length < batchSize) return removed;
  }
}

/** The column of the property, as a statement without an alias names it. */
function columnOf({ dataSource }: MfaStorage, entity: Removal['entity'], property: string): string {
  const column = dataSource.getMetadata(entity).findColumnWithPropertyName(property);
  return dataSource.driver.escape(column?.databaseName ?? property);
}
