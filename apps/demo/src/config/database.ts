import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { useBinaryCollation } from 'nestjs-mfa';

export const DEFAULT_DATABASE_URL = 'sqlite:data/demo.sqlite';

/** The TypeORM options of a `sqlite:…`, `postgres://…` or `mysql://…` address. */
export function databaseOptions(url: string): TypeOrmModuleOptions {
  // The demo makes its tables itself; an application uses migrations.
  const common = { autoLoadEntities: true, synchronize: true, retryAttempts: 3, retryDelay: 500 };
  if (url.startsWith('sqlite:')) {
    const database = sqliteFile(url);
    if (database !== ':memory:') mkdirSync(dirname(database), { recursive: true });
    return { ...common, type: 'better-sqlite3', database, enableWAL: database !== ':memory:', timeout: 5000 };
  }
  if (/^postgres(ql)?:\/\//.test(url)) return { ...common, type: 'postgres', url };
  if (/^(mysql|mariadb):\/\//.test(url)) {
    useBinaryCollation();
    return { ...common, type: 'mysql', url };
  }
  throw new Error('DATABASE_URL must begin with sqlite:, postgres:// or mysql://');
}

/** The folder beside the database file, where the demo keeps its secret. */
export function dataFolder(url: string): string {
  const file = url.startsWith('sqlite:') ? sqliteFile(url) : '';
  return file === '' || file === ':memory:' ? resolve('data') : dirname(file);
}

function sqliteFile(url: string): string {
  const path = url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
  return path === ':memory:' || path === '' ? ':memory:' : resolve(path.replace(/^\/\//, ''));
}
