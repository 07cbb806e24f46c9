import type { DataSource, EntityMetadata, ObjectLiteral } from 'typeorm';

import type { Write } from './write.js';

type ColumnMetadata = EntityMetadata['columns'][number];

/** As drivers accept it; points in time are numbers here. */
type Value = string | number | boolean | null;

/** Named parameters of a condition (`:id`), including lists as `:...ids`. */
export type NamedValues = Readonly<Record<string, Value | readonly Value[]>>;

/** New values by property, or the SQL for them. */
export type Changes<T> = { readonly [P in keyof T]?: T[P] | (() => string) };

interface SqlOf {
  getQueryAndParameters(): [string, unknown[]];
}

/** A SELECT whose rows are entities, each under its alias in the query. Declare it once, outside of functions. */
export interface PreparedRead<A extends Record<string, ObjectLiteral>> {
  readonly entities: { readonly [Alias in keyof A]: new () => A[Alias] };
  /** The names of its parameters. */
  readonly parameters: readonly string[];
  /** @param parameters for `setParameters()` */
  build(dataSource: DataSource, parameters: Record<string, string>): SqlOf;
}

/** One row of a {@link PreparedRead}; null where a join found nothing. */
export type RowOf<A extends Record<string, ObjectLiteral>> = { [Alias in keyof A]: A[Alias] | null };

/** SQL for this database, and the parameter for each placeholder. */
interface Statement {
  sql: string;
  slots: readonly { name: string; index: number | null }[];
}

interface Reading<A extends Record<string, ObjectLiteral>> {
  statement: Statement;
  rowOf: (raw: Record<string, unknown>) => RowOf<A>;
}

/** Stands for a parameter while the SQL is generated, to see where it goes. None of this module's values contains it. */
const MARK = '\u0000';
const SEPARATOR = '\u0001';

/**
 * Statements whose SQL is generated once: TypeORM's builder generates each shape for this database, with its names and
 * placeholders, and from then on only the parameters change. Generating it for each request takes longer than SQLite takes to
 * run it; and if values are part of the text, no database has seen the statement before.
 */
export class PreparedStatements {
  private readonly statements = new Map<unknown, Map<string, Statement>>();
  private readonly readings = new Map<unknown, Reading<never>>();
  private readonly columns = new Map<unknown, Map<string, ColumnMetadata>>();
  private readonly lasting = new Set<string>();
  private readonly isSqlite: boolean;

  constructor(private readonly dataSource: DataSource) {
    this.isSqlite = dataSource.options.type === 'better-sqlite3';
  }

  /** The statements of that DataSource, until it is initialized again and has new metadata. */
  static of(dataSource: DataSource): PreparedStatements {
    const known = prepared.get(dataSource.entityMetadatas) ?? new PreparedStatements(dataSource);
    prepared.set(dataSource.entityMetadatas, known);
    return known;
  }

  /** Whether the same text of a statement will recur. With a list of values, each length is a different statement. */
  isLasting(sql: string): boolean {
    return this.lasting.has(sql);
  }

  /**
   * An INSERT of rows of the same shape.
   *
   * @param orIgnore whether an existing row is kept without an error
   */
  insertion<T extends ObjectLiteral>(
    entity: new () => T,
    rows: readonly Partial<T>[],
    { orIgnore = false } = {},
  ): Write['query'] {
    const properties = Object.keys(rows[0] ?? {}).filter((property) => rows[0]?.[property] !== undefined);
    const key = `insert ${rows.length} ${orIgnore} ${properties.join()}`;
    return {
      getQueryAndParameters: () => {
        const statement = this.statement(entity, key, () => {
          const marks: Record<string, string> = {};
          const values = rows.map((_, row) =>
            Object.fromEntries(
              properties.map((property) => {
                marks[`${property}_${row}`] = mark(property, row);
                return [property, () => `:${property}_${row}`];
              }),
            ),
          );
          const query = this.dataSource
            .createQueryBuilder()
            .insert()
            .into(entity)
            .values(values as never);
          return (orIgnore ? query.orIgnore() : query).setParameters(marks);
        });
        const parameters = statement.slots.map(({ name, index }) =>
          this.persistent(entity, name, rows[index ?? 0]?.[name]),
        );
        return [statement.sql, parameters];
      },
    };
  }

  /**
   * An UPDATE.
   *
   * @param where the condition in SQL, which identifies the shape: values are parameters, never part of it
   */
  update<T extends ObjectLiteral>(
    entity: new () => T,
    set: Changes<T>,
    where: string,
    parameters: NamedValues,
  ): Write['query'] {
    const entries = Object.entries(set as Record<string, unknown>).filter(([, value]) => value !== undefined);
    const texts = entries.map(([property, value]) =>
      typeof value === 'function' ? `${property}=${(value as () => string)()}` : property,
    );
    const key = `update ${texts.join()} ${where}${lengthsOf(parameters)}`;
    return {
      getQueryAndParameters: () => {
        const statement = this.statement(entity, key, () => {
          const marks: Record<string, string> = {};
          const changes = entries.map(([property, value]) => {
            if (typeof value === 'function') return [property, value];
            marks[`set_${property}`] = mark(`set_${property}`);
            return [property, () => `:set_${property}`];
          });
          return this.dataSource
            .createQueryBuilder()
            .update(entity)
            .set(Object.fromEntries(changes) as never)
            .where(where)
            .setParameters({ ...marksOf(parameters), ...marks });
        });
        const values: Record<string, unknown> = { ...parameters };
        for (const [property, value] of entries) {
          if (typeof value !== 'function')
            values[`set_${property}`] = this.persistent(entity, property, value);
        }
        return [statement.sql, this.filled(statement, values)];
      },
    };
  }

