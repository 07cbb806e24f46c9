/** @jest-environment-options {"ownModules": true} */
import type { EventEmitter } from 'node:events';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { MfaException } from 'nestjs-mfa';
import { AuthenticationSession } from 'nestjs-mfa';

import { MfaStorage } from './mfa-storage.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { createDatabase, hasServer } from '../../../../test/support/servers.js';
import type { Client } from '../../../../test/support/client.js';
import type { Enrolled, TestApp } from '../../../../test/support/test-app.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../../../../test/support/test-app.js';

const onPostgres = (await hasServer('postgres')) ? describe : describe.skip;

async function withConnections(
  max: number,
  storage: object,
  work: (test: TestApp) => Promise<void>,
): Promise<void> {
  const { orm, drop } = await createDatabase('postgres');
  const test = await startTestApp({ orm: { ...orm, extra: { max } } as typeof orm, mfa: { storage } });
  try {
    await work(test);
  } finally {
    await test.close();
    await drop();
  }
}

async function signIn(test: TestApp, user: Enrolled): Promise<Client> {
  const client = await halfSignIn(test, user);
  const { status } = await client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
  expect(status).toBe(200);
  test.clock.advance(60);
  return client;
}

/** With one connection, each request finds what the previous one left there. */
const withOneConnection = withConnections.bind(null, 1);

interface Kept {
  name: string;
  statement: string;
  used: string;
}

const keptBy = ({ dataSource }: TestApp): Promise<Kept[]> =>
  dataSource.query(
    'SELECT name, statement, generic_plans + custom_plans AS used FROM pg_prepared_statements ORDER BY statement',
  );

interface PgClient {
  query: unknown;
  connection: { parsedStatements: object };
}

const clientsOf = ({ dataSource }: TestApp): PgClient[] =>
  (dataSource.driver as unknown as { master: { _clients: PgClient[] } }).master._clients;

/** The driver has no types of its own. */
const pg = createRequire(import.meta.url)('pg') as {
  Client: { prototype: { query: (this: object, ...sent: unknown[]) => Promise<unknown> } };
};

/** Only the part of a promise that `await` needs. */
const thenable = (promise: Promise<unknown>): PromiseLike<unknown> => ({
  then: (...given) => promise.then(...given),
});

const HINT = 'leave `storage.preparedStatements` off';

