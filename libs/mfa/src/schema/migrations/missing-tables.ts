import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { MfaOptionsError } from '../../options/options-error.js';
import { MFA_ENTITIES } from '../entities.js';
import { mfaMigrations } from './index.js';
import type { PrimaryReader } from '../../storage/mfa-storage.js';
import { readFromPrimary } from '../../storage/mfa-storage.js';

/** No such table or column: PostgreSQL and CockroachDB by SQLSTATE, MySQL and MariaDB by number, SQLite in words. */
const MISSING: readonly unknown[] = ['42P01', '42703', 1146, 1054];
const MISSING_ON_SQLITE = /no such (table|column)/;

/**
 * Whether all tables are there with all their columns.
 *
 * @throws {MfaOptionsError} when they are not, and the DataSource knows no migration that will make them
 */
export async function hasTables(dataSource: DataSource): Promise<boolean> {
  const missing = await missingTables(dataSource);
  if (missing.length === 0) return true;
  const problem = `the database lacks ${missing.join(', ')}, or columns of it`;
  const remedy =
    'let `migrations` of the DataSource hold `...mfaMigrations`, and run them (`migrationsRun: true`)';
  if (!knowsMigrations(dataSource)) {
    throw new MfaOptionsError([
      `${problem}: ${remedy}; for a first try, \`synchronize: true\` makes them too`,
    ]);
  }
  // An application may boot to run them.
  new Logger('MfaModule').error(
    `${problem}: nobody gets in until its migrations have run (\`migrationsRun: true\`)`,
  );
  return false;
}

/** The tables that are not there, or lack a column. */
export function missingTables(dataSource: DataSource): Promise<string[]> {
  return readFromPrimary(dataSource, (reader) => findMissing(dataSource, reader));
}

async function findMissing(dataSource: DataSource, reader: PrimaryReader): Promise<string[]> {
  const missing: string[] = [];
  for (const entity of MFA_ENTITIES) {
    try {
      // All its columns, and none of its rows.
      await reader.createQueryBuilder(entity, 'r').where('1 = 0').getMany();
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing.push(dataSource.getMetadata(entity).tablePath);
    }
  }
  return missing;
}

function isMissing(error: unknown): boolean {
  const { code, errno, message } = error as { code?: unknown; errno?: unknown; message?: string };
  return MISSING.includes(code) || MISSING.includes(errno) || MISSING_ON_SQLITE.test(message ?? '');
}

function knowsMigrations(dataSource: DataSource): boolean {
  return mfaMigrations.every((migration) => dataSource.migrations.some((one) => one instanceof migration));
}
