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

/** Where a database is, and how to be done with it. */
export interface TestDatabase {
  orm: TypeOrmModuleOptions;
  drop: () => Promise<void>;
}

let made = 0;

/**
 * A new database for one test file.
 *
 * @param collation of its tables; default: the server's
 */
export async function createDatabase(name: ServerName, collation?: string): Promise<TestDatabase> {
  made += 1;
  const database = `${RUN}_${process.pid}_${Date.now()}_${made}`;
  await administer(name, async (admin) => {
    await admin.query(`CREATE DATABASE ${database}${collation ? ` COLLATE ${collation}` : ''}`);
    if (ISOLATION && name === 'postgres')
      await admin.query(`ALTER DATABASE ${database} SET default_transaction_isolation = '${ISOLATION}'`);
  });
  return {
    orm: ormOf(name, database),
    drop: () => administer(name, async (admin) => void (await admin.query(`DROP DATABASE ${database}`))),
  };
}

/** The databases that test files of this worker are done with, by server and collation: files share what is global, not modules. */
const SPARE = Symbol.for('nestjs-mfa.spare-databases');
const spare = ((globalThis as { [SPARE]?: Map<string, string[]> })[SPARE] ??= new Map<string, string[]>());

/**
 * A database without rows, which may have the tables of those who used it before: to make and to drop all of them takes a server
 * ten times as long as to see that they are there. {@link dropDatabases} drops it in the end.
 */
export async function lendDatabase(name: ServerName, collation = ''): Promise<TestDatabase> {
  const kind = `${name} ${collation}`;
  const lent = spare.get(kind)?.pop();
  const orm = lent === undefined ? (await createDatabase(name, collation)).orm : ormOf(name, lent);
  return {
    orm,
    drop: async () => {
      await administer(name, deleteAll, orm.database as string);
      spare.set(kind, [...(spare.get(kind) ?? []), orm.database as string]);
    },
  };
}

const ormOf = (name: ServerName, database: string): TypeOrmModuleOptions => ({
  ...SERVERS[name],
  database,
  ...(ISOLATION ? { isolationLevel: ISOLATION } : {}),
});

async function administer(
  name: ServerName,
  work: (admin: DataSource) => Promise<void>,
  database: string = SERVERS[name].database,
): Promise<void> {
  const admin = await new DataSource({ ...SERVERS[name], database, poolSize: 1 }).initialize();
  try {
    await work(admin);
  } finally {
    await admin.destroy();
  }
}

/** Deletes all rows of a database, whatever refers to what. */
async function deleteAll(admin: DataSource): Promise<void> {
  const isPostgres = admin.options.type === 'postgres';
  const tables: { name: string }[] = await admin.query(
    isPostgres
      ? `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
      : "SELECT concat('`', table_name, '`') AS name FROM information_schema.tables WHERE table_schema = database()",
  );
  await admin.query(isPostgres ? "SET session_replication_role = 'replica'" : 'SET foreign_key_checks = 0');
  for (const { name } of tables) await admin.query(`DELETE FROM ${name}`);
}
