import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import type { ServerName } from './drop-databases.js';
import { RUN, SERVERS, answers } from './drop-databases.js';

export type { ServerName } from './drop-databases.js';

/** Whether the server is reachable. In CI it must be: tests that need it always run, and fail without it. */
export async function hasServer(name: ServerName): Promise<boolean> {
  if (process.env['CI'] === 'true' || (await answers(name))) return true;
  const { host, port } = SERVERS[name];
  process.stdout.write(`Tests on ${name} are skipped: nothing answers at ${host}:${port}\n`);
  return false;
}

/**
 * The isolation level of test databases: `MFA_TEST_ISOLATION=serializable npm test`. On PostgreSQL it applies to every
 * statement; on MariaDB, which has no setting per database, to transactions.
 */
const ISOLATION = process.env['MFA_TEST_ISOLATION']?.toUpperCase() as
  'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE' | undefined;

let made = 0;

/**
 * A database for one test file, and a function to drop it.
 *
 * @param collation of its tables; default: the server's
 */
export async function createDatabase(
  name: ServerName,
  collation?: string,
): Promise<{ orm: TypeOrmModuleOptions; drop: () => Promise<void> }> {
  made += 1;
  const database = `${RUN}_${process.pid}_${Date.now()}_${made}`;
  const admin = await new DataSource(SERVERS[name]).initialize();
  await admin.query(`CREATE DATABASE ${database}${collation ? ` COLLATE ${collation}` : ''}`);
  if (ISOLATION && name === 'postgres')
    await admin.query(`ALTER DATABASE ${database} SET default_transaction_isolation = '${ISOLATION}'`);
  return {
    orm: { ...SERVERS[name], database, ...(ISOLATION ? { isolationLevel: ISOLATION } : {}) },
    drop: async () => {
      await admin.query(`DROP DATABASE ${database}`);
      await admin.destroy();
    },
  };
}
