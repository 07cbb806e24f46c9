import { randomInt } from 'node:crypto';

import type { DataSource } from 'typeorm';

/**
 * Errors by which an engine has undone a transaction so that another one could go first: SQLSTATE 40001, 40P01 and, with a
 * `lock_timeout`, 55P03; MySQL's lock wait timeout, deadlock, and MariaDB's changed record. Nothing of it has happened, so it
 * can be run again.
 */
const CONFLICTS: readonly unknown[] = ['40001', '40P01', '55P03', 1205, 1213, 1020];
/** Another process, or another connection, writes to the SQLite file. */
const SQLITE_CONFLICT = /^SQLITE_(BUSY|LOCKED)/;
const FIRST_PAUSE_MS = 10;

/**
 * Runs the work again when the engine has undone it, after a pause that is different for each: no claim was won or lost before
 * the commit. Under SERIALIZABLE that can befall a read as well. It gives up when another try would not be over in time, as
 * long as it is sure that nothing has happened.
 *
 * @param until when nobody waits for it any more, in milliseconds since the epoch: what was refused must not happen later
 * @throws the last conflict, see {@link isConflict}
 */
export async function againOnConflict<T>(until: number, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    const startedAt = Date.now();
    const pause = randomInt(1, FIRST_PAUSE_MS * 2 ** Math.min(tried, 5) + 1);
    try {
      return await work();
    } catch (error) {
      const tookMs = Date.now() - startedAt;
      if (!isConflict(error) || Date.now() + pause + tookMs >= until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Whether the engine has undone the work so that other work could go first. */
export function isConflict(error: unknown): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return CONFLICTS.includes(code) || CONFLICTS.includes(errno) || SQLITE_CONFLICT.test(String(code));
}

interface Pool {
  on(event: 'connect', listener: (client: { on(event: 'error', listener: () => void): void }) => void): void;
}

/**
 * Keeps the process alive when PostgreSQL ends a connection in the moment in which it is made, as when the server restarts.
 * `pg` tells of it by an event `error`, which ends the process if nobody listens; its pool has stopped listening then, and
 * TypeORM has not begun. Nothing else is to be done: the connection's next statement fails, and the pool drops it.
 */
export function surviveConnectionLoss(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres' && dataSource.options.type !== 'cockroachdb') return;
  const { master, slaves } = dataSource.driver as unknown as { master?: Pool; slaves?: Pool[] };
  for (const pool of [master, ...(slaves ?? [])]) {
    pool?.on('connect', (client) => client.on('error', () => undefined));
  }
}
