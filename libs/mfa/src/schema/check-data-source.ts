import type { DataSource } from 'typeorm';
import { getMetadataArgsStorage } from 'typeorm';

import { MfaOptionsError } from '../options/options-error.js';
import { assertBinaryCollation } from './binary-collation.js';
import type { FactorTable } from '../engine/authenticators/factor-tables.js';
import { factorTablesProblem } from './check-factor-tables.js';
import { MFA_ENTITIES } from './entities.js';

/** The databases on which a commit is one transaction and reports how many rows it affected. */
export const SUPPORTED_DATABASES = ['better-sqlite3', 'postgres', 'cockroachdb', 'mysql', 'mariadb'] as const;
export type SupportedDatabase = (typeof SUPPORTED_DATABASES)[number];
const ANOTHER =
  'or put the tables of this module on a second DataSource, and name it in the option `dataSource`';

/**
 * Rejects a DataSource on which this module's guarantees wouldn't hold, or whose first request would fail.
 *
 * @throws {MfaOptionsError} naming the cause and the remedy
 */
export async function checkDataSource(
  dataSource: DataSource,
  factorTables: readonly FactorTable[],
): Promise<DataSource> {
  const problem =
    kindProblem(dataSource) ??
    connectionProblem(dataSource) ??
    entitiesProblem(dataSource) ??
    columnsProblem(dataSource) ??
    factorTablesProblem(dataSource, factorTables);
  if (problem !== undefined) throw new MfaOptionsError([problem]);
  await assertBinaryCollation(dataSource, factorTables);
  return dataSource;
}

function kindProblem({ options }: DataSource): string | undefined {
  const type: string = options.type;
  if (type === 'sqlite') {
    return "a DataSource of type `sqlite` mixes the transactions of concurrent requests: install `better-sqlite3` and set `type: 'better-sqlite3'`, which opens the same file";
  }
  if (!SUPPORTED_DATABASES.some((one) => one === type)) {
    return `a DataSource of type \`${type}\` is not supported: use ${SUPPORTED_DATABASES.join(', ')}, ${ANOTHER}`;
  }
  if (type === 'better-sqlite3' && 'readonly' in options && options.readonly) {
    return `the DataSource opens its file with \`readonly\`, but every sign-in writes to it: remove \`readonly\`, ${ANOTHER}`;
  }
  // PostgreSQL treats it as READ COMMITTED, and SQLite has a single connection.
  const isMysql = type === 'mysql' || type === 'mariadb';
  if (isMysql && 'isolationLevel' in options && options.isolationLevel === 'READ UNCOMMITTED') {
    return `the DataSource's \`isolationLevel\` READ UNCOMMITTED reads data that may be rolled back: use READ COMMITTED or stricter, ${ANOTHER}`;
  }
  return undefined;
}

function connectionProblem({ isInitialized }: DataSource): string | undefined {
  return isInitialized
    ? undefined
    : 'the DataSource is not initialized: leave out `manualInitialization`, or initialize it in `dataSourceFactory`';
}

function entitiesProblem(dataSource: DataSource): string | undefined {
  return MFA_ENTITIES.every((entity) => dataSource.hasMetadata(entity))
    ? undefined
    : 'the DataSource does not know the entities of this module: set `autoLoadEntities: true` in TypeOrmModule.forRoot(), or add `...MFA_ENTITIES` to its `entities`';
}

/** Queries use column names as declared; tables may have any name. */
function columnsProblem(dataSource: DataSource): string | undefined {
  const { columns } = getMetadataArgsStorage();
  for (const entity of MFA_ENTITIES) {
    const metadata = dataSource.getMetadata(entity);
    for (const { target, propertyName, options } of columns) {
      const actual = metadata.findColumnWithPropertyName(propertyName)?.databaseName;
      const declared = options.name ?? propertyName;
      if (target !== entity || actual === declared) continue;
      const strategy = dataSource.namingStrategy.constructor.name;
      return `the naming strategy ${strategy} renames the column \`${declared}\` of ${entity.name} to \`${actual}\`: let its \`columnName(propertyName, customName)\` return a given \`customName\` unchanged, ${ANOTHER}`;
    }
  }
  return undefined;
}
