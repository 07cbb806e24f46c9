// A database per size, created on the server that the PG* variables specify, and dropped afterwards.
import { MFA_ENTITIES, mfaMigrations } from 'nestjs-mfa';
import pg from 'pg';
import { DataSource } from 'typeorm';

export const server = {
  host: process.env.PGHOST ?? '127.0.0.1',
  port: Number(process.env.PGPORT ?? 5432),
  user: process.env.PGUSER ?? 'postgres',
  password: process.env.PGPASSWORD ?? '',
};

/** The same for TypeORM. */
export function ormOptions(database) {
  const { user: username, ...rest } = server;
  return { type: 'postgres', ...rest, username, database };
}

async function onServer(sql) {
  const client = new pg.Client({ ...server, database: process.env.PGDATABASE ?? 'postgres' });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The server's version and its relevant settings. */
export async function describeServer() {
  const settings = ['server_version', 'shared_buffers', 'synchronous_commit', 'full_page_writes'];
  const values = [];
  for (const name of settings) {
    const [row] = await onServer(`SHOW ${name}`);
    values.push(`${name} ${row[name]}`);
  }
  return values.join(', ');
}

/** Creates an empty database with the tables of the library's migrations. */
export async function createDatabase(name) {
  await onServer(`CREATE DATABASE ${name}`);
  const dataSource = new DataSource({
    ...ormOptions(name),
    entities: MFA_ENTITIES,
    migrations: mfaMigrations,
  });
  await dataSource.initialize();
  try {
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

export async function dropDatabase(name) {
  await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** The disk usage of each table and its indexes, and the number of rows. */
export async function sizesOf(pool) {
  const { rows } = await pool.query(`
    SELECT relname AS name, reltuples::float8 AS rows, pg_table_size(oid)::float8 AS "tableBytes",
           pg_indexes_size(oid)::float8 AS "indexBytes"
    FROM pg_class WHERE relkind = 'r' AND relname LIKE 'mfa\\_%' ORDER BY pg_total_relation_size(oid) DESC`);
  return rows;
}

/** The table of each primary key, since TypeORM's names for these are only hashes. */
export async function primaryKeysOf(pool) {
  const { rows } = await pool.query(`
    SELECT indexrelid::regclass::text AS index, indrelid::regclass::text AS "table" FROM pg_index WHERE indisprimary`);
  return new Map(rows.map(({ index, table }) => [index.replaceAll('"', ''), `primary key of ${table}`]));
}
