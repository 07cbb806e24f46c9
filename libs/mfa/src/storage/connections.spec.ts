/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MfaUserState, configureMfaTables } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import type { Write } from './mfa-storage.js';
import { MfaStorage } from './mfa-storage.js';
import { MfaEvents, MfaJournal } from '../engine/journal/mfa-journal.js';
import { APPLICATION_SOURCE } from '../engine/rows/mfa-request.js';
import { eventually } from '../../../../test/support/eventually.js';
import type { ServerName } from '../../../../test/support/servers.js';
import { createDatabase, hasServer } from '../../../../test/support/servers.js';
import type { TestApp } from '../../../../test/support/test-app.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../../../../test/support/test-app.js';

const available = {
  postgres: await hasServer('postgres'),
  mariadb: await hasServer('mariadb'),
} satisfies Record<ServerName, boolean>;

interface Setting {
  test: TestApp;
  storage: MfaStorage;
  /** A second connection to the same database. */
  other: DataSource;
}

/** An application on a database of its own, with additional driver options. */
async function within(
  name: ServerName,
  work: (setting: Setting) => Promise<void>,
  extra: object = {},
  options: object = {},
): Promise<void> {
  configureMfaTables({ binaryCollation: name === 'mariadb' });
  const { orm, drop } = await createDatabase(name);
  const test = await startTestApp({
    orm: { ...orm, ...options, extra } as typeof orm,
    mfa: { storage: { timeoutSeconds: 2 }, rateLimit: { attempts: 1000 } },
  });
  const other = await new DataSource(orm as never).initialize();
  try {
    await work({ test, storage: test.app.get(MfaStorage), other });
  } finally {
    await other.destroy();
    await test.close();
    await drop();
  }
}

const insertion = ({ test: { dataSource } }: Setting, userId: string): Write => ({
  query: dataSource
    .createQueryBuilder()
    .insert()
    .into(MfaUserState)
    .values({ userId, version: 0, attempts: 0 }),
});

const update = ({ test: { dataSource } }: Setting, userId: string): Write => ({
  query: dataSource
    .createQueryBuilder()
    .update(MfaUserState)
    .set({ version: () => 'version + 1' })
    .where('user_id = :userId', { userId }),
});

