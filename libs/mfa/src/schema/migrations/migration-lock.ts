import type { QueryRunner } from 'typeorm';

import { dataSourceOf } from './data-source-of.js';

/** Any number that nobody else uses. */
const LOCK_ID = 7_246_313_587;
const LOCK_NAME = 'nestjs-mfa-migrations';
const LOCK_WAIT_SECONDS = 60;

/**
 * Runs one instance after another where several start at once: TypeORM itself does not see to it. SQLite locks its file by
 * itself; CockroachDB has no such lock, and there the tables are made if they are not there.
 *
 * @throws {Error} on MySQL and MariaDB, when another instance holds the lock for longer than a minute
 */
export async function oneAtATime(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const { type } = dataSourceOf(runner).options;
  if (type === 'postgres' && runner.isTransactionActive) {
    // Held until the others can see what was made: the end of the transaction.
    await runner.query(`SELECT pg_advisory_xact_lock(${LOCK_ID})`);
    return work();
  }
  if (type === 'postgres') {
    await runner.query(`SELECT pg_advisory_lock(${LOCK_ID})`);
    return finallyRun(work, () => runner.query(`SELECT pg_advisory_unlock(${LOCK_ID})`));
  }
  if (type !== 'mysql' && type !== 'mariadb') return work();
  // As any DDL would do there. Who waits for the lock must not hold tables that its holder is about to change.
  await runner.query('COMMIT');
  const rows = (await runner.query(`SELECT GET_LOCK('${LOCK_NAME}', ${LOCK_WAIT_SECONDS}) AS taken`)) as {
    taken: number | string | null;
  }[];
  if (Number(rows[0]?.taken) !== 1) throw new Error(`No lock ${LOCK_NAME} within ${LOCK_WAIT_SECONDS} s`);
  return finallyRun(work, () => runner.query(`SELECT RELEASE_LOCK('${LOCK_NAME}')`));
}

async function finallyRun(work: () => Promise<void>, last: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } finally {
    await last();
  }
}
