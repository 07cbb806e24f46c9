import { AsyncLocalStorage } from 'node:async_hooks';

import type { DataSource, EntityManager, EntitySubscriberInterface, QueryRunner } from 'typeorm';

import type { Deadline } from './bounded-wait.js';
import type { CommitResult, Write } from './write.js';

/** A transaction of the application that the current code runs in, and those around it. */
interface Frame {
  dataSource: DataSource;
  /** Set if the transaction was started explicitly. */
  runner?: QueryRunner;
  isOpen: boolean;
  outer: Frame | undefined;
}

const frames = new AsyncLocalStorage<Frame | undefined>();

/** Marks where TypeORM starts a transaction for a callback: the callback gets a frame, and code outside it doesn't. */
const MANAGED = Symbol('managed');
const beginning = new AsyncLocalStorage<typeof MANAGED>();

const wrapped = new WeakSet<EntityManager>();
/** The connections of the module's own commits, in which no code of the application runs. */
const own = new WeakSet<QueryRunner>();

/** Marks the runner of a commit of this module, as opposed to the application's. */
export function markAsOwn(runner: QueryRunner): void {
  own.add(runner);
}

/**
 * Tracks which code runs inside a transaction. The connection can't tell, since other requests may have a transaction open on
 * it. A transaction that a function started explicitly and left open when it returned isn't seen.
 */
export function watchTransactions(dataSource: DataSource): void {
  wrapTransaction(dataSource);
  // A DataSource that was initialized again has new subscribers.
  const subscribers = dataSource.subscribers;
  if (!subscribers.some((one) => one instanceof TransactionWatch))
    subscribers.push(new TransactionWatch(dataSource));
}

/** Whether the caller is inside a transaction of the application on this DataSource. */
export function isInsideTransaction(dataSource: DataSource): boolean {
  watchTransactions(dataSource);
  for (let frame = frames.getStore(); frame; frame = frame.outer) {
    if (frame.isOpen && frame.dataSource === dataSource && frame.runner?.isReleased !== true) return true;
  }
  return false;
}

/** The innermost open frame. Closed ones are released, since some contexts live as long as the process. */
function openFrame(): Frame | undefined {
  let frame = frames.getStore();
  while (frame && (!frame.isOpen || frame.runner?.isReleased)) frame = frame.outer;
  return frame;
}

type Transact = (...parameters: unknown[]) => Promise<unknown>;
type Work = (manager: EntityManager) => Promise<unknown>;

/** Wraps `transaction()`, of which only the callback is inside. */
function wrapTransaction(dataSource: DataSource): void {
  const { manager } = dataSource;
  if (wrapped.has(manager)) return;
  wrapped.add(manager);
  const original = manager.transaction.bind(manager) as Transact;
  const transaction: Transact = async (...parameters) => {
    const index = parameters.findIndex((one) => typeof one === 'function');
    const work = parameters[index] as Work | undefined;
    if (!work) return original(...parameters);
    const frame: Frame = { dataSource, isOpen: true, outer: openFrame() };
    const inside: Work = (transactional) =>
      beginning.exit(() => frames.run(frame, () => work(transactional)));
    try {
      return await beginning.run(MANAGED, () => original(...parameters.slice(0, index), inside));
    } finally {
      frame.isOpen = false;
    }
  };
  Object.defineProperty(manager, 'transaction', { configurable: true, writable: true, value: transaction });
}

/** Detects transactions that are started explicitly, on a query runner. */
class TransactionWatch implements EntitySubscriberInterface {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * TypeORM calls this before it awaits anything, so entering the context here affects the function that starts the
   * transaction.
   */
  beforeTransactionStart({ queryRunner: runner }: { queryRunner: QueryRunner }): void {
    if (own.has(runner) || beginning.getStore() === MANAGED) return;
    frames.enterWith({ dataSource: this.dataSource, runner, isOpen: true, outer: openFrame() });
  }

  afterTransactionCommit(event: { queryRunner: QueryRunner }): void {
    this.close(event.queryRunner);
  }

  afterTransactionRollback(event: { queryRunner: QueryRunner }): void {
    this.close(event.queryRunner);
  }

  /**
   * Called by whoever ends the transaction. On SQLite all share one runner, so only the caller's context tells which
   * transaction it is.
   */
  private close(runner: QueryRunner): void {
    for (let frame = frames.getStore(); frame; frame = frame.outer) {
      if (frame.runner !== runner || !frame.isOpen) continue;
      frame.isOpen = false;
      return;
    }
  }
}

interface SqliteStatement {
  run(...parameters: unknown[]): { changes: number };
}

interface SqliteConnection {
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
}

/** How many statements of a connection stay compiled: more than this module has shapes. */
const MAX_COMPILED = 200;

const compiled = new WeakMap<SqliteConnection, Map<string, SqliteStatement>>();

/** Returns the compiled statement, compiling it if necessary. SQLite recompiles it by itself when the schema has changed. */
function compile(connection: SqliteConnection, sql: string): SqliteStatement {
  let statements = compiled.get(connection);
  if (!statements) compiled.set(connection, (statements = new Map<string, SqliteStatement>()));
  let statement = statements.get(sql);
  if (statement) return statement;
  statement = connection.prepare(sql);
  statements.set(sql, statement);
  // A map iterates in insertion order.
  const [oldest] = statements.keys();
  if (statements.size > MAX_COMPILED && oldest !== undefined) statements.delete(oldest);
  return statement;
}

const POLL_MS = 5;

/**
 * SQLite has a single connection, on which a transaction that awaits would include the statements of other requests. A commit
 * therefore runs synchronously, without yielding to any other code of the process.
 *
 * @param deadline when the caller stops waiting: the commit isn't started after that
 */
export async function commitOnSqlite(
  dataSource: DataSource,
  writes: readonly Write[],
  deadline: Deadline,
): Promise<CommitResult> {
  const { databaseConnection } = dataSource.driver as unknown as { databaseConnection: SqliteConnection };
  await waitForOtherTransaction(databaseConnection, deadline);
  deadline.assert();
  // Nothing is awaited from here on.
  const run = ({ query }: Write): number => {
    const [sql, parameters] = query.getQueryAndParameters();
    dataSource.logger.logQuery(sql, parameters);
    return compile(databaseConnection, sql).run(...parameters).changes;
  };
  const [first] = writes;
  if (writes.length === 1 && first) {
    const changes = run(first);
    return first.claim !== undefined && changes !== 1
      ? { committed: false, lost: first.claim }
      : { committed: true, affected: [changes] };
  }
  compile(databaseConnection, 'BEGIN IMMEDIATE').run();
  try {
    const affected: number[] = [];
    for (const write of writes) {
      const changes = run(write);
      if (write.claim !== undefined && changes !== 1) return { committed: false, lost: write.claim };
      affected.push(changes);
    }
    compile(databaseConnection, 'COMMIT').run();
    return { committed: true, affected };
  } finally {
    if (databaseConnection.inTransaction) databaseConnection.exec('ROLLBACK');
  }
}

/**
 * Waits until the application's own transaction on the shared connection has ended, so that it doesn't include the module's
 * writes.
 *
 * @throws {Error} when that takes longer than the deadline
 */
async function waitForOtherTransaction(connection: SqliteConnection, deadline: Deadline): Promise<void> {
  while (connection.inTransaction) {
    if (deadline.left <= POLL_MS) {
      throw new Error(
        'a transaction stayed open on the only SQLite connection: end it before calling nestjs-mfa',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
