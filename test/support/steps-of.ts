import type { INestApplication } from '@nestjs/common';
import type { DataSource, QueryRunner } from 'typeorm';

import { beforeEachCommit } from './inside.js';

type Method = (...args: unknown[]) => Promise<unknown>;

/** What steps are made of: database statements, commits, and adapter hooks. */
export interface Stepping {
  app?: INestApplication;
  dataSource: DataSource;
  adapter: object;
}

/**
 * Awaits `step` before each step of any request. On SQLite, the statements of a commit run without interruption; if
 * `app` is given, it also waits before the commit.
 */
export function beforeEachStep({ app, dataSource, adapter }: Stepping, step: () => Promise<void>): void {
  const { driver } = dataSource;
  const create = driver.createQueryRunner.bind(driver);
  const watched = new WeakSet<QueryRunner>();
  driver.createQueryRunner = (mode) => {
    const runner = create(mode);
    if (watched.has(runner)) return runner;
    watched.add(runner);
    runner.query = waitingBefore(runner.query.bind(runner) as Method, step) as typeof runner.query;
    return runner;
  };
  const hooks = adapter as Record<string, Method>;
  for (const name of hooksOf(adapter)) {
    const hook = hooks[name];
    if (hook) hooks[name] = waitingBefore(hook.bind(adapter), step);
  }
  if (app && dataSource.options.type === 'better-sqlite3') beforeEachCommit(app, step);
}

function waitingBefore(method: Method, step: () => Promise<void>): Method {
  return async (...args) => {
    await step();
    return method(...args);
  };
}

/** The names of all methods of an adapter, including inherited ones. */
function hooksOf(adapter: object): string[] {
  const names = new Set<string>();
  let prototype = Object.getPrototypeOf(adapter) as object;
  while (prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name !== 'constructor' && typeof value === 'function') names.add(name);
    }
    prototype = Object.getPrototypeOf(prototype) as object;
  }
  return [...names];
}
