import type { QueryRunner } from 'typeorm';

/** Any number that nobody else uses. */
const LOCK_ID = 7_246_313_587;
const LOCK_NAME = 'nestjs-mfa-migrations';
const LOCK_WAIT_SECONDS = 60;

/**
 * Runs one instance after another where several start at once: TypeORM itself does not see to it. PostgreSQL holds the lock
 * until the migration's transaction ends. SQLite locks its file by itself; CockroachDB has no such lock, and there the tables
 * are made if they are not there.
 */
export async function oneAtATime(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  const { type } = runner.dataSource.options;
  if (type === 'postgres') {
    await runner.query(`SELECT pg_advisory_xact_lock(${LOCK_ID})`);
    return work();
  }
  if (type !== 'mysql' && type !== 'mariadb') return work();
  await runner.query(`SELECT GET_LOCK('${LOCK_NAME}', ${LOCK_WAIT_SECONDS})`);
  try {
    await work();
  } finally {
    await runner.query(`SELECT RELEASE_LOCK('${LOCK_NAME}')`);
  }
}
