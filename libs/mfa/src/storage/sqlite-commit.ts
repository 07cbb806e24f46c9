import type { DataSource } from 'typeorm';

import type { CommitResult, Write } from './write.js';

interface SqliteConnection {
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): { run(...parameters: unknown[]): { changes: number } };
}

const WAIT_MS = 5_000;
const POLL_MS = 5;

/**
 * SQLite has a single connection, on which a transaction that awaits would take the statements of other requests in. So a
 * commit runs in one go, without giving way to any other code of the process.
 */
export async function commitOnSqlite(
  dataSource: DataSource,
  writes: readonly Write[],
): Promise<CommitResult> {
  const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: SqliteConnection };
  await waitForOtherTransaction(databaseConnection);
  // From here to the end nothing is awaited.
  const run = ({ query }: Write): number => {
    const [sql, parameters] = query.getQueryAndParameters();
    dataSource.logger.logQuery(sql, parameters);
    return databaseConnection.prepare(sql).run(...parameters).changes;
  };
  const [first] = writes;
  if (writes.length === 1 && first) {
    const changes = run(first);
    return first.claim !== undefined && changes !== 1
      ? { committed: false, lost: first.claim }
      : { committed: true, affected: [changes] };
  }
  databaseConnection.exec('BEGIN IMMEDIATE');
  try {
    const affected: number[] = [];
    for (const write of writes) {
      const changes = run(write);
      if (write.claim !== undefined && changes !== 1) return { committed: false, lost: write.claim };
      affected.push(changes);
    }
    databaseConnection.exec('COMMIT');
    return { committed: true, affected };
  } finally {
    if (databaseConnection.inTransaction) databaseConnection.exec('ROLLBACK');
  }
}

/** Waits until the application's own transaction on the shared connection is over: it must not take our writes in. */
async function waitForOtherTransaction(connection: SqliteConnection): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (connection.inTransaction) {
    if (Date.now() > deadline) {
      throw new Error(
        `a transaction stayed open on the only SQLite connection for ${WAIT_MS} ms: end it before calling nestjs-mfa`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
