import type { EntityMetadata, ObjectLiteral } from 'typeorm';

import type { MfaStorage } from './mfa-storage.js';

type ColumnMetadata = EntityMetadata['columns'][number];

/** Which rows to remove; columns are named by their properties. */
export interface Removal {
  entity: new () => ObjectLiteral;
  /** The column that identifies a row. */
  key: string;
  /** The column to select by, which must be indexed. */
  by: string;
  operator: '<' | '<=';
  /** As a value of the property. */
  limit: unknown;
}

/**
 * Removes rows in small batches. Each batch is a short statement of its own, so it holds up nobody for long and stays within a
 * statement timeout, however many rows there are. Several instances may do this at once: a row that another one has already
 * removed is no error, and is not counted twice.
 *
 * @returns how many rows this call removed
 */
export async function removeInBatches(
  storage: MfaStorage,
  { entity, key, by, operator, limit }: Removal,
  batchSize: number,
): Promise<number> {
  const { driver } = storage.dataSource;
  const column = columnOf(storage, entity, by);
  // As stored in the row. TypeORM 0.3 doesn't apply transformers to operators in `where`.
  const values = { limit: driver.preparePersistentValue(limit, column) as unknown };
  const quoted = driver.escape(column.databaseName);
  const quotedKey = driver.escape(columnOf(storage, entity, key).databaseName);
  let removed = 0;
  for (;;) {
    const rows = await storage.read((reader) =>
      reader
        .createQueryBuilder(entity, 'r')
        .withDeleted()
        .select(`r.${key}`, 'key')
        .where(`r.${by} ${operator} :limit`, values)
        .orderBy(`r.${by}`)
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
        .where(`${quotedKey} IN (:...keys)`, { keys })
        // The condition again: a row may have been replaced by one that is still valid.
        .andWhere(`${quoted} ${operator} :limit`, values),
    );
    if (rows.length < batchSize) return removed;
  }
}

function columnOf({ dataSource }: MfaStorage, entity: Removal['entity'], property: string): ColumnMetadata {
  const metadata = dataSource.getMetadata(entity);
  const column = metadata.findColumnWithPropertyName(property);
  if (!column) throw new Error(`${metadata.name} has no column for ${property}`);
  return column;
}
