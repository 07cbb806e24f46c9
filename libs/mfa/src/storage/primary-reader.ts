import type { DataSource, EntityTarget, ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';

/**
 * What a read asks. Its queries go to the primary, never to a replica that lags, and past the query cache: what they find
 * decides who gets in. It takes a connection with its first query, and gives it back when the read is over.
 */
export class PrimaryReader {
  constructor(private readonly runner: QueryRunner) {}

  createQueryBuilder<T extends ObjectLiteral>(entity: EntityTarget<T>, alias: string): SelectQueryBuilder<T> {
    return this.runner.manager.createQueryBuilder(entity, alias).cache(false);
  }

  query<T>(sql: string, parameters: unknown[] = []): Promise<T> {
    return this.runner.query(sql, parameters) as Promise<T>;
  }
}

/** Runs the read, and gives back its connection whatever becomes of it. */
export async function readFromPrimary<T>(
  dataSource: DataSource,
  read: (reader: PrimaryReader) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner('master');
  try {
    return await read(new PrimaryReader(runner));
  } finally {
    await runner.release();
  }
}
