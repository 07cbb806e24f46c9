import { randomInt } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityTarget, ObjectLiteral, QueryRunner, SelectQueryBuilder } from 'typeorm';
import { DataSource } from 'typeorm';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { BoundedWait, Deadline, connectInTime } from './bounded-wait.js';
import { waitForOtherNodes } from './causal-reads.js';
import { isNameRefused, nameStatements } from './named-statements.js';
import type { NamedValues, PreparedRead, RowOf } from './prepared-statements.js';
import { PreparedStatements } from './prepared-statements.js';
import { commitOnServer, surviveConnectionLoss } from './server-commit.js';
import { commitOnSqlite, isInsideTransaction, watchTransactions } from './sqlite-commit.js';
import type { CommitResult, Write } from './write.js';

export type { CommitResult, Write } from './write.js';

/** Injection token of the DataSource with this module's tables. */
export const MFA_DATA_SOURCE = Symbol.for('nestjs-mfa:DATA_SOURCE');

/**
 * Runs the queries of a read. They go to the primary, never to a replica that lags, and bypass the query cache: what they find
 * decides who gets in. The reader has one connection and releases it when the read is done.
 */
export class PrimaryReader {
  constructor(
    private readonly runner: QueryRunner,
    private readonly statements: PreparedStatements,
  ) {}

  createQueryBuilder<T extends ObjectLiteral>(entity: EntityTarget<T>, alias: string): SelectQueryBuilder<T> {
    return this.runner.manager.createQueryBuilder(entity, alias).cache(false);
  }

  query<T>(sql: string, parameters: unknown[] = []): Promise<T> {
    return this.runner.query(sql, parameters) as Promise<T>;
  }

  /** The rows of a query whose SQL is generated once. */
  async rows<A extends Record<string, ObjectLiteral>>(
    read: PreparedRead<A>,
    values: NamedValues,
  ): Promise<RowOf<A>[]> {
    const { sql, parameters, rowOf } = this.statements.reading(read, values);
    const raw = (await this.runner.query(sql, parameters)) as Record<string, unknown>[];
    return raw.map(rowOf);
  }
}

/** SQLite runs statements at once, one after another, so nothing waits for a connection. */
function isSqlite({ options }: DataSource): boolean {
  return options.type === 'better-sqlite3';
}

/** Runs the read, and releases its connection in any case. */
export async function readFromPrimary<T>(
  dataSource: DataSource,
  read: (reader: PrimaryReader) => Promise<T>,
  deadline = new Deadline(Infinity),
): Promise<T> {
  const runner = dataSource.createQueryRunner('master');
  try {
    if (!isSqlite(dataSource)) await connectInTime(runner, deadline);
    await waitForOtherNodes(dataSource, runner);
    return await read(new PrimaryReader(runner, PreparedStatements.of(dataSource)));
  } finally {
    await runner.release();
  }
}

/**
 * The only access to the database. Reads go through {@link read}. Changes are a list of statements given to {@link commit},
 * which never reads in between: anything that can be used only once is claimed by a conditional statement.
 */
@Injectable()
export class MfaStorage {
  private readonly logger = new Logger(MfaStorage.name);
  private readonly waiting = new BoundedWait();

