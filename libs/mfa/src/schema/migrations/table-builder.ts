import type { EntityMetadata, QueryRunner, TableColumnOptions } from 'typeorm';
import { Table, TableColumn, TableForeignKey, TableIndex, TableUnique } from 'typeorm';

import { BINARY_COLLATION, DEFAULT_PREFIX, tableOptions } from '../../storage/table-options.js';
import { entityNameOf, indexNameOf } from '../configure-tables.js';
import { dataSourceOf } from './data-source-of.js';

/** A column in a migration; types are those of `@Column()`. */
export interface ColumnSpec {
  type: 'varchar' | 'text' | 'int' | 'bigint' | 'boolean' | 'userId';
  length?: number;
  nullable?: boolean;
  primary?: boolean;
  default?: number;
}

interface IndexSpec {
  name: string;
  columns: string[];
  unique?: boolean;
}

export interface TableSpec {
  /** Without the prefix. */
  name: string;
  columns: Record<string, ColumnSpec>;
  /** Index names carry the default prefix. */
  indices?: IndexSpec[];
  /** A foreign key: the row is deleted with the one it refers to. */
  refersTo?: { column: string; table: string; referenced: string };
  /** Whether rows are deleted with their user, if there is a users table. */
  keptWithUser?: boolean;
}

/** Creates tables from their descriptions on every engine, with the names and types of `configureMfaTables`. */
export class TableBuilder {
  constructor(private readonly runner: QueryRunner) {}

  async create(spec: TableSpec): Promise<void> {
    await this.runner.createTable(this.table(spec), true);
  }

  /** Creates the schema of `configureMfaTables`, if the engine has schemas. */
  async createSchema(): Promise<void> {
    const { schema } = tableOptions();
    if (schema !== undefined && this.hasSchemas) await this.runner.createSchema(schema, true);
  }

  async drop({ name }: Pick<TableSpec, 'name'>): Promise<void> {
    await this.runner.dropTable(this.pathOf(name), true);
  }

  /**
   * Adds nullable columns that don't exist yet. It uses its own SQL, since TypeORM would copy whole tables on SQLite.
   */
  async addColumns({ name, columns }: Pick<TableSpec, 'name' | 'columns'>): Promise<void> {
    const ifMissing = this.hasSchemas ? 'IF NOT EXISTS ' : '';
    for (const [column, spec] of Object.entries(columns)) {
      if (!this.hasSchemas && (await this.runner.hasColumn(this.pathOf(name), column))) continue;
      const { driver } = dataSourceOf(this.runner);
      const { charset, collation, ...options } = new TableColumn(this.column(column, spec));
      const type = driver.createFullType(options as TableColumn);
      const encoding = charset === undefined ? '' : ` CHARACTER SET ${charset} COLLATE ${collation}`;
      await this.runner.query(
        `ALTER TABLE ${this.escapedPathOf(name)} ADD COLUMN ${ifMissing}${driver.escape(column)} ${type}${encoding} NULL`,
      );
    }
  }

  async dropColumns({ name, columns }: Pick<TableSpec, 'name' | 'columns'>): Promise<void> {
    await this.runner.dropColumns(this.pathOf(name), Object.keys(columns), true);
  }

  /** Adds indices that don't exist yet. */
  async addIndices({ name, indices }: Pick<TableSpec, 'name' | 'indices'>): Promise<void> {
    const path = this.pathOf(name);
    const { driver } = dataSourceOf(this.runner);
    const escape = (columns: string[]) => columns.map((column) => driver.escape(column)).join(', ');
    for (const index of named(indices)) {
      // MySQL has no `IF NOT EXISTS` here.
      if (!this.hasSchemas && (await this.hasIndex(path, index.name))) continue;
      const ifMissing = this.hasSchemas ? 'IF NOT EXISTS ' : '';
      await this.runner.query(
        `CREATE INDEX ${ifMissing}${driver.escape(index.name)} ON ${this.escapedPathOf(name)} (${escape(index.columns)})`,
      );
    }
  }

  async dropIndices({ name, indices }: Pick<TableSpec, 'name' | 'indices'>): Promise<void> {
    const path = this.pathOf(name);
    for (const index of named(indices)) {
      if (await this.hasIndex(path, index.name)) await this.runner.dropIndex(path, index.name);
    }
  }

  /** A table name, escaped for use in a statement. */
  escapedPathOf(name: string): string {
    return this.pathOf(name)
      .split('.')
      .map((part) => dataSourceOf(this.runner).driver.escape(part))
      .join('.');
  }

  /** The name of a table in statements. */
  pathOf(name: string): string {
    const full = this.nameOf(name);
    return this.schema === undefined ? full : `${this.schema}.${full}`;
  }

