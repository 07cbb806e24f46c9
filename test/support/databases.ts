import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

import type { ServerName } from './servers.js';
import { createDatabase } from './servers.js';

/** The engine that the suite runs on: `MFA_TEST_DATABASE=postgres npm test`. */
export const ENGINE = (process.env['MFA_TEST_DATABASE'] ?? 'sqlite') as 'sqlite' | ServerName;

if (!['sqlite', 'postgres', 'mariadb'].includes(ENGINE)) {
  throw new Error('MFA_TEST_DATABASE must be sqlite, postgres or mariadb');
}
/** A database that nobody else has, and the way to drop it. */
export async function emptyDatabase(): Promise<{ orm: TypeOrmModuleOptions; drop: () => Promise<void> }> {
  // Not by `useBinaryCollation()`, which holds for the whole process: some files have a SQLite database besides.
  if (ENGINE === 'mariadb') return createDatabase(ENGINE, 'utf8mb4_bin');
  if (ENGINE === 'postgres') return createDatabase(ENGINE);
  return { orm: { type: 'better-sqlite3', database: ':memory:' }, drop: () => Promise.resolve() };
}

/** One database for several applications, one after another or at once. */
export async function sharedDatabase(): ReturnType<typeof emptyDatabase> {
  if (ENGINE !== 'sqlite') return emptyDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-shared-'));
  const database = join(folder, 'a.sqlite');
  const orm = { type: 'better-sqlite3' as const, database, enableWAL: true, timeout: 5000 };
  return { orm, drop: () => Promise.resolve(rmSync(folder, { recursive: true })) };
}

/**
 * What a statement answers, alike on every engine: `?` stands for a parameter, and numbers that a driver gives as text are
 * numbers.
 */
export async function rowsOf(
  dataSource: DataSource,
  sql: string,
  parameters: unknown[] = [],
  // Tests look into rows of every shape.
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
