import { AsyncLocalStorage } from 'node:async_hooks';

import type { DataSource, EntitySubscriberInterface, QueryRunner, TransactionStartEvent } from 'typeorm';

interface Transaction {
  runner: QueryRunner;
  isOpen: boolean;
}

/** The transaction that the code which runs now, or what called it, has begun. */
const begun = new AsyncLocalStorage<Transaction>();

const watched = new WeakSet<DataSource>();
/** The connections of our own commits: nothing of the application's runs in these. */
const own = new WeakSet<QueryRunner>();

/** Keeps in mind who begins transactions. Other requests may have one open on the same connection, so it can't be asked for. */
export function watchTransactions(dataSource: DataSource): void {
  if (watched.has(dataSource)) return;
  watched.add(dataSource);
  dataSource.subscribers.push(new TransactionWatch());
}

/** Tells the runner of a commit of this module from the application's. */
export function markAsOwn(runner: QueryRunner): void {
  own.add(runner);
}

/** Whether the caller is inside a transaction of the application's on this DataSource. */
export function isInsideTransaction(dataSource: DataSource): boolean {
  const transaction = begun.getStore();
  return (
    transaction?.isOpen === true &&
    transaction.runner.isTransactionActive &&
    !transaction.runner.isReleased &&
    transaction.runner.manager.connection === dataSource
  );
}

class TransactionWatch implements EntitySubscriberInterface {
  private readonly open = new WeakMap<QueryRunner, Transaction>();

  /** TypeORM calls this before it awaits anything, so that what is entered here reaches its caller. */
  beforeTransactionStart({ queryRunner: runner }: TransactionStartEvent): void {
    if (own.has(runner)) return;
    const outer = this.open.get(runner);
    const transaction = outer?.isOpen ? outer : { runner, isOpen: true };
    this.open.set(runner, transaction);
    begun.enterWith(transaction);
  }

  afterTransactionCommit({ queryRunner: runner }: TransactionStartEvent): void {
    this.close(runner);
  }

  afterTransactionRollback({ queryRunner: runner }: TransactionStartEvent): void {
    this.close(runner);
  }

  /** A savepoint that ends leaves the transaction around it open. */
  private close(runner: QueryRunner): void {
    const transaction = this.open.get(runner);
    if (transaction && !runner.isTransactionActive) transaction.isOpen = false;
  }
}