  constructor(
    @Inject(MFA_DATA_SOURCE) readonly dataSource: DataSource,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {
    surviveConnectionLoss(dataSource);
    if (options.storage.preparedStatements) nameStatements(dataSource);
    watchTransactions(dataSource);
  }

  /** Statements whose SQL is generated once, for what requests do repeatedly. */
  get statements(): PreparedStatements {
    return PreparedStatements.of(this.dataSource);
  }

  /** How many abandoned statements the database has not answered yet; 0 while it is healthy. */
  get unanswered(): number {
    return this.waiting.unanswered;
  }

  /**
   * @throws {MfaException} `storage_unavailable` when the database doesn't answer, `conflict` when other transactions kept
   *   winning
   */
  async read<T>(query: (reader: PrimaryReader) => Promise<T>): Promise<T> {
    return this.guarded((deadline) =>
      againOnConflict(deadline, () => readFromPrimary(this.dataSource, query, deadline)),
    );
  }

  /**
   * Runs the writes in order in one transaction; a single one needs none.
   *
   * @param late called if the writes were committed although the call was rejected, because a statement or the COMMIT was in
   *   progress when the time was up
   * @throws {MfaException} `storage_unavailable` when the database doesn't answer, `conflict` when other transactions kept
   *   winning; nothing is granted then
   */
  async commit(writes: readonly Write[], late?: () => void): Promise<CommitResult> {
    if (writes.length === 0) return { committed: true, affected: [] };
    const isOneFile = isSqlite(this.dataSource);
    // It would wait for itself.
    if (isOneFile) this.assertOutsideTransaction();
    const commit = isOneFile ? commitOnSqlite : commitOnServer;
    return this.guarded(
      (deadline) => againOnConflict(deadline, () => commit(this.dataSource, writes, deadline)),
      ({ committed }) => committed && late?.(),
    );
  }

  /** Runs one statement and returns how many rows it changed. */
  async write(query: Write['query']): Promise<number> {
    const result = await this.commit([{ query }]);
    return result.committed ? (result.affected[0] ?? 0) : 0;
  }

  /**
   * What is granted must not be rolled back with the application's own work, nor wait for rows that it has locked.
   *
   * @throws {Error} when the caller is inside a transaction of the application
   */
  assertOutsideTransaction(): void {
    if (!isInsideTransaction(this.dataSource)) return;
    throw new Error(
      'nestjs-mfa was called inside an open transaction of the application, but it commits on its own: end the transaction first, then call it',
    );
  }

  private async guarded<T>(work: (deadline: Deadline) => Promise<T>, late?: (result: T) => void): Promise<T> {
    const milliseconds = this.options.storage.timeoutSeconds * 1000;
    try {
      return await this.waiting.for(milliseconds, work, late);
    } catch (error) {
      if (error instanceof MfaException) throw error;
      if (isConflict(error)) throw new MfaException('conflict', {}, { cause: error });
      const { code, message } = error as { code?: string; message?: string };
      this.logger.error(`The database refused: ${code ?? 'no code'}, ${message}`);
      throw new MfaException('storage_unavailable', {}, { cause: error });
    }
  }
}

/**
 * Errors for which a database has rolled back a transaction in favor of another one: SQLSTATE 40001, 40P01 and, with a
 * `lock_timeout`, 55P03; MySQL's lock wait timeout and deadlock, and MariaDB's changed record. None of it has happened, so it
 * can be run again.
 */
const CONFLICTS: readonly unknown[] = ['40001', '40P01', '55P03', 1205, 1213, 1020];
/** Another process or connection is writing to the SQLite file. */
const SQLITE_CONFLICT = /^SQLITE_(BUSY|LOCKED)/;
const FIRST_PAUSE_MS = 10;

/**
 * Runs the work again if the database has rolled it back, after a random pause. No claim was won or lost, since nothing was
 * committed. Under SERIALIZABLE this can also happen to a read. It gives up when another try would not finish in time, as long
 * as it is certain that nothing has happened.
 *
 * @throws the last conflict, see {@link isConflict}
 */
export async function againOnConflict<T>(deadline: Deadline, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    const before = deadline.left;
    try {
      return await work();
    } catch (error) {
      const pause = randomInt(1, FIRST_PAUSE_MS * 2 ** Math.min(tried, 5) + 1);
      const { left } = deadline;
      const tookMs = before - left;
      if (!isConflict(error) || pause + tookMs >= left) throw error;
      await deadline.pause(pause, error as Error);
    }
  }
}

/** Whether the database has rolled back the work in favor of other work, or has only rejected its statement name. */
export function isConflict(error: unknown): boolean {
  const { code, errno, driverError } = error as { code?: unknown; errno?: unknown; driverError?: unknown };
  return (
    CONFLICTS.includes(code) ||
    CONFLICTS.includes(errno) ||
    SQLITE_CONFLICT.test(String(code)) ||
    isNameRefused(driverError)
  );
}
