import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { mfaMigrations, useBinaryCollation } from 'nestjs-mfa';

import { AddChannel1795670000000 } from '../migrations/add-channel.js';
import { AddPhone1795600000000 } from '../migrations/add-phone.js';
import { CreateDemoTables1795478300000 } from '../migrations/create-demo-tables.js';

export const DEFAULT_DATABASE_URL = 'sqlite:data/demo.sqlite';

const STATEMENT_TIMEOUT_MS = 10_000;

/** The TypeORM options for a `sqlite:…`, `postgres://…` or `mysql://…` URL. */
export function databaseOptions(url: string): TypeOrmModuleOptions {
  const common = {
    autoLoadEntities: true,
    migrations: [
      CreateDemoTables1795478300000,
      ...mfaMigrations,
      AddPhone1795600000000,
      AddChannel1795670000000,
    ],
    migrationsRun: true,
    // If several instances start at once, one creates the tables and the others retry.
    retryAttempts: 10,
    retryDelay: 300,
  };
  if (url.startsWith('sqlite:')) {
    const database = sqliteFile(url);
    if (database !== ':memory:') mkdirSync(dirname(database), { recursive: true });
    return { ...common, type: 'better-sqlite3', database, enableWAL: database !== ':memory:', timeout: 5000 };
  }
  if (/^postgres(ql)?:\/\//.test(url)) {
    // The server times out as soon as the library does, so that a single lock can't exhaust the pool.
    return { ...common, type: 'postgres', url, extra: { statement_timeout: STATEMENT_TIMEOUT_MS } };
  }
  if (/^(mysql|mariadb):\/\//.test(url)) {
    useBinaryCollation();
    return { ...common, type: url.startsWith('mariadb:') ? 'mariadb' : 'mysql', url };
  }
  throw new Error('DATABASE_URL must begin with sqlite:, postgres:// or mysql://');
}

/** The folder of the database file, where the demo also keeps its secret. */
export function dataFolder(url: string): string {
  const file = url.startsWith('sqlite:') ? sqliteFile(url) : '';
  return file === '' || file === ':memory:' ? resolve('data') : dirname(file);
}

function sqliteFile(url: string): string {
  const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  return path === ':memory:' || path === '' ? ':memory:' : resolve(path.replace(/^\/\//, ''));
}
