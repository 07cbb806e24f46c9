import type { DataSource } from 'typeorm';
import { getMetadataArgsStorage } from 'typeorm';

import { MfaOptionsError } from '../options/options-error.js';
import { MFA_ENTITIES } from './entities.js';

const COLLATION = 'utf8mb4_bin';

/**
 * Gives the text columns of this module's entities a binary collation. For MySQL and MariaDB, whose default takes `Admin` and
 * `admin` for the same user; call it before the DataSource is made. Other engines compare bytes and know no such collation.
 */
export function useBinaryCollation(): void {
  for (const column of getMetadataArgsStorage().columns) {
    const isOurs = MFA_ENTITIES.some((entity) => entity === column.target);
    if (isOurs && column.options.type === 'varchar') column.options.collation = COLLATION;
  }
}

/**
 * Refuses a MySQL or MariaDB schema in which two users whose ids differ in case only would share their factors.
 *
 * @throws {MfaOptionsError} naming the columns
 */
export async function assertBinaryCollation(dataSource: DataSource): Promise<void> {
  if (dataSource.options.type !== 'mysql' && dataSource.options.type !== 'mariadb') return;
  const tables = MFA_ENTITIES.map((entity) => dataSource.getMetadata(entity).tableName);
  const columns: { name: string }[] = await dataSource.query(
    `SELECT CONCAT(table_name, '.', column_name) AS name FROM information_schema.columns
     WHERE table_schema = DATABASE() AND column_name = 'user_id' AND collation_name NOT LIKE '%bin'
     AND table_name IN (${tables.map(() => '?').join(', ')})`,
    tables,
  );
  if (columns.length === 0) return;
  throw new MfaOptionsError([
    `${columns.map(({ name }) => name).join(', ')} must have a binary collation such as ${COLLATION}: call \`useBinaryCollation()\` before the DataSource is made, and alter tables that exist`,
  ]);
}