  private async hasIndex(path: string, name: string): Promise<boolean> {
    return (await this.runner.getTable(path))?.indices.some((index) => index.name === name) ?? false;
  }

  private table(spec: TableSpec): Table {
    const { schema } = this;
    return new Table({
      name: this.pathOf(spec.name),
      ...(schema === undefined ? {} : { schema }),
      columns: Object.entries(spec.columns).map(([name, column]) => this.column(name, column)),
      ...this.indices(spec),
      foreignKeys: this.foreignKeys(spec),
    });
  }

  /**
   * On CockroachDB, TypeORM treats a unique index as a constraint, and expects an index for each foreign key of a
   * relation.
   */
  private indices({ name: table, indices, refersTo }: TableSpec): Pick<Table, 'indices' | 'uniques'> {
    const isCockroach = dataSourceOf(this.runner).options.type === 'cockroachdb';
    const own = named(indices).map(({ name, columns, unique = false }) => ({
      name,
      columnNames: columns,
      isUnique: unique,
    }));
    if (!isCockroach) return { indices: own.map((index) => new TableIndex(index)), uniques: [] };
    if (refersTo) {
      const { namingStrategy } = dataSourceOf(this.runner);
      const columnNames = [refersTo.column];
      const name = namingStrategy.indexName(this.nameOf(table), columnNames);
      own.push({ name, columnNames, isUnique: false });
    }
    return {
      indices: own.filter(({ isUnique }) => !isUnique).map((index) => new TableIndex(index)),
      uniques: own.filter(({ isUnique }) => isUnique).map((index) => new TableUnique(index)),
    };
  }

  private column(name: string, spec: ColumnSpec): TableColumnOptions {
    const { userId, binaryCollation } = tableOptions();
    const { type, length } = spec.type === 'userId' ? userId : spec;
    const normalized = dataSourceOf(this.runner).driver.normalizeType({ type });
    return {
      name,
      type: normalized,
      ...(length === undefined ? {} : { length: String(length) }),
      isPrimary: spec.primary ?? false,
      isNullable: spec.nullable ?? false,
      ...(spec.default === undefined ? {} : { default: String(spec.default) }),
      ...(binaryCollation && type === 'varchar' ? { charset: 'utf8mb4', collation: BINARY_COLLATION } : {}),
    };
  }

  private foreignKeys({ refersTo, keptWithUser }: TableSpec): TableForeignKey[] {
    const keys: TableForeignKey[] = [];
    if (refersTo) {
      const { column, table, referenced } = refersTo;
      keys.push(this.cascade(column, this.pathOf(table), referenced));
    }
    const { users } = tableOptions();
    if (users && keptWithUser) {
      const metadata = dataSourceOf(this.runner).getMetadata(users());
      const [id] = metadata.primaryColumns;
      if (id) keys.push(this.cascade('user_id', this.qualify(metadata), id.databaseName));
    }
    return keys;
  }

  private cascade(column: string, table: string, referenced: string): TableForeignKey {
    return new TableForeignKey({
      columnNames: [column],
      referencedTableName: table,
      referencedColumnNames: [referenced],
      onDelete: 'CASCADE',
      onUpdate: 'NO ACTION',
    });
  }

  /** Qualified with its schema; otherwise the engine would look for it in ours. */
  private qualify({ schema, tableName }: EntityMetadata): string {
    const { driver } = dataSourceOf(this.runner);
    const owner = schema ?? driver.schema;
    return this.hasSchemas && owner !== undefined ? `${owner}.${tableName}` : tableName;
  }

  /** As TypeORM names the entity's table. */
  private nameOf(name: string): string {
    const { namingStrategy, options } = dataSourceOf(this.runner);
    const own = namingStrategy.tableName(entityNameOf(name), `${tableOptions().prefix}${name}`);
    return options.entityPrefix ? namingStrategy.prefixTableName(options.entityPrefix, own) : own;
  }

  /** The schema of the tables: that of `configureMfaTables`, otherwise that of the DataSource, like its entities. */
  private get schema(): string | undefined {
    return this.hasSchemas ? (tableOptions().schema ?? dataSourceOf(this.runner).driver.schema) : undefined;
  }

  private get hasSchemas(): boolean {
    return ['postgres', 'cockroachdb'].includes(dataSourceOf(this.runner).options.type);
  }
}

/** The indices with names for the current table prefix. */
function named(indices: readonly IndexSpec[] = []): IndexSpec[] {
  return indices.map((index) => ({ ...index, name: indexNameOf(index.name, DEFAULT_PREFIX) }));
}
