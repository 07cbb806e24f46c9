import type { DataSource } from 'typeorm';

import type { SupportedDatabase } from '../../schema/check-data-source.js';
import { missingTables } from '../../schema/migrations/missing-tables.js';
import type { Finding } from './finding.js';
import { advice, fine, problem } from './finding.js';

/** Milliseconds. A code is valid for 30 s, and one instance checks the sessions that another has created. */
const GREATEST_DRIFT = 5000;

/** Queries the server's time. SQLite has no clock of its own. */
const NOW: Readonly<Record<SupportedDatabase, string | null>> = {
  'better-sqlite3': null,
  postgres: 'SELECT extract(epoch FROM clock_timestamp()) AS now',
  cockroachdb: 'SELECT extract(epoch FROM clock_timestamp()) AS now',
  mysql: 'SELECT UNIX_TIMESTAMP(NOW(3)) AS now',
  mariadb: 'SELECT UNIX_TIMESTAMP(NOW(3)) AS now',
};

/** Checks the tables and the clock of the database. */
export async function checkDatabase(dataSource: DataSource, now = () => Date.now()): Promise<Finding[]> {
  const missing = await missingTables(dataSource);
  return [
    missing.length === 0
      ? fine(`All tables and columns are there (${dataSource.options.type})`)
      : problem(
          `The database lacks ${missing.join(', ')}, or some of the columns`,
          'Run the migrations: `migrations: [...mfaMigrations, …]` and `migrationsRun: true`, or your own way of running them (docs/storage.md)',
        ),
    ...(dataSource.options.synchronize
      ? [
          advice(
            '`synchronize` is on: TypeORM changes tables at every start, and may drop what it does not know',
            'Use `mfaMigrations` where data is worth keeping (docs/storage.md)',
          ),
        ]
      : []),
    ...(await checkClock(dataSource, now)),
  ];
}

async function checkClock(dataSource: DataSource, now: () => number): Promise<Finding[]> {
  const statement = NOW[dataSource.options.type as SupportedDatabase];
  if (statement === null) return [];
  const before = now();
  const [row] = await dataSource.query<{ now: string | number }[]>(statement);
  // The server took its reading somewhere between the two.
  const drift = Number(row?.now) * 1000 - (before + now()) / 2;
  return [describeDrift(drift, 'the database')];
}

/** @param drift how far the other clock is ahead, in milliseconds */
export function describeDrift(drift: number, other: string): Finding {
  if (Math.abs(drift) <= GREATEST_DRIFT) return fine(`The clock here agrees with that of ${other}`);
  const seconds = Math.round(Math.abs(drift) / 1000);
  return problem(
    `The clock here is ${seconds} s ${drift > 0 ? 'behind' : 'ahead of'} that of ${other}: correct codes may be refused`,
    'Synchronize the clocks of all machines with NTP',
  );
}
