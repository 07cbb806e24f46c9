/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationSession, MfaUserState } from 'nestjs-mfa';
import type { QueryRunner } from 'typeorm';
import { DataSource } from 'typeorm';

import { MfaStorage } from './mfa-storage.js';
import { turns } from '../../../../test/support/eventually.js';
import type { TestApp } from '../../../../test/support/test-app.js';
import { startTestApp } from '../../../../test/support/test-app.js';

/** Starts a transaction in another async context, as a different request would. */
async function beginElsewhere(runner: QueryRunner): Promise<void> {
  await Promise.resolve();
  await runner.startTransaction();
}

describe('storage on SQLite', () => {
  let test: TestApp;
  let storage: MfaStorage;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { rateLimit: { attempts: 1000 } }, database: ':memory:' });
    storage = test.app.get(MfaStorage);
  });
  afterAll(() => test.close());

  const insert = (userId: string) => ({
    query: test.dataSource.createQueryBuilder().insert().into(MfaUserState).values({
      userId,
      version: 0,
      attempts: 0,
      windowStartedAt: null,
      enrollmentStartedAt: null,
      userHandle: null,
    }),
  });
  const impossible = () => ({
    claim: 'impossible',
    query: test.dataSource
      .createQueryBuilder()
      .update(AuthenticationSession)
      .set({ status: 'pending' })
      .where('id = :id', { id: 'nothing' }),
  });
  const stored = async (prefix: string) =>
    (
      await test.dataSource.query(
        'SELECT user_id FROM mfa_user_state WHERE user_id LIKE ? ORDER BY user_id',
        [`${prefix}%`],
      )
    ).length;

  it('commits all writes or none', async () => {
    await expect(storage.commit([insert('whole-1'), insert('whole-2')])).resolves.toEqual({
      committed: true,
      affected: [1, 1],
    });
    await expect(storage.commit([insert('half-1'), impossible(), insert('half-2')])).resolves.toEqual({
      committed: false,
      lost: 'impossible',
    });
    await expect(storage.commit([impossible()])).resolves.toEqual({ committed: false, lost: 'impossible' });
    await expect(stored('whole')).resolves.toBe(2);
    await expect(stored('half')).resolves.toBe(0);
  });

  it('rolls back after an error in the middle and goes on working', async () => {
    await expect(storage.commit([insert('error-1'), insert('error-1')])).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
    await expect(stored('error')).resolves.toBe(0);
    await expect(storage.commit([insert('error-2'), insert('error-3')])).resolves.toMatchObject({
      committed: true,
    });
  });

  it('keeps commits, rollbacks and the statements of the application apart', async () => {
    const work = Array.from({ length: 100 }, (_, index) => {
      if (index % 3 === 0) return storage.commit([insert(`mix-kept-${index}`), insert(`mix-kept-${index}b`)]);
      if (index % 3 === 1) return storage.commit([insert(`mix-lost-${index}`), impossible()]);
      // A statement of the application on the same connection.
      return test.dataSource.query(
        'INSERT INTO mfa_user_state (user_id, version, attempts) VALUES (?, 0, 0)',
        [`mix-app-${index}`],
      );
    });
    await Promise.all(work);
    await expect(stored('mix-kept')).resolves.toBe(68);
    await expect(stored('mix-lost')).resolves.toBe(0);
    await expect(stored('mix-app')).resolves.toBe(33);
  });

  it('waits for a transaction of the application and is not undone by its rollback', async () => {
    const runner = test.dataSource.createQueryRunner();
    await beginElsewhere(runner);
    await runner.query(
      "INSERT INTO mfa_user_state (user_id, version, attempts) VALUES ('foreign-app', 0, 0)",
    );
    const commit = storage.commit([insert('foreign-ours')]);
    await turns();
    await runner.rollbackTransaction();
    await expect(commit).resolves.toMatchObject({ committed: true });
    await expect(stored('foreign-ours')).resolves.toBe(1);
    await expect(stored('foreign-app')).resolves.toBe(0);
  });

  it('gives up on a transaction that never ends, and grants nothing', async () => {
    const runner = test.dataSource.createQueryRunner();
    await beginElsewhere(runner);
    await expect(storage.commit([insert('stuck')])).rejects.toMatchObject({ code: 'storage_unavailable' });
    await runner.rollbackTransaction();
    await expect(stored('stuck')).resolves.toBe(0);
  }, 15_000);
});

describe('a SQLite file that another process writes to', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-busy-'));
  const database = join(folder, 'shared.sqlite');
  let test: TestApp;
  let storage: MfaStorage;
  let other: DataSource;
  beforeAll(async () => {
    // Otherwise the driver itself waits, and blocks the whole process.
    const orm = { type: 'better-sqlite3', database, timeout: 0 } as const;
    test = await startTestApp({ orm, mfa: { storage: { timeoutSeconds: 1 } } });
    other = await new DataSource(orm).initialize();
    storage = test.app.get(MfaStorage);
  });
  afterAll(async () => {
    await other.destroy();
    await test.close();
    rmSync(folder, { recursive: true });
  });

  const insert = (userId: string) => ({
    query: test.dataSource
      .createQueryBuilder()
      .insert()
      .into(MfaUserState)
      .values({ userId, version: 0, attempts: 0 }),
  });

  it('is waited for', async () => {
    await other.query('BEGIN IMMEDIATE');
    const commit = storage.commit([insert('waited-1'), insert('waited-2')]);
    await turns();
    await other.query('COMMIT');
    await expect(commit).resolves.toMatchObject({ committed: true });
  });

  it.each([1, 2])('is a conflict for %i writes, when it never lets go', async (count) => {
    await other.query('BEGIN EXCLUSIVE');
    try {
      const writes = ['never-1', 'never-2'].slice(0, count).map(insert);
      await expect(storage.commit(writes)).rejects.toMatchObject({ code: 'conflict', status: 409 });
      await expect(
        storage.read((reader) => reader.query('SELECT 1 FROM mfa_user_state')),
      ).rejects.toMatchObject({ code: 'conflict' });
    } finally {
      await other.query('ROLLBACK');
    }
    await expect(
      storage.read((reader) => reader.query("SELECT 1 FROM mfa_user_state WHERE user_id LIKE 'never%'")),
    ).resolves.toEqual([]);
  });
});
