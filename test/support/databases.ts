import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DataSourceOptions } from 'typeorm';
import { DataSource } from 'typeorm';

import type { ServerName, TestDatabase } from './servers.js';
import { createDatabase, lendDatabase } from './servers.js';

/** The database engine of the suite: `MFA_TEST_DATABASE=postgres npm test`. */
export const ENGINE = (process.env['MFA_TEST_DATABASE'] ?? 'sqlite') as 'sqlite' | ServerName;

if (!['sqlite', 'postgres', 'mariadb'].includes(ENGINE)) {
  throw new Error('MFA_TEST_DATABASE must be sqlite, postgres or mariadb');
}

/** A database without any tables, for the caller alone. */
export function emptyDatabase(): Promise<TestDatabase> {
  return databaseBy(createDatabase);
}

/** A database without rows, for a caller alone that has TypeORM see to its tables: some may be there. */
export function cleanDatabase(): Promise<TestDatabase> {
  return databaseBy(lendDatabase);
}

async function databaseBy(server: typeof createDatabase): Promise<TestDatabase> {
  // Not by `useBinaryCollation()`, which affects the whole process: some files also use a SQLite database.
  if (ENGINE === 'mariadb') return server(ENGINE, 'utf8mb4_bin');
  if (ENGINE === 'postgres') return server(ENGINE);
  return { orm: { type: 'better-sqlite3', database: ':memory:' }, drop: () => Promise.resolve() };
}

/** A database without rows, with the tables of these entities, for tests without an application. */
export async function openDatabase(
  ...entities: readonly (new () => object)[]
): Promise<{ dataSource: DataSource; close: () => Promise<void> }> {
  const { orm, drop } = await cleanDatabase();
  const dataSource = new DataSource({
    ...orm,
    entities: [...entities],
    synchronize: true,
  } as DataSourceOptions);
  await dataSource.initialize();
  return {
    dataSource,
    close: async () => {
      await dataSource.destroy();
      await drop();
    },
  };
}

/** One database for several applications, in sequence or at the same time. */
export async function sharedDatabase(): Promise<TestDatabase> {
  if (ENGINE !== 'sqlite') return emptyDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-shared-'));
  const database = join(folder, 'a.sqlite');
  const orm = { type: 'better-sqlite3' as const, database, enableWAL: true, timeout: 5000 };
  return { orm, drop: () => Promise.resolve(rmSync(folder, { recursive: true })) };
}

/**
 * The rows of a query, the same on every engine: `?` marks a parameter, and numbers that a driver returns as text are
 * converted.
 */
export async function rowsOf(
  dataSource: DataSource,
  sql: string,
  parameters: unknown[] = [],
  // Tests read rows of every shape.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
): Promise<any[]> {
  let index = 0;
  const own = ENGINE === 'postgres' ? sql.replace(/\?/g, () => `$${(index += 1)}`) : sql;
  const rows: unknown = await dataSource.query(own, parameters);
  return Array.isArray(rows) ? rows.map(withNumbers) : [];
}

function withNumbers(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return row;
  return Object.fromEntries(
    Object.entries(row).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
    ]),
  );
}
