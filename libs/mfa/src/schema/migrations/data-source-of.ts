import type { DataSource, QueryRunner } from 'typeorm';

/** The DataSource of a query runner: `connection` before TypeORM 1, `dataSource` since. */
export function dataSourceOf(runner: QueryRunner): DataSource {
  const { dataSource, connection } = runner as { dataSource?: DataSource; connection?: DataSource };
  const found = dataSource ?? connection;
  if (!found) throw new TypeError('The query runner has no DataSource');
  return found;
}
