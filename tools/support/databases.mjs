// A database per run on each engine, inspected from outside, with connections that can be cut. Uses the servers
// specified by PGHOST, PGPORT, PGUSER, PGPASSWORD and MYSQL_HOST, MYSQL_PORT, MYSQL_USER, MYSQL_PASSWORD.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import Database from 'better-sqlite3';
import mysql from 'mysql2/promise';
import pg from 'pg';

import { GaleraCluster } from '../galera/nodes.mjs';
import { startPgBouncer } from './pgbouncer.mjs';

const { env } = process;
const postgres = {
  host: env.PGHOST ?? '127.0.0.1',
  port: Number(env.PGPORT ?? 5432),
  user: env.PGUSER ?? 'postgres',
  password: env.PGPASSWORD ?? '',
};
const mariadb = {
  host: env.MYSQL_HOST ?? '127.0.0.1',
  port: Number(env.MYSQL_PORT ?? 3306),
  user: env.MYSQL_USER ?? 'root',
  password: env.MYSQL_PASSWORD ?? '',
};

/** Distinguishes our own connections from the application's. */
const INSPECTOR = 'inspector';

const OTHERS = 'FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2';
const OTHERS_ON_MARIADB =
  'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()';

let made = 0;
const newName = () => `nestjs_mfa_${process.pid}_${Date.now()}_${(made += 1)}`;
const addressOf = (scheme, { host, port, user, password }, database) =>
  `${scheme}://${user}${password && `:${encodeURIComponent(password)}`}@${host}:${port}/${database}`;
const forOrm = ({ user: username, ...rest }, database) => ({ ...rest, username, database });

/** Drivers return bigint as text; counts and timestamps are numbers here. */
const withNumbers = (row) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
    ]),
  );

/** @param isWal whether SQLite uses a write-ahead log rather than a rollback journal */
function onSqlite(isWal) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-'));
  const database = join(folder, 'test.sqlite');
  return {
    orm: { type: 'better-sqlite3', database, enableWAL: isWal, timeout: 5000 },
    url: `sqlite:${database}`,
    describe: () => Promise.resolve(`SQLite, ${isWal ? 'write-ahead log' : 'rollback journal'}`),
    /** The rows of a query with `?` for parameters. */
    rows(sql, parameters = []) {
      // Opened each time: after a crash, this rolls back the journal.
      const file = new Database(database);
      try {
        const statement = file.prepare(sql);
        if (statement.reader) return Promise.resolve(statement.all(...parameters));
        statement.run(...parameters);
        return Promise.resolve([]);
      } finally {
        file.close();
      }
    },
    drop() {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

async function onPostgres() {
  const name = newName();
  const admin = new pg.Client({ ...postgres, database: env.PGDATABASE ?? 'postgres' });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  const client = new pg.Pool({ ...postgres, database: name, application_name: INSPECTOR, max: 4 });
  // It doesn't matter if an idle connection ends, as when the database is dropped.
  client.on('error', () => undefined);
  return {
    name,
    orm: { type: 'postgres', ...forOrm(postgres, name) },
    url: addressOf('postgres', postgres, name),
    describe: async () => `PostgreSQL ${(await admin.query('SHOW server_version')).rows[0].server_version}`,
    async rows(sql, parameters = []) {
      let index = 0;
      const own = sql.replaceAll('?', () => `$${(index += 1)}`);
      return (await client.query(own, parameters)).rows.map(withNumbers);
    },
    /**
     * Resolves when the server has finished with all connections except ours: one whose client is gone may still
     * commit.
     */
    async isQuiet() {
      while ((await admin.query(`SELECT 1 ${OTHERS}`, [name, INSPECTOR])).rowCount > 0) await wait(2);
    },
    /** Cuts all connections except ours, and waits until they are closed; returns how many there were. */
    async cut() {
      const { rows } = await admin.query(`SELECT pid, pg_terminate_backend(pid) ${OTHERS}`, [
        name,
        INSPECTOR,
      ]);
      const pids = rows.map(({ pid }) => pid);
      const areLeft = 'SELECT 1 FROM pg_stat_activity WHERE pid = ANY($1)';
      while ((await admin.query(areLeft, [pids])).rowCount > 0) await wait(2);
      return pids.length;
    },
    /** Blocks or allows new connections. */
    async accept(isOpen) {
      await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${isOpen}`);
    },
    async drop() {
      await client.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

/** Behind PgBouncer in transaction mode: each transaction may get a different one of a few connections. */
async function onPgBouncer() {
  const database = await onPostgres();
  const bouncer = await startPgBouncer(postgres);
  const server = { ...postgres, port: bouncer.port };
  return {
    ...database,
    orm: { type: 'postgres', ...forOrm(server, database.name) },
    url: addressOf('postgres', server, database.name),
    describe: async () => `PgBouncer in transaction mode before ${await database.describe()}`,
    async drop() {
      bouncer.stop();
      await database.drop();
    },
  };
}

async function onMariadb(server = mariadb) {
  const name = newName();
  const client = await mysql.createConnection(server);
  await client.query(`CREATE DATABASE ${name}`);
  await client.query(`USE ${name}`);
  const rows = async (sql, parameters = []) => {
    const [found] = await client.query(sql, parameters);
    return Array.isArray(found) ? found.map(withNumbers) : [];
  };
  return {
    name,
    orm: { type: 'mariadb', ...forOrm(server, name) },
    url: addressOf('mariadb', server, name),
    describe: async () => `MariaDB ${(await rows('SELECT VERSION() AS version'))[0].version}`,
    rows,
    async isQuiet() {
      while ((await rows(OTHERS_ON_MARIADB)).length > 0) await wait(2);
    },
    async cut() {
      const connections = await rows(OTHERS_ON_MARIADB);
      // A connection that has ended meanwhile can't be killed, and needn't be.
      for (const { id } of connections) await client.query(`KILL ${id}`).catch(() => undefined);
      return connections.length;
    },
    async drop() {
      await client.query(`DROP DATABASE ${name}`);
      await client.end();
    },
  };
}

/** Three nodes; `urls` has one for each. */
async function onGalera() {
  const cluster = await GaleraCluster.start();
  const [first] = cluster.nodes;
  const database = await onMariadb(first.address);
  await database.rows('SET SESSION wsrep_sync_wait = 7');
  return {
    ...database,
    cluster,
    urls: cluster.nodes.map(({ address }) => addressOf('mariadb', address, database.name)),
    describe: async () => `a Galera cluster of ${cluster.nodes.length} nodes, ${await database.describe()}`,
    async drop() {
      await database.drop();
      await cluster.stop();
    },
  };
}

const ENGINES = {
  sqlite: () => onSqlite(true),
  'sqlite-journal': () => onSqlite(false),
  postgres: onPostgres,
  mariadb: () => onMariadb(),
  galera: onGalera,
  pgbouncer: onPgBouncer,
};
export const ENGINE_NAMES = Object.keys(ENGINES);

/** Creates an empty database on that engine. */
export async function createDatabase(engine) {
  return ENGINES[engine]();
}