  /** A DELETE; `where` as for {@link update}. */
  deletion<T extends ObjectLiteral>(
    entity: new () => T,
    where: string,
    parameters: NamedValues,
  ): Write['query'] {
    const key = `delete ${where}${lengthsOf(parameters)}`;
    return {
      getQueryAndParameters: () => {
        const statement = this.statement(entity, key, () =>
          this.dataSource
            .createQueryBuilder()
            .delete()
            .from(entity)
            .where(where)
            .setParameters(marksOf(parameters)),
        );
        return [statement.sql, this.filled(statement, parameters)];
      },
    };
  }

  /** The SQL of a read with these parameters, and how to turn its rows into entities. */
  reading<A extends Record<string, ObjectLiteral>>(
    read: PreparedRead<A>,
    parameters: NamedValues,
  ): { sql: string; parameters: unknown[]; rowOf: Reading<A>['rowOf'] } {
    const known = (this.readings.get(read) as Reading<A> | undefined) ?? this.prepareReading(read);
    const { statement, rowOf } = known;
    return { sql: statement.sql, parameters: this.filled(statement, parameters), rowOf };
  }

  private prepareReading<A extends Record<string, ObjectLiteral>>(read: PreparedRead<A>): Reading<A> {
    const marks = Object.fromEntries(read.parameters.map((name) => [name, mark(name)]));
    const mappers = Object.entries<new () => ObjectLiteral>(read.entities).map(
      ([alias, entity]) => [alias, this.mapperOf(alias, entity)] as const,
    );
    const reading: Reading<A> = {
      statement: this.made(read.build(this.dataSource, marks)),
      rowOf: (raw) => {
        const row: Record<string, unknown> = {};
        for (const [alias, map] of mappers) row[alias] = map(raw);
        return row as RowOf<A>;
      },
    };
    this.readings.set(read, reading as never);
    return reading;
  }

  /** Creates an entity from the columns that TypeORM has selected under that alias. */
  private mapperOf(
    alias: string,
    entity: new () => ObjectLiteral,
  ): (raw: Record<string, unknown>) => ObjectLiteral | null {
    const { driver } = this.dataSource;
    const metadata = this.dataSource.getMetadata(entity);
    // Virtual columns belong to relations, and have no property of their own.
    const columns = metadata.columns
      .filter(({ isVirtual }) => !isVirtual)
      .map((column) => ({
        column,
        property: column.propertyName,
        name: `${alias}_${column.databaseName}`,
      }));
    const keys = metadata.primaryColumns.map(({ databaseName }) => `${alias}_${databaseName}`);
    return (raw) => {
      if (keys.some((key) => raw[key] === null || raw[key] === undefined)) return null;
      const row: Record<string, unknown> = new entity();
      for (const { column, property, name } of columns) {
        row[property] = driver.prepareHydratedValue(raw[name], column) as unknown;
      }
      return row;
    };
  }

  private statement(entity: unknown, key: string, build: () => SqlOf): Statement {
    let shapes = this.statements.get(entity);
    if (!shapes) this.statements.set(entity, (shapes = new Map<string, Statement>()));
    let statement = shapes.get(key);
    if (!statement) shapes.set(key, (statement = this.made(build())));
    return statement;
  }

  private made(query: SqlOf): Statement {
    const statement = statementOf(query);
    if (statement.slots.every(({ index }) => index === null || index === 0)) this.lasting.add(statement.sql);
    return statement;
  }

  /** The values in placeholder order. */
  private filled({ slots }: Statement, values: Readonly<Record<string, unknown>>): unknown[] {
    return slots.map(({ name, index }) => {
      const value = index === null ? values[name] : (values[name] as readonly unknown[])[index];
      // SQLite has no booleans.
      return this.isSqlite && typeof value === 'boolean' ? Number(value) : value;
    });
  }

  /** A property's value as it is stored in its column. */
  private persistent(entity: new () => ObjectLiteral, property: string, value: unknown): unknown {
    let columns = this.columns.get(entity);
    if (!columns) {
      const all = this.dataSource.getMetadata(entity).columns;
      columns = new Map(all.map((column) => [column.propertyName, column]));
      this.columns.set(entity, columns);
    }
    const column = columns.get(property);
    if (!column) throw new Error(`${entity.name} has no column for ${property}`);
    const kept = this.dataSource.driver.preparePersistentValue(value, column) as unknown;
    // better-sqlite3 binds every number as a float, so a text column would hold 7.0.
    return this.isSqlite && typeof kept === 'number' && isText(column) ? String(kept) : kept;
  }
}

function isText({ type }: ColumnMetadata): boolean {
  return type === 'varchar' || type === 'text';
}

const prepared = new WeakMap<DataSource['entityMetadatas'], PreparedStatements>();

function mark(name: string, index?: number): string {
  return index === undefined ? `${MARK}${name}` : `${MARK}${name}${SEPARATOR}${index}`;
}

function marksOf(parameters: NamedValues): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((_, index) => mark(name, index)) : mark(name),
    ]),
  );
}

/** A list of another length is another statement. */
function lengthsOf(parameters: NamedValues): string {
  let lengths = '';
  for (const name in parameters) {
    const value = parameters[name];
    if (Array.isArray(value)) lengths += ` ${name}:${value.length}`;
  }
  return lengths;
}

function statementOf(query: SqlOf): Statement {
  const [sql, marks] = query.getQueryAndParameters();
  const slots = marks.map((one) => {
    if (typeof one !== 'string' || !one.startsWith(MARK)) {
      throw new Error(`A prepared statement has a value in place of a parameter: ${sql}`);
    }
    const [name = '', index] = one.slice(MARK.length).split(SEPARATOR);
    return { name, index: index === undefined ? null : Number(index) };
  });
  return { sql, slots };
}
