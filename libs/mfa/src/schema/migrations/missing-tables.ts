import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { MigrationExecutor } from 'typeorm';

import { MfaOptionsError } from '../../options/options-error.js';
import type { FactorTable } from '../../engine/authenticators/factor-tables.js';
import { MFA_ENTITIES } from '../entities.js';
import { mfaMigrations } from './index.js';
import type { PrimaryReader } from '../../storage/mfa-storage.js';
import { readFromPrimary } from '../../storage/mfa-storage.js';

type Read = (query: (reader: PrimaryReader) => Promise<boolean>) => Promise<boolean>;

/**
 * No such table or column: an SQLSTATE on PostgreSQL and CockroachDB, an error number on MySQL and MariaDB, text on
 * SQLite.
 */
const MISSING: readonly unknown[] = ['42P01', '42703', 1146, 1054];
const MISSING_ON_SQLITE = /no such (table|column)/;

/**
 * Whether all tables exist with all their columns.
 *
 * @throws {MfaOptionsError} when they don't, and the DataSource has no migration that will create them
 */
export async function hasTables(
  dataSource: DataSource,
  factorTables: readonly FactorTable[],
): Promise<boolean> {
  const missing = await missingTables(dataSource);
  if (missing.length === 0) return hasFactorTables(dataSource, factorTables);
  const problem = `the database lacks ${missing.join(', ')}, or some of the columns`;
  const remedy =
    'add `...mfaMigrations` to the `migrations` of the DataSource, and run them (`migrationsRun: true`)';
  if (!knowsMigrations(dataSource)) {
    throw new MfaOptionsError([
      `${problem}: ${remedy}; for a first try, \`synchronize: true\` creates them too`,
    ]);
  }
  // The application may be booting in order to run them.
  new Logger('MfaModule').error(
    `${problem}: nobody can sign in until the migrations have run (\`migrationsRun: true\`)`,
  );
  return false;
}

/** Only the application knows which migration creates the tables of its own factors. */
async function hasFactorTables(
  dataSource: DataSource,
  factorTables: readonly FactorTable[],
): Promise<boolean> {
  const entities = factorTables.map(({ entity }) => entity);
  const missing = await findMissing(dataSource, entities);
  if (missing.length === 0) return true;
  const problem = `the database lacks ${missing.join(', ')}, or some of the columns, which the factors in the option \`factors\` need`;
  const remedy = 'write a migration for them (`typeorm migration:generate`), and run it';
  if (dataSource.migrations.length === 0 || (await nonePending(dataSource)))
    throw new MfaOptionsError([`${problem}: ${remedy}`]);
  new Logger('MfaModule').error(`${problem}: these factors do not work until the migration has run`);
  return false;
}

/**
 * The module's tables that don't exist or lack a column.
 *
 * @param factorTables tables of the application's own factors, to check as well
 * @param read how to read one of them; by default it waits as long as the database takes
 */
export function missingTables(
  dataSource: DataSource,
  factorTables: readonly FactorTable[] = [],
  read?: Read,
): Promise<string[]> {
  return findMissing(dataSource, [...MFA_ENTITIES, ...factorTables.map(({ entity }) => entity)], read);
}

async function nonePending(dataSource: DataSource): Promise<boolean> {
  return (await new MigrationExecutor(dataSource).getPendingMigrations()).length === 0;
}

async function findMissing(
  dataSource: DataSource,
  entities: readonly (new () => object)[],
  read: Read = (query) => readFromPrimary(dataSource, query),
): Promise<string[]> {
  const missing: string[] = [];
  for (const entity of entities) {
    if (!(await read((reader) => isThere(reader, entity))))
      missing.push(dataSource.getMetadata(entity).tablePath);
  }
  return missing;
}

async function isThere(reader: PrimaryReader, entity: new () => object): Promise<boolean> {
  try {
    // Selects all columns, but no rows.
    await reader.createQueryBuilder(entity, 'r').where('1 = 0').getMany();
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return false;
  }
}

function isMissing(error: unknown): boolean {
  const { code, errno, message } = error as { code?: unknown; errno?: unknown; message?: string };
  return MISSING.includes(code) || MISSING.includes(errno) || MISSING_ON_SQLITE.test(message ?? '');
}

function knowsMigrations(dataSource: DataSource): boolean {
  return mfaMigrations.every((migration) => dataSource.migrations.some((one) => one instanceof migration));
}
