import type { EntityMetadata, ObjectLiteral } from 'typeorm';

import type { MfaStorage } from './mfa-storage.js';

type ColumnMetadata = EntityMetadata['columns'][number];

/** Which rows go; columns are named by their properties. */
export interface Removal {
  entity: new () => ObjectLiteral;
  /** What tells them apart. */
  key: string;
  /** What they are removed by: the column of an index that finds them. */
  by: string;
  operator: '<' | '<=';
  /** As the property has it. */
  limit: unknown;
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
  { entity, key, by, operator, limit }: Removal,
  batchSize: number,
): Promise<number> {
  const { driver } = storage.dataSource;
  const column = columnOf(storage, entity, by);
  // As the row has it. Of an operator of TypeORM 0.3 in `where` a transformer is not asked.
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
        // The condition again: a row may have been replaced by one that counts still.
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
