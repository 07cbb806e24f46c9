import type { DataSource, QueryResult, QueryRunner } from 'typeorm';

import type { Deadline } from './bounded-wait.js';
import { connectInTime } from './bounded-wait.js';
import { waitForOtherNodes } from './causal-reads.js';
import { takingEffect } from './in-doubt.js';
import type { PostgresPool } from './postgres-pools.js';
import { poolsOf } from './postgres-pools.js';
import { markAsOwn } from './sqlite-commit.js';
import type { CommitResult, Write } from './write.js';

/**
 * Runs the writes in a transaction on their own connection; a single one is a transaction by itself.
 *
 * @param deadline when the caller stops waiting: nothing is started after that, nor is a COMMIT sent
 */
export async function commitOnServer(
  dataSource: DataSource,
  writes: readonly Write[],
  deadline: Deadline,
): Promise<CommitResult> {
  const runner = dataSource.createQueryRunner();
  markAsOwn(runner);
  try {
    await connectInTime(runner, deadline);
    await waitForOtherNodes(dataSource, runner);
    return await runAll(runner, writes, deadline);
  } finally {
    await release(runner);
  }
}

async function runAll(
  runner: QueryRunner,
  writes: readonly Write[],
  deadline: Deadline,
): Promise<CommitResult> {
  const affected: number[] = [];
  const isAlone = writes.length === 1;
  if (!isAlone) await runner.startTransaction();
  for (const { query, claim } of writes) {
    deadline.assert();
    const [sql, parameters] = query.getQueryAndParameters();
    const statement = runner.query(sql, parameters, true);
    const changes = rowsFound(sql, await (isAlone ? takingEffect(statement) : statement));
    if (claim !== undefined && changes !== 1) return { committed: false, lost: claim };
    affected.push(changes);
  }
  if (runner.isTransactionActive) {
    deadline.assert();
    await takingEffect(runner.commitTransaction());
  }
  return { committed: true, affected };
}

/**
 * How many rows the statement matched. Without its flag FOUND_ROWS, MySQL doesn't count rows that an UPDATE left unchanged. Its
 * message, in any language, starts with the number of rows that matched.
 */
function rowsFound(sql: string, { raw, affected = 0 }: QueryResult): number {
  const { info } = (raw ?? {}) as { info?: unknown };
  const found = typeof info === 'string' && sql.startsWith('UPDATE') ? /\d+/.exec(info) : null;
  return found ? Number(found[0]) : affected;
}

async function release(runner: QueryRunner): Promise<void> {
  try {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
  } catch {
    await discard(runner);
  } finally {
    await runner.release();
  }
}

/**
 * Closes a connection that doesn't accept ROLLBACK: it is lost, or the driver has given up on a statement that is still running
 * (`query_timeout` of pg). Whoever got it from the pool next would find our transaction open, and commit it with their own.
 */
async function discard(runner: QueryRunner): Promise<void> {
  try {
    const connection = (await runner.connect()) as { destroy?(): void; end(): Promise<void> };
    // mysql2 takes it out of its pool at once; the pool of pg doesn't take back a connection that is ending.
    if (connection.destroy) connection.destroy();
    else connection.end().catch(() => undefined);
  } catch {
    // There never was a connection.
  }
}

const survived = new WeakSet<PostgresPool>();

/**
 * Keeps the process alive when PostgreSQL closes a connection just as it is opened, as when the server restarts. `pg` emits
 * `error`, which ends the process if nobody listens; at that point its pool no longer listens and TypeORM doesn't yet. Nothing
 * else needs to be done: the connection's next statement fails, and the pool drops it.
 */
export function surviveConnectionLoss(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres' && dataSource.options.type !== 'cockroachdb') return;
  const { master, slaves = [] } = poolsOf(dataSource);
  for (const pool of [master, ...slaves]) {
    // Several applications may share one DataSource.
    if (!pool || survived.has(pool)) continue;
    survived.add(pool);
    pool.on('connect', (client) => client.on('error', () => undefined));
  }
}
