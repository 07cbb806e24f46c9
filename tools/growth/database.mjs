// A database of its own for each size, made on the server that the PG* variables name, and dropped afterwards.
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

/** What measured: the version of the server and the settings that matter. */
export async function describeServer() {
  const settings = ['server_version', 'shared_buffers', 'synchronous_commit', 'full_page_writes'];
  const values = [];
  for (const name of settings) {
    const [row] = await onServer(`SHOW ${name}`);
    values.push(`${name} ${row[name]}`);
  }
  return values.join(', ');
}

/** An empty database with the tables that the library's migrations make. */
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

/** What each table and its indexes take on disk, and how many rows it has. */
export async function sizesOf(pool) {
  const { rows } = await pool.query(`
    SELECT relname AS name, reltuples::float8 AS rows, pg_table_size(oid)::float8 AS "tableBytes",
           pg_indexes_size(oid)::float8 AS "indexBytes"
    FROM pg_class WHERE relkind = 'r' AND relname LIKE 'mfa\\_%' ORDER BY pg_total_relation_size(oid) DESC`);
  return rows;
}

/** Table of each primary key, whose name is nothing but a hash. */
export async function primaryKeysOf(pool) {
  const { rows } = await pool.query(`
    SELECT indexrelid::regclass::text AS index, indrelid::regclass::text AS "table" FROM pg_index WHERE indisprimary`);
  return new Map(rows.map(({ index, table }) => [index.replaceAll('"', ''), `primary key of ${table}`]));
}
