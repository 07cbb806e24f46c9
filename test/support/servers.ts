import { connect } from 'node:net';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

const SERVERS = {
  postgres: { type: 'postgres', host: '127.0.0.1', port: 5432, username: 'postgres', database: 'postgres' },
  mariadb: { type: 'mariadb', host: '127.0.0.1', port: 3306, username: 'root', database: 'mysql' },
} as const;

export type ServerName = keyof typeof SERVERS;

/** Whether the server answers. In CI it has to: tests that need it then run, and fail without. */
export async function hasServer(name: ServerName): Promise<boolean> {
  if (process.env['CI'] === 'true') return true;
  const { host, port } = SERVERS[name];
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    socket
      .once('connect', () => resolve(true))
      .once('error', () => resolve(false))
      .once('timeout', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
  if (!answers) process.stdout.write(`Tests on ${name} are skipped: nothing answers at ${host}:${port}\n`);
  return answers;
}

let made = 0;

/** A database of its own for one test file, and the way to drop it. */
export async function createDatabase(
  name: ServerName,
): Promise<{ orm: TypeOrmModuleOptions; drop: () => Promise<void> }> {
  made += 1;
  const database = `nestjs_mfa_${process.pid}_${Date.now()}_${made}`;
  const admin = await new DataSource(SERVERS[name]).initialize();
  await admin.query(`CREATE DATABASE ${database}`);
  return {
    orm: { ...SERVERS[name], database },
    drop: async () => {
      await admin.query(`DROP DATABASE ${database}`);
      await admin.destroy();
    },
  };
}