onPostgres('statements on PostgreSQL', () => {
  it('have names with `storage.preparedStatements`, and are used again', () =>
    withOneConnection({ preparedStatements: true }, async (test) => {
      const client = await signIn(test, await enroll(test));
      const [{ query } = { query: null }] = clientsOf(test);
      for (let turn = 0; turn < 3; turn += 1) expect((await client.get('/protected')).status).toBe(200);
      expect(clientsOf(test)).toEqual([expect.objectContaining({ query })]);
      const kept = await keptBy(test);
      for (const { name } of kept) expect(name).toMatch(/^mfa_[0-9a-f]{32}$/);
      const session = kept.filter(({ statement }) => /^SELECT .* FROM "mfa_session"/.test(statement));
      expect(Math.max(...session.map(({ used }) => Number(used)))).toBeGreaterThanOrEqual(3);
      expect(kept.map(({ statement }) => statement.split(' ', 1)[0])).toEqual(
        expect.arrayContaining(['INSERT', 'SELECT', 'UPDATE']),
      );
    }));

  it('have none where the application has not said so', () =>
    withOneConnection({}, async (test) => {
      const client = await signIn(test, await enroll(test));
      expect((await client.get('/protected')).status).toBe(200);
      expect(await keptBy(test)).toEqual([]);
    }));

  it('of the application stay without', () =>
    withOneConnection({ preparedStatements: true }, async (test) => {
      await enroll(test);
      const before = (await keptBy(test)).length;
      for (let turn = 0; turn < 3; turn += 1) await test.dataSource.query('SELECT $1::int AS one', [turn]);
      expect(await keptBy(test)).toHaveLength(before);
    }));

  it.each([
    ['are forgotten by the server', 'DEALLOCATE ALL'],
    [
      'return a column whose type a migration has changed',
      'ALTER TABLE mfa_session ALTER user_agent TYPE text',
    ],
  ])('go on without names when they %s', (_, sql) =>
    withOneConnection({ preparedStatements: true }, async (test) => {
      const user = await enroll(test);
      const client = await signIn(test, user);
      expect((await client.get('/protected')).status).toBe(200);
      await test.dataSource.query(sql);
      expect((await client.get('/protected')).status).toBe(200);
      expect((await client.get('/mfa/status')).status).toBe(200);
      expect((await (await signIn(test, user)).get('/protected')).status).toBe(200);
      expect(test.logger.lines.join('\n')).toContain(HINT);
      const before = (await keptBy(test)).length;
      expect((await client.post('/mfa/recovery-codes')).status).toBe(201);
      expect(await keptBy(test)).toHaveLength(before);
    }),
  );

  it('go on without names when theirs is taken on the connection', () =>
    withOneConnection({ preparedStatements: true }, async (test) => {
      const client = await signIn(test, await enroll(test));
      expect((await client.get('/protected')).status).toBe(200);
      const taken = await keptBy(test);
      // As when a pooler passes on a connection that another client has used: the driver doesn't know what is there.
      for (const { connection } of clientsOf(test)) connection.parsedStatements = {};
      expect(taken.length).toBeGreaterThan(0);
      expect((await client.get('/protected')).status).toBe(200);
      expect(test.logger.lines.join('\n')).toContain('already exists');
    }));

  it('are refused on many connections at once, and that is told once', () =>
    withConnections(4, { preparedStatements: true }, async (test) => {
      const client = await signIn(test, await enroll(test));
      const ask = () => Promise.all(Array.from({ length: 8 }, () => client.get('/protected')));
      await ask();
      for (const { connection } of clientsOf(test)) connection.parsedStatements = {};
      for (const { status } of await ask()) expect(status).toBe(200);
      expect(test.logger.lines.filter((line) => line.includes(HINT))).toHaveLength(1);
    }));

  describe('that change what is stored', () => {
    const change = (storage: MfaStorage) =>
      storage.write(
        storage.statements.update(AuthenticationSession, { ip: '127.0.0.1' }, 'id = :id', {
          id: randomUUID(),
        }),
      );

    it.each([
      ['written', 'ALTER TABLE mfa_session ALTER ip TYPE inet USING ip::inet'],
      ['compared', 'ALTER TABLE mfa_session ALTER id TYPE uuid USING id::uuid'],
    ])('go on without names when a column that is %s is of another type', (_, sql) =>
      withOneConnection({ preparedStatements: true }, async (test) => {
        const storage = test.app.get(MfaStorage);
        await change(storage);
        await test.dataSource.query(sql);
        await expect(change(storage)).resolves.toBe(0);
        expect(test.logger.lines.join('\n')).toContain(HINT);
      }),
    );

    it.each([true, false])(
      'are not tried again and again for an error of the application’s own with such a code (%p)',
      (preparedStatements) =>
        withOneConnection({ preparedStatements }, async (test) => {
          const storage = test.app.get(MfaStorage);
          await change(storage);
          await test.dataSource.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = '26000'; END $$`);
          await test.dataSource.query(
            'CREATE TRIGGER refusal BEFORE UPDATE ON mfa_session FOR EACH STATEMENT EXECUTE FUNCTION refuse()',
          );
          const startedAt = Date.now();
          await expect(change(storage)).rejects.toMatchObject({ code: 'storage_unavailable' });
          expect(Date.now() - startedAt).toBeLessThan(2000);
        }),
    );

    it('leave no rejection to nobody, whatever the logger does', () =>
      withOneConnection({ preparedStatements: true }, async (test) => {
        const storage = test.app.get(MfaStorage);
        await change(storage);
        await test.dataSource.query('DEALLOCATE ALL');
        const unhandled = jest.fn();
        process.on('unhandledRejection', unhandled);
        const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {
          throw new Error('the log is full');
        });
        await expect(change(storage)).rejects.toMatchObject({ code: 'storage_unavailable' });
        await expect(change(storage)).resolves.toBe(0);
        await new Promise(setImmediate);
        warn.mockRestore();
        process.off('unhandledRejection', unhandled);
        expect(unhandled).not.toHaveBeenCalled();
      }));

    it.each<[string, (ask: () => Promise<unknown>) => unknown]>([
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is what is tried
      ['rejects with nothing', () => Promise.reject(undefined)],
      ['answers with less than a promise', (ask) => thenable(ask())],
    ])('end as without names beside an instrumentation that %s', async (_, instrument) => {
      const { prototype } = pg.Client;
      const { query } = prototype;
      const outcome = async (preparedStatements: boolean) => {
        let ended: unknown;
        await withOneConnection({ preparedStatements }, async (test) => {
          const storage = test.app.get(MfaStorage);
          await change(storage);
          isInstrumented = true;
          ended = await change(storage).catch(({ code }: MfaException) => code);
          isInstrumented = false;
        });
        return ended;
      };
      let isInstrumented = false;
      const instrumented = jest.spyOn(prototype, 'query').mockImplementation(function (
        this: object,
        ...sent: unknown[]
      ) {
        const ask = () => query.apply(this, sent);
        return (isInstrumented ? instrument(ask) : ask()) as never;
      });
      const unhandled = jest.fn();
      process.on('unhandledRejection', unhandled);
      try {
        expect(await outcome(true)).toEqual(await outcome(false));
      } finally {
        process.off('unhandledRejection', unhandled);
        instrumented.mockRestore();
      }
      expect(unhandled).not.toHaveBeenCalled();
    });
  });

  it('have one name for all applications on one DataSource', () =>
    withOneConnection({ preparedStatements: true }, async (test) => {
      const { master } = test.dataSource.driver as unknown as { master: EventEmitter };
      const count = () => [master.listenerCount('acquire'), master.listenerCount('connect')];
      const before = count();
      for (let other = 0; other < 12; other += 1) new MfaStorage(test.dataSource, test.app.get(MFA_OPTIONS));
      expect(count()).toEqual(before);
      expect((await test.client().get('/public')).status).toBe(200);
    }));
});