/** Locks that user's row in another transaction while the work is done. */
async function whileLocked({ other }: Setting, userId: string, work: () => Promise<void>): Promise<void> {
  const runner = other.createQueryRunner();
  await runner.startTransaction();
  await runner.query(`UPDATE mfa_user_state SET attempts = 7 WHERE user_id = '${userId}'`);
  try {
    await work();
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

/** Closes all connections except the caller's. */
async function cut(name: ServerName, other: DataSource): Promise<void> {
  if (name === 'postgres') {
    await other.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return;
  }
  const sql = 'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()';
  for (const { id } of await other.query(sql)) await other.query(`KILL ${id}`).catch(() => undefined);
}

describe.each<ServerName>(['postgres', 'mariadb'])('connections to %s', (name) => {
  const runs = available[name] ? it : it.skip;

  runs(
    'that are cut in the middle of requests answer 503 or as ever, and come back by themselves',
    () =>
      within(name, async ({ test, other }) => {
        const { id, recoveryCodes } = await enroll(test);
        for (const code of recoveryCodes.slice(0, 5)) {
          const halves = await Promise.all(Array.from({ length: 6 }, () => halfSignIn(test, { id })));
          const sent = Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code })));
          await wait(5);
          await cut(name, other);
          const statuses = (await sent).map(({ status }) => status);
          expect(statuses.filter((one) => ![200, 400, 503].includes(one))).toEqual([]);
          expect(statuses.filter((one) => one === 200).length).toBeLessThanOrEqual(1);
          await wait(50);
        }
        const half = await halfSignIn(test, { id });
        expect((await half.post('/mfa/authenticate', { code: recoveryCodes.at(-1) })).status).toBe(200);
      }),
    30_000,
  );

  runs(
    'that wait for a lock answer 503 in time',
    () =>
      within(name, async (setting) => {
        await setting.storage.commit([insertion(setting, 'locked')]);
        await whileLocked(setting, 'locked', async () => {
          const startedAt = Date.now();
          const commit = setting.storage.commit([update(setting, 'locked')]);
          await expect(commit).rejects.toMatchObject({ code: 'storage_unavailable' });
          expect(Date.now() - startedAt).toBeLessThan(3000);
        });
      }),
    30_000,
  );

  runs(
    'that came too late change nothing any more, and all goes on',
    () =>
      within(
        name,
        async (setting) => {
          const { storage, other } = setting;
          for (const id of ['locked', 'late']) await storage.commit([insertion(setting, id)]);
          await whileLocked(setting, 'locked', async () => {
            // The first holds the only connection and the others wait for it; the last is a transaction.
            const waiting = [
              storage.commit([update(setting, 'locked')]),
              storage.commit([update(setting, 'late')]),
              storage.commit([update(setting, 'late'), update(setting, 'late')]),
            ];
            for (const commit of waiting)
              await expect(commit).rejects.toMatchObject({ code: 'storage_unavailable' });
          });
          await expect(storage.read((reader) => reader.query('SELECT 1 AS one'))).resolves.toEqual([
            { one: 1 },
          ]);
          const rows = await other.query("SELECT version FROM mfa_user_state WHERE user_id = 'late'");
          expect(rows).toEqual([{ version: 0 }]);
        },
        name === 'postgres' ? { max: 1 } : { connectionLimit: 1 },
      ),
    30_000,
  );

  runs(
    'on which a statement went through after it was refused let its event be heard',
    () =>
      within(name, async (setting) => {
        const { test, storage } = setting;
        await storage.commit([insertion(setting, 'locked')]);
        const heard: string[] = [];
        test.app.get(MfaEvents).on('mfa.attempts.exhausted', ({ userId }) => void heard.push(userId));
        await whileLocked(setting, 'locked', async () => {
          const commit = test.app.get(MfaJournal).commit([update(setting, 'locked')], {
            user: { id: 'locked' },
            source: APPLICATION_SOURCE,
            events: [{ type: 'mfa.attempts.exhausted', data: { attempts: 5, windowSeconds: 300 } }],
          });
          await expect(commit).rejects.toMatchObject({ code: 'storage_unavailable' });
          expect(heard).toEqual([]);
        });
        await eventually('the event', () => heard.length > 0);
        expect(heard).toEqual(['locked']);
      }),
    30_000,
  );

  runs(
    'that hold what they were sent are not waited for in an endless queue',
    () =>
      within(name, async (setting) => {
        const { storage } = setting;
        await storage.commit([insertion(setting, 'locked')]);
        await whileLocked(setting, 'locked', async () => {
          const waiting = Array.from({ length: 250 }, () => storage.commit([update(setting, 'locked')]));
          await Promise.allSettled(waiting);
          const startedAt = Date.now();
          const next = storage.read((reader) => reader.query('SELECT 1 AS one'));
          await expect(next).rejects.toMatchObject({ code: 'storage_unavailable' });
          expect(Date.now() - startedAt).toBeLessThan(500);
        });
        await wait(500);
        const rows = storage.read((reader) => reader.query('SELECT 1 AS one'));
        await expect(rows).resolves.toEqual([{ one: 1 }]);
      }),
    30_000,
  );
});

