import { randomInt } from 'node:crypto';

import type { DataSource, QueryRunner } from 'typeorm';

import type { CommitResult, Write } from './write.js';

/**
 * Errors by which an engine has undone a transaction so that another one could go first (SQLSTATE 40001 and 40P01; MySQL's
 * lock wait timeout, deadlock, and MariaDB's changed record). Nothing of it has happened, so it can be run again.
 */
const CONFLICTS: readonly unknown[] = ['40001', '40P01', 1205, 1213, 1020];
const TRIES = 10;
const FIRST_PAUSE_MS = 10;

/**
 * Runs the writes in a transaction of their own connection; a single one is a transaction by itself. Conflicts with other
 * transactions are run again, after a pause that is different for each: no claim was won or lost before the commit.
 */
export async function commitOnServer(
  dataSource: DataSource,
  writes: readonly Write[],
): Promise<CommitResult> {
  for (let tried = 1; ; tried++) {
    const runner = dataSource.createQueryRunner();
    try {
      return await runAll(runner, writes);
    } catch (error) {
      if (!isConflict(error) || tried === TRIES) throw error;
    } finally {
      await release(runner);
    }
    await pause(FIRST_PAUSE_MS * 2 ** Math.min(tried, 5));
  }
}

async function runAll(runner: QueryRunner, writes: readonly Write[]): Promise<CommitResult> {
  const affected: number[] = [];
  if (writes.length > 1) await runner.startTransaction();
  for (const { query, claim } of writes) {
    const [sql, parameters] = query.getQueryAndParameters();
    const changes = (await runner.query(sql, parameters, true)).affected ?? 0;
    if (claim !== undefined && changes !== 1) return { committed: false, lost: claim };
    affected.push(changes);
  }
  if (runner.isTransactionActive) await runner.commitTransaction();
  return { committed: true, affected };
}

/** Whether the engine itself has undone the transaction. */
export function isConflict(error: unknown): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return CONFLICTS.includes(code) || CONFLICTS.includes(errno);
}

async function release(runner: QueryRunner): Promise<void> {
  try {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
  } catch {
    // The connection is gone, and its transaction with it.
  } finally {
    await runner.release();
  }
}

/** Of transactions that ran into each other, none waits as long as another. */
async function pause(atMost: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, randomInt(1, atMost + 1)));
}
