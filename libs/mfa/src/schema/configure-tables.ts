import { getMetadataArgsStorage } from 'typeorm';

import { MfaAuditEntry } from '../engine/journal/audit-entry.entity.js';
import { MfaOptionsError } from '../options/options-error.js';
import { MFA_ENTITIES } from './entities.js';
import type { MfaTableOptions } from '../storage/table-options.js';
import { BINARY_COLLATION, setTableOptions, tableOptions } from '../storage/table-options.js';

/**
 * Configures this module's tables for the whole process, entities and migrations alike. Anything left out has its
 * default. Call it before the DataSource is created, also in the file that TypeORM's CLI reads.
 *
 * @throws {MfaOptionsError} when a name isn't valid
 */
export function configureMfaTables(options: MfaTableOptions): void {
  for (const [name, value] of Object.entries({ prefix: options.prefix, schema: options.schema })) {
    if (value !== undefined && !/^[A-Za-z_][A-Za-z0-9_]{0,30}$/.test(value)) {
      throw new MfaOptionsError([`\`${name}\` must consist of at most 31 letters, digits and underscores`]);
    }
  }
  const { prefix: former } = setTableOptions(options);
  nameTables(former);
  nameIndices(former);
  shapeColumns();
  referToUsers();
}

/** The entity class name of a table, which naming strategies receive. The table is given without its prefix. */
export function entityNameOf(table: string): string {
  const name = `${tableOptions().prefix}${table}`;
  const { tables } = getMetadataArgsStorage();
  return (
    MFA_ENTITIES.find((one) => tables.some((args) => args.target === one && args.name === name))?.name ?? name
  );
}

function nameTables(former: string): void {
  const { prefix, schema } = tableOptions();
  for (const table of getMetadataArgsStorage().tables) {
    if (!isOurs(table.target)) continue;
    Object.assign(table, { name: `${prefix}${String(table.name).slice(former.length)}` });
    Object.assign(table, { schema });
  }
}

/** On PostgreSQL and SQLite, index names are unique within a schema. */
function nameIndices(former: string): void {
  for (const index of getMetadataArgsStorage().indices) {
    if (isOurs(index.target) && index.name !== undefined)
      Object.assign(index, { name: indexNameOf(index.name, former) });
  }
}

/** Replaces the table prefix in an index name. */
export function indexNameOf(name: string, former: string): string {
  const [, kind, rest] = new RegExp(`^(idx_|uq_)${former}(.+)$`).exec(name) ?? [];
  return kind === undefined ? name : `${kind}${tableOptions().prefix}${rest}`;
}

function shapeColumns(): void {
  const { userId, binaryCollation } = tableOptions();
  for (const { target, propertyName, options } of getMetadataArgsStorage().columns) {
    if (!isOurs(target)) continue;
    if (propertyName === 'userId') {
      delete options.length;
      Object.assign(options, userId, { transformer: USER_ID });
    }
    if (options.type === 'varchar') {
      if (binaryCollation) options.collation = BINARY_COLLATION;
      else delete options.collation;
    }
  }
}

/** Drivers return numbers for numeric columns; this module compares strings. */
const USER_ID = {
  to: (value: unknown) => value,
  from: (value: string | number | null | undefined) => (typeof value === 'number' ? String(value) : value),
};

/** Only the audit trail outlives the user. */
function referToUsers(): void {
  const { users } = tableOptions();
  const { columns, foreignKeys } = getMetadataArgsStorage();
  const others = foreignKeys.filter(({ target }) => !isOurs(target));
  foreignKeys.splice(0, foreignKeys.length, ...others);
  if (!users) return;
  for (const target of MFA_ENTITIES.filter((one) => one !== MfaAuditEntry)) {
    const hasUser = columns.some((one) => one.target === target && one.propertyName === 'userId');
    if (hasUser) foreignKeys.push({ target, type: users, propertyName: 'userId', onDelete: 'CASCADE' });
  }
}

function isOurs(target: unknown): boolean {
  return MFA_ENTITIES.some((entity) => entity === target);
}
