/** @jest-environment-options {"ownModules": true} */
import { setTimeout as wait } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MfaService, RecoveryCodesService, useBinaryCollation } from 'nestjs-mfa';
import type { DataSource } from 'typeorm';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { Gate } from '../support/gate.js';
import { createDatabase, hasServer } from '../support/servers.js';
import type { ServerName } from '../support/servers.js';
import type { TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

const available = {
  postgres: await hasServer('postgres'),
  mariadb: await hasServer('mariadb'),
} satisfies Record<ServerName, boolean>;

const onServer = (name: ServerName) => (available[name] ? describe : describe.skip);

/** Holds the COMMIT by which a factor becomes one, and no other. */
function holdActivation(dataSource: DataSource): { gate: Gate; restore(): void } {
  const original = dataSource.createQueryRunner.bind(dataSource);
  const gate = new Gate();
  gate.close();
  dataSource.createQueryRunner = (mode) => {
    const runner = original(mode);
    const [query, commit] = [runner.query.bind(runner), runner.commitTransaction.bind(runner)];
    let activates = false;
    runner.query = (...given: Parameters<typeof query>) => {
      activates ||= /^INSERT INTO .mfa_authenticator\b/.test(given[0]);
      return query(...given) as never;
    };
    runner.commitTransaction = async () => {
      if (activates) await gate.pass();
      return commit();
    };
    return runner;
  };
  return { gate, restore: () => (dataSource.createQueryRunner = original) };
}

describe.each<ServerName>(['postgres', 'mariadb'])('the main job on %s', (name) => {
  const runs = available[name] ? it : it.skip;
  let test: TestApp;
  let drop: (this: void) => Promise<void> = () => Promise.resolve();
  beforeAll(async () => {
    if (!available[name]) return;
    if (name === 'mariadb') useBinaryCollation();
    const database = await createDatabase(name);
    drop = database.drop;
    test = await startTestApp({
      orm: database.orm,
      mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, rateLimit: { attempts: 1000 } },
    });
  }, 30_000);
  afterAll(async () => {
    if (available[name]) await test.close();
    await drop();
  });

  const parallel = async (count: number, send: (index: number) => Promise<{ status: number }>) =>
    (await Promise.all(Array.from({ length: count }, (_, index) => send(index)))).map(({ status }) => status);

  runs(
    'one code, one recovery code and one activation count once under parallel requests',
    async () => {
      const { id, secret, recoveryCodes, client } = await enroll(test);
      for (const code of [codeOf(secret, test.clock), recoveryCodes[0]]) {
        const halves = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(test, { id })));
        const statuses = await parallel(25, (index) =>
          (halves[index] ?? client).post('/mfa/authenticate', { code }),
        );
        expect(statuses.filter((status) => status === 200)).toHaveLength(1);
        expect(statuses.filter((status) => status === 400)).toHaveLength(24);
      }
      const fresh = test.client();
      await fresh.post('/login', { id: newUserId() });
      const { body: setup } = await fresh.post('/mfa/totp');
      const code = codeOf(setup.secret, test.clock);
      const statuses = await parallel(25, () => fresh.clone().post('/mfa/totp/activate', { code }));
      expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    },
    30_000,
  );

  runs('ten different recovery codes at once are all good', async () => {
    const { id, recoveryCodes, client } = await enroll(test);
    const halves = await Promise.all(recoveryCodes.map(() => halfSignIn(test, { id })));
    const statuses = await parallel(10, (index) =>
      (halves[index] ?? client).post('/mfa/authenticate', { code: recoveryCodes[index] }),
    );
    expect(statuses).toEqual(Array(10).fill(200));
    expect((await client.get('/mfa/recovery-codes')).body).toMatchObject({ total: 10, remaining: 0 });
  });

  runs('a wrong code beside new recovery codes is a wrong code', async () => {
    const { client, id } = await enroll(test);
    const halves = await Promise.all(Array.from({ length: 6 }, () => halfSignIn(test, { id })));
    const [answers] = await Promise.all([
      Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code: '00000000' }))),
      parallel(6, () => client.clone().post('/mfa/recovery-codes')),
    ]);
    expect(answers.map(({ body }) => body.code)).toEqual(Array(6).fill('incorrect_code'));
  });

  runs('a key registers, signs in, and goes with all that hangs on it', async () => {
    const client = test.client();
    const key = new SoftwareAuthenticator();
    await client.post('/login', { id: newUserId() });
    const { body: creation } = await client.post('/mfa/webauthn/options', { passwordless: true });
    const { body } = await client.post('/mfa/webauthn', { credential: key.create(creation) });
    expect(body.recoveryCodes).toHaveLength(10);
    const { body: request } = await client.post('/mfa/passkey/options');
    const credential = key.get(request);
    const statuses = await parallel(10, () => test.client().post('/mfa/passkey', { credential }));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect((await client.delete(`/mfa/authenticators/${body.authenticator.id}`)).status).toBe(204);
    expect((await client.get('/mfa/authenticators')).body).toEqual([]);
  });

  runs('users whose ids differ in case or accents are different users', async () => {
    const recoveryCodes = test.app.get(RecoveryCodesService);
    const mfa = test.app.get(MfaService);
    users.set('Ädmin', { id: 'Ädmin' });
    const client = test.client();
    await client.post('/login', { id: 'Ädmin' });
    const { body: setup } = await client.post('/mfa/totp');
    const { body } = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    for (const id of ['admin', 'ädmin', 'ADMIN']) {
      await expect(mfa.isMfaEnabled({ id })).resolves.toBe(false);
      await expect(recoveryCodes.validate({ id }, body.recoveryCodes[0])).resolves.toBe(false);
    }
    await expect(mfa.isMfaEnabled({ id: 'Ädmin' })).resolves.toBe(true);
  });

  runs(
    'a password alone that signs in while the first factor is activated does not outlast it',
    async () => {
      const client = test.client();
      const id = newUserId();
      await client.post('/login', { id });
      const { body: setup } = await client.post('/mfa/totp');
      const commit = holdActivation(test.dataSource);
      const activation = client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      await commit.gate.holds(1);
      const late = test.client();
      const login = late.post('/login', { id });
      // It waits for what the activation has locked, or is through before it.
      await Promise.race([login, wait(300)]);
      commit.gate.open();
      expect((await activation).status).toBe(201);
      const { body } = await login;
      commit.restore();
      // It saw no factor and its session is over now, or it saw the factor, or it was ended before it was told.
      expect(body.status ?? body.code).toMatch(/^(authenticated|mfa_required|session_expired)$/);
      expect((await late.get('/me')).status).toBe(401);
    },
    20_000,
  );
});

onServer('mariadb')('a MariaDB schema that compares without case', () => {
  it('stops the boot with the remedy', async () => {
    const database = await createDatabase('mariadb');
    const first = await startTestApp({ orm: database.orm });
    await first.dataSource.query(
      'ALTER TABLE mfa_session MODIFY user_id varchar(191) COLLATE utf8mb4_general_ci NOT NULL',
    );
    await first.close();
    await expect(startTestApp({ orm: { ...database.orm, synchronize: false } })).rejects.toThrow(
      /mfa_session\.user_id .*useBinaryCollation/,
    );
    await database.drop();
  });
});
