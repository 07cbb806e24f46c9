import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

import type { ServerName } from './drop-databases.js';
import { RUN, SERVERS, answers } from './drop-databases.js';

export type { ServerName } from './drop-databases.js';

/** Whether the server answers. In CI it has to: tests that need it then run, and fail without. */
export async function hasServer(name: ServerName): Promise<boolean> {
  if (process.env['CI'] === 'true' || (await answers(name))) return true;
  const { host, port } = SERVERS[name];
  process.stdout.write(`Tests on ${name} are skipped: nothing answers at ${host}:${port}\n`);
  return false;
}

let made = 0;

/** A database of its own for one test file, and the way to drop it. */
export async function createDatabase(
  name: ServerName,
): Promise<{ orm: TypeOrmModuleOptions; drop: () => Promise<void> }> {
  made += 1;
  const database = `${RUN}_${process.pid}_${Date.now()}_${made}`;
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
