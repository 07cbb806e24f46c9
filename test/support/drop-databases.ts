import { connect } from 'node:net';

import { DataSource } from 'typeorm';

// Jest also loads this file on its own, after all tests: it can import packages, but none of our files.

export const SERVERS = {
  postgres: { type: 'postgres', host: '127.0.0.1', port: 5432, username: 'postgres', database: 'postgres' },
  mariadb: { type: 'mariadb', host: '127.0.0.1', port: 3306, username: 'root', database: 'mysql' },
} as const;

export type ServerName = keyof typeof SERVERS;

/** The prefix of this run's database names. */
export const RUN = process.env['MFA_TEST_RUN'] as string;

/** Whether something listens at that server's port. */
export async function answers(name: ServerName): Promise<boolean> {
  const { host, port } = SERVERS[name];
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    socket
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false))
      .once('timeout', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
}

/** Drops the databases that failed tests of this run have left behind. */
export default async function dropDatabases(): Promise<void> {
  for (const name of Object.keys(SERVERS) as ServerName[]) {
    if (!(await answers(name))) continue;
    const isPostgres = name === 'postgres';
    const admin = await new DataSource(SERVERS[name]).initialize();
    const all: { name: string }[] = await admin.query(
      isPostgres
        ? 'SELECT datname AS name FROM pg_database'
        : 'SELECT schema_name AS name FROM information_schema.schemata',
    );
    for (const { name: database } of all.filter((one) => one.name.startsWith(`${RUN}_`))) {
      await admin.query(`DROP DATABASE ${database}${isPostgres ? ' WITH (FORCE)' : ''}`);
    }
    await admin.destroy();
  }
}
