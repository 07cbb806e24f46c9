import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';

import { MfaException } from '../errors/mfa-exception.js';

/** Injection token of the DataSource that this module keeps its tables on. */
export const MFA_DATA_SOURCE = Symbol.for('nestjs-mfa:DATA_SOURCE');

/** A statement that changes rows. With a `claim` it must change exactly one, or nothing of its commit happens. */
export interface Write {
  query: { getQueryAndParameters(): [string, unknown[]] };
  /** What is claimed, to tell the caller which claim was lost. */
  claim?: string;
}

/** Either all writes of a commit happened, or none and the claim that was lost. */
export type CommitResult = { committed: true; affected: number[] } | { committed: false; lost: string };

interface SqliteConnection {
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): { run(...parameters: unknown[]): { changes: number } };
}

const SQLITE_WAIT_MS = 5_000;
const SQLITE_POLL_MS = 5;

/**
 * The one door to the database. Reads go through {@link read}; what changes rows is a list of statements given to
 * {@link commit}, which never reads in between: whatever can be used once is claimed by a conditional statement.
 *
 * SQLite has a single connection, on which a transaction that awaits would take the statements of other requests in.
 * There a commit therefore runs in one go, without giving way to any other code of the process.
 */
@Injectable()
export class MfaStorage {
  private readonly logger = new Logger(MfaStorage.name);

  constructor(@Inject(MFA_DATA_SOURCE) readonly dataSource: DataSource) {}

  /** @throws {MfaException} `storage_unavailable` when the database does not answer */
  async read<T>(query: (dataSource: DataSource) => Promise<T>): Promise<T> {
    return this.guarded(() => query(this.dataSource));
  }

  /**
   * Runs the writes in order in one transaction; a single one needs none.
   *
   * @throws {MfaException} `storage_unavailable` when the database does not answer; nothing is written then
   */
  async commit(writes: readonly Write[]): Promise<CommitResult> {
    if (writes.length === 0) return { committed: true, affected: [] };
    return this.guarded(() =>
      this.dataSource.options.type === 'better-sqlite3'
        ? this.commitOnSqlite(writes)
        : this.commitOnServer(writes),
    );
  }

  /** Runs one statement and returns how many rows it changed. */
  async write(query: Write['query']): Promise<number> {
    const result = await this.commit([{ query }]);
    return result.committed ? (result.affected[0] ?? 0) : 0;
  }

  private async commitOnSqlite(writes: readonly Write[]): Promise<CommitResult> {
    const { databaseConnection } = this.dataSource.driver as unknown as {
      databaseConnection: SqliteConnection;
    };
    await waitForOtherTransaction(databaseConnection);
    // From here to the end nothing is awaited.
    const run = ({ query }: Write): number => {
      const [sql, parameters] = query.getQueryAndParameters();
      this.dataSource.logger.logQuery(sql, parameters);
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

  private async commitOnServer(writes: readonly Write[]): Promise<CommitResult> {
    const runner = this.dataSource.createQueryRunner();
    try {
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
    } finally {
      try {
        if (runner.isTransactionActive) await runner.rollbackTransaction();
      } finally {
        await runner.release();
      }
    }
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MfaException) throw error;
      const { code, message } = error as { code?: string; message?: string };
      this.logger.error(`The database refused: ${code ?? 'no code'}, ${message}`);
      throw new MfaException('storage_unavailable', {}, { cause: error });
    }
  }
}

/** Waits until the application's own transaction on the shared connection is over: it must not take our writes in. */
async function waitForOtherTransaction(connection: SqliteConnection): Promise<void> {
  const deadline = Date.now() + SQLITE_WAIT_MS;
  while (connection.inTransaction) {
    if (Date.now() > deadline) {
      throw new Error(
        `a transaction stayed open on the only SQLite connection for ${SQLITE_WAIT_MS} ms: end it before calling nestjs-mfa`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, SQLITE_POLL_MS));
  }
}
