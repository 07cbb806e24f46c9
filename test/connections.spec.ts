import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { MfaUserState } from 'nestjs-mfa';
import type { DataSource } from 'typeorm';

import { MfaStorage } from '../libs/mfa/src/storage/mfa-storage.js';
import { rowsOf } from './support/databases.js';
import type { ServerName } from './support/servers.js';
import { createDatabase, hasServer } from './support/servers.js';
import type { TestApp } from './support/test-app.js';
import { codeOf, enrol, halfSignIn, startTestApp } from './support/test-app.js';

const available = {
  postgres: await hasServer('postgres'),
  mariadb: await hasServer('mariadb'),
} satisfies Record<ServerName, boolean>;

const stateOf = (dataSource: DataSource, userId: string) => ({
  insertion: {
    query: dataSource
      .createQueryBuilder()
      .insert()
      .into(MfaUserState)
      .values({ userId, version: 0, attempts: 0 })
      .updateEntity(false),
  },
  update: {
    query: dataSource
      .createQueryBuilder()
      .update(MfaUserState)
      .set({ version: () => 'version + 1' })
      .where('user_id = :userId', { userId }),
  },
});

describe.each<ServerName>(['postgres', 'mariadb'])('connections to %s', (name) => {
  const runs = available[name] ? it : it.skip;
  let test: TestApp;
  let other: DataSource;
  let drop: (this: void) => Promise<void> = () => Promise.resolve();
  let close: () => Promise<void> = () => Promise.resolve();

  const start = async (extra: Record<string, unknown> = {}) => {
    const database = await createDatabase(name);
    drop = database.drop;
    test = await startTestApp({
      orm: { ...database.orm, extra } as never,
      mfa: { storage: { timeoutSeconds: 2 } },
    });
    const { DataSource: Source } = await import('typeorm');
    other = await new Source(database.orm as never).initialize();
    close = async () => {
      await other.destroy();
      await test.close();
      await drop();
    };
  };

  /** Holds the row of that user in another transaction while the work is done. */
  const whileLocked = async (userId: string, work: () => Promise<void>) => {
    const runner = other.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`UPDATE mfa_user_state SET attempts = 7 WHERE user_id = '${userId}'`);
    try {
      await work();
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  };
  const exists = async (userId: string) =>
    (await other.query(`SELECT user_id FROM mfa_user_state WHERE user_id = '${userId}'`)).length === 1;

  describe('as the driver makes them', () => {
    beforeAll(async () => {
      if (available[name]) await start();
    }, 30_000);
    afterAll(() => close());

    const cut = async () => {
      if (name === 'postgres') {
        await other.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        );
        return;
      }
      const sql =
        'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()';
      for (const { id } of await other.query(sql)) await other.query(`KILL ${id}`).catch(() => undefined);
    };

    runs(
      'that are cut in the middle of requests answer 503 or what they always do, and come back by themselves',
      async () => {
        const { id, recoveryCodes } = await enrol(test);
        for (const code of recoveryCodes.slice(0, 5)) {
          const halves = await Promise.all(Array.from({ length: 6 }, () => halfSignIn(test, { id })));
          const sent = Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code })));
          await wait(5);
          await cut();
          const answers = await sent;
          expect(answers.map(({ status }) => status).filter((one) => ![200, 400, 503].includes(one))).toEqual(
            [],
          );
          expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
          await wait(50);
        }
        const half = await halfSignIn(test, { id });
        const last = recoveryCodes.at(-1);
        expect((await half.post('/mfa/authenticate', { code: last })).status).toBe(200);
      },
      30_000,
    );

    runs(
      'that wait for a lock answer 503 in time, and are not tried again after that',
      async () => {
        const storage = test.app.get(MfaStorage);
        const { insertion } = stateOf(test.dataSource, 'locked');
        await storage.commit([insertion]);
        await whileLocked('locked', async () => {
          const startedAt = Date.now();
          const { update } = stateOf(test.dataSource, 'locked');
          await expect(storage.commit([update])).rejects.toMatchObject({ code: 'storage_unavailable' });
          expect(Date.now() - startedAt).toBeLessThan(3000);
        });
      },
      30_000,
    );

    runs('take a read again that the engine has undone', async () => {
      if (name !== 'postgres') return;
      await other.query('CREATE SEQUENCE tries');
      // A sequence counts on in a transaction that is undone.
      await other.query(`CREATE FUNCTION read_again() RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE try bigint := nextval('tries');
        BEGIN IF try < 3 THEN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END IF; RETURN try; END $$`);
      const [row] = await test.app
        .get(MfaStorage)
        .read((dataSource) => rowsOf(dataSource, 'SELECT read_again() AS tries'));
      expect(Number(row.tries)).toBe(3);
    });
  });

  describe('whose driver gives up on a statement', () => {
    beforeAll(async () => {
      // One connection, so that the next request gets the same.
      if (available[name]) await start({ query_timeout: 300, max: 1 });
    }, 30_000);
    afterAll(() => close());

    runs(
      'are not used again with a transaction open in them',
      async () => {
        if (name !== 'postgres') return;
        const storage = test.app.get(MfaStorage);
        await storage.commit([stateOf(test.dataSource, 'busy').insertion]);
        await whileLocked('busy', async () => {
          const half = [stateOf(test.dataSource, 'half').insertion, stateOf(test.dataSource, 'busy').update];
          await expect(storage.commit(half)).rejects.toMatchObject({ code: 'storage_unavailable' });
        });
        const whole = [
          stateOf(test.dataSource, 'whole-1').insertion,
          stateOf(test.dataSource, 'whole-2').insertion,
        ];
        await expect(storage.commit(whole)).resolves.toMatchObject({ committed: true });
        await expect(exists('whole-1')).resolves.toBe(true);
        await expect(exists('half')).resolves.toBe(false);
      },
      30_000,
    );
  });
});

const onPostgres = available.postgres ? describe : describe.skip;

onPostgres('a connection to postgres that is cut as it is made', () => {
  it('does not end the process', async () => {
    const database = await createDatabase('postgres');
    const test = await startTestApp({ orm: database.orm });
    interface Client {
      emit(event: 'error', error: Error): void;
    }
    interface Pool {
      connect(then: (error: unknown, client: Client, release: (error?: Error) => void) => void): void;
    }
    const { master } = test.dataSource.driver as unknown as { master: Pool };
    // More than there are, so that new ones are made.
    const cutAtOnce = Array.from(
      { length: 5 },
      () =>
        new Promise<void>((resolve, reject) => {
          master.connect((error, client, release) => {
            if (error) return reject(error as Error);
            const cut = new Error('terminating connection due to administrator command');
            try {
              client.emit('error', cut);
              resolve();
            } catch (unheard) {
              reject(unheard as Error);
            } finally {
              release(cut);
            }
          });
        }),
    );
    await Promise.all(cutAtOnce);
    const { id, secret } = await enrol(test);
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(200);
    await test.close();
    await database.drop();
  }, 30_000);
});
