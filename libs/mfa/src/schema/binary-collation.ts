import type { DataSource } from 'typeorm';

import { MfaOptionsError } from '../options/options-error.js';
import type { FactorTable } from '../engine/authenticators/factor-tables.js';
import { MFA_ENTITIES } from './entities.js';
import { BINARY_COLLATION, tableOptions } from '../storage/table-options.js';
import { configureMfaTables } from './configure-tables.js';

/**
 * Gives the text columns of this module's entities and migrations a binary collation. For MySQL and MariaDB, whose
 * default collation treats `Admin` and `admin` as the same user. Call it before the DataSource is created. It keeps the
 * other settings of {@link configureMfaTables}.
 */
export function useBinaryCollation(): void {
  configureMfaTables({ ...tableOptions(), binaryCollation: true });
}

/**
 * Rejects a MySQL or MariaDB schema in which two users whose ids differ only in case would share their factors.
 *
 * @throws {MfaOptionsError} naming the columns
 */
export async function assertBinaryCollation(
  dataSource: DataSource,
  factorTables: readonly FactorTable[],
): Promise<void> {
  if (dataSource.options.type !== 'mysql' && dataSource.options.type !== 'mariadb') return;
  const tables = MFA_ENTITIES.map((entity) => [dataSource.getMetadata(entity).tableName, 'user_id']);
  for (const { entity, userId } of factorTables) {
    const metadata = dataSource.getMetadata(entity);
    const column = metadata.columns.find(({ propertyName }) => propertyName === userId);
    if (column) tables.push([metadata.tableName, column.databaseName]);
  }
  const columns: { name: string }[] = await dataSource.query(
    `SELECT CONCAT(table_name, '.', column_name) AS name FROM information_schema.columns
     WHERE table_schema = DATABASE() AND collation_name NOT LIKE '%bin'
     AND (table_name, column_name) IN (${tables.map(() => '(?, ?)').join(', ')})`,
    tables.flat(),
  );
  if (columns.length === 0) return;
  throw new MfaOptionsError([
    `${columns.map(({ name }) => name).join(', ')} must have a binary collation such as ${BINARY_COLLATION}: call \`useBinaryCollation()\` before the DataSource is created, and alter existing tables`,
  ]);
}