(available.postgres ? describe : describe.skip)('connections to PostgreSQL', () => {
  it(
    'that others keep winning against answer 409, and tell nobody of an outage',
    () =>
      within('postgres', async (setting) => {
        const { test, storage, other } = setting;
        await storage.commit([insertion(setting, 'busy')]);
        await other.query(`CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE EXCEPTION 'another was faster' USING ERRCODE = '40001'; END $$`);
        await other.query(
          'CREATE TRIGGER contention BEFORE UPDATE ON mfa_user_state FOR EACH ROW EXECUTE FUNCTION conflict()',
        );
        const startedAt = Date.now();
        await expect(storage.commit([update(setting, 'busy')])).rejects.toMatchObject({ code: 'conflict' });
        expect(Date.now() - startedAt).toBeLessThan(2500);
        expect(test.logger.lines.join('\n')).not.toContain('The database refused');
      }),
    30_000,
  );

  it(
    'take a read again that the server has undone',
    () =>
      within('postgres', async ({ storage, other }) => {
        // A sequence keeps counting when a transaction is rolled back.
        await other.query('CREATE SEQUENCE tries');
        await other.query(`CREATE FUNCTION third_time() RETURNS int LANGUAGE plpgsql AS $$
        DECLARE try int := nextval('tries');
        BEGIN IF try < 3 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END IF; RETURN try; END $$`);
        const rows = await storage.read((dataSource) => dataSource.query('SELECT third_time()'));
        expect(rows).toEqual([{ third_time: 3 }]);
      }),
    30_000,
  );

  it(
    'are not used again with a transaction open in them that the driver has given up on',
    () =>
      within(
        'postgres',
        async (setting) => {
          const { storage, other } = setting;
          await storage.commit([insertion(setting, 'busy')]);
          await whileLocked(setting, 'busy', async () => {
            const commit = storage.commit([insertion(setting, 'half'), update(setting, 'busy')]);
            await expect(commit).rejects.toMatchObject({ code: 'storage_unavailable' });
          });
          const whole = [insertion(setting, 'whole-1'), insertion(setting, 'whole-2')];
          await expect(storage.commit(whole)).resolves.toMatchObject({ committed: true });
          const rows = await other.query(
            "SELECT user_id FROM mfa_user_state WHERE user_id <> 'busy' ORDER BY 1",
          );
          expect(rows).toEqual([{ user_id: 'whole-1' }, { user_id: 'whole-2' }]);
        },
        // Few connections, so that the next request gets the same one.
        { query_timeout: 300, max: 2 },
      ),
    30_000,
  );

  it(
    'come back to the pool while a lock is held, when the server has a limit for statements',
    () =>
      within(
        'postgres',
        async (setting) => {
          const { storage } = setting;
          await storage.commit([insertion(setting, 'locked')]);
          await whileLocked(setting, 'locked', async () => {
            const waiting = Array.from({ length: 4 }, () => storage.commit([update(setting, 'locked')]));
            const others = storage.commit([insertion(setting, 'free')]);
            for (const commit of waiting)
              await expect(commit).rejects.toMatchObject({ code: 'storage_unavailable' });
            await expect(others).resolves.toMatchObject({ committed: true });
          });
        },
        { statement_timeout: 300, max: 2 },
      ),
    30_000,
  );

  it(
    'may be cut as they are made',
    () =>
      within('postgres', async ({ test }) => {
        interface Client {
          emit(event: 'error', error: Error): void;
        }
        interface Pool {
          connect(then: (error: unknown, client: Client, release: (error?: Error) => void) => void): void;
          on(event: 'connect', listener: (client: Client) => void): void;
        }
        const { master } = test.dataSource.driver as unknown as { master: Pool };
        const made = new Set<Client>();
        master.on('connect', (client) => made.add(client));
        const gone = new Error('terminating connection due to administrator command');
        const connect = () =>
          new Promise<void>((resolve, reject) => {
            master.connect((error, client, release) => {
              if (error) return reject(new Error('no connection', { cause: error }));
              try {
                // As pg does when the server's last message arrives together with the first.
                if (made.has(client)) client.emit('error', gone);
                resolve();
              } catch (unheard) {
                reject(new Error('nobody listens', { cause: unheard }));
              } finally {
                release(gone);
              }
            });
          });
        await Promise.all(Array.from({ length: 5 }, connect));
        expect(made.size).toBeGreaterThan(0);
        expect((await test.client().get('/public')).status).toBe(200);
      }),
    30_000,
  );
});

(available.mariadb ? describe : describe.skip)('connections to MariaDB', () => {
  it(
    'without FOUND_ROWS count what an update found, not only what it changed',
    () =>
      within(
        'mariadb',
        async (setting) => {
          const { test, storage } = setting;
          await storage.commit([insertion(setting, 'one'), insertion(setting, 'two')]);
          const unchanged = (where: string): Write => ({
            claim: 'unchanged',
            query: test.dataSource
              .createQueryBuilder()
              .update(MfaUserState)
              .set({ attempts: 0 })
              .where(where),
          });
          for (const language of ['en_US', 'de_DE', 'ja_JP']) {
            await test.dataSource.query(`SET SESSION lc_messages = '${language}'`);
            await expect(storage.commit([unchanged("user_id = 'one'")])).resolves.toEqual({
              committed: true,
              affected: [1],
            });
          }
          const both = [unchanged("user_id = 'one'"), unchanged("user_id = 'two'")];
          await expect(storage.commit(both)).resolves.toEqual({ committed: true, affected: [1, 1] });
          await expect(storage.commit([unchanged("user_id = 'nobody'")])).resolves.toEqual({
            committed: false,
            lost: 'unchanged',
          });
          const { id, secret } = await enroll(test);
          const half = await halfSignIn(test, { id });
          const answer = await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
          expect(answer.status).toBe(200);
        },
        // One connection, so that each language is used.
        { connectionLimit: 1 },
        { flags: ['-FOUND_ROWS'] },
      ),
    30_000,
  );
});
