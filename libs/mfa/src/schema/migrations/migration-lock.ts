import type { QueryRunner } from 'typeorm';

import { dataSourceOf } from './data-source-of.js';

/** An arbitrary number, unlikely to be used by anyone else. */
const LOCK_ID = 7_246_313_587;
const LOCK_NAME = 'nestjs-mfa-migrations';
const LOCK_WAIT_SECONDS = 60;

/**
 * Runs migrations one instance at a time if several start together, which TypeORM doesn't ensure. SQLite locks its file
 * anyway; CockroachDB has no such lock, so tables are created only if missing.
 *
 * @throws {Error} on MySQL and MariaDB, when another instance holds the lock for more than a minute
 */
export async function oneAtATime(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const { type } = dataSourceOf(runner).options;
  if (type === 'postgres' && runner.isTransactionActive) {
    // Held until the changes are visible to others, at the end of the transaction.
    await runner.query(`SELECT pg_advisory_xact_lock(${LOCK_ID})`);
    return work();
  }
  if (type === 'postgres') {
    await runner.query(`SELECT pg_advisory_lock(${LOCK_ID})`);
    return finallyRun(work, () => runner.query(`SELECT pg_advisory_unlock(${LOCK_ID})`));
  }
  if (type !== 'mysql' && type !== 'mariadb') return work();
  // DDL would commit here anyway. While waiting for the lock, a transaction must not hold tables that the lock's holder
  // is about to change.
  await runner.query('COMMIT');
  const rows = (await runner.query(`SELECT GET_LOCK('${LOCK_NAME}', ${LOCK_WAIT_SECONDS}) AS taken`)) as {
    taken: number | string | null;
  }[];
  if (Number(rows[0]?.taken) !== 1)
    throw new Error(`Could not get the lock ${LOCK_NAME} within ${LOCK_WAIT_SECONDS} s`);
  return finallyRun(work, () => runner.query(`SELECT RELEASE_LOCK('${LOCK_NAME}')`));
}

async function finallyRun(work: () => Promise<void>, last: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } finally {
    await last();
  }
}
