import type { ObjectLiteral } from 'typeorm';

import type { MfaStorage } from './mfa-storage.js';

/** Which rows go, in the names of the database. */
export interface Removal {
  entity: new () => ObjectLiteral;
  /** The column of the primary key. */
  key: string;
  condition: string;
  parameters: ObjectLiteral;
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
  { entity, key, condition, parameters, orderBy }: Removal,
  batchSize: number,
): Promise<number> {
  let removed = 0;
  for (;;) {
    const rows = await storage.read((reader) =>
      reader
        .createQueryBuilder(entity, 'r')
        .select(`r.${key}`, 'key')
        .where(condition, parameters)
        .orderBy(`r.${orderBy}`)
        .limit(batchSize)
        .getRawMany<{ key: string }>(),
    );
    if (rows.length === 0) return removed;
    removed += await storage.write(
      storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(entity)
        // The condition again: a row may have been replaced by one that counts still.
        .where(`${key} IN (:...keys) AND ${condition}`, { ...parameters, keys: rows.map((row) => row.key) }),
    );
    if (rows.length < batchSize) return removed;
  }
}
