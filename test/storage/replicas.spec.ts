import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { AuthenticationSessionService, MFA_ENTITIES, MfaAdminService, MfaAuditService } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { ENGINE, emptyDatabase } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

type Story = [story: string, tell: (test: TestApp) => Promise<void>];

/** What goes wrong when a decision is made on rows that are not the newest. */
const STORIES: Story[] = [
  [
    'a password alone signs no enrolled user in',
    async (test) => {
      const { id, secret } = await enroll(test);
      const half = await halfSignIn(test, { id });
      expect((await half.get('/me')).status).toBe(401);
      const { status, body } = await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect([status, body.status]).toEqual([200, 'authenticated']);
      expect((await half.get('/protected')).status).toBe(200);
    },
  ],
  [
    'the request after a sign-in knows the session',
    async (test) => {
      const client = test.client();
      const id = newUserId();
      expect((await client.post('/login', { id })).body.status).toBe('authenticated');
      expect((await client.get('/me')).body.id).toBe(id);
    },
  ],
  [
    'an ended session is over, and so is a token that was replaced',
    async (test) => {
      const { client, secret } = await enroll(test);
      const old = client.clone();
      expect((await old.get('/protected')).status).toBe(200);
      await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect((await old.get('/me')).status).toBe(401);
      const same = client.clone();
      expect((await client.delete('/mfa/session')).status).toBe(204);
      expect((await same.get('/me')).status).toBe(401);
    },
  ],
  [
    'ending all sessions ends them',
    async (test) => {
      const { client, id } = await enroll(test);
      expect((await client.get('/me')).status).toBe(200);
      await test.app.get(AuthenticationSessionService).revokeAll({ id });
      expect((await client.get('/me')).status).toBe(401);
    },
  ],
  [
    'a recovery code counts down, and new ones replace it',
    async (test) => {
      const { client, id, recoveryCodes } = await enroll(test);
      const half = await halfSignIn(test, { id });
      expect((await half.post('/mfa/authenticate', { code: recoveryCodes[0] })).status).toBe(200);
      expect((await client.get('/mfa/recovery-codes')).body).toMatchObject({ total: 10, remaining: 9 });
      const { status, body } = await client.post('/mfa/recovery-codes');
      expect([status, body.codes.length]).toEqual([201, 10]);
      const again = await halfSignIn(test, { id });
      expect((await again.post('/mfa/authenticate', { code: recoveryCodes[1] })).status).toBe(400);
    },
  ],
  [
    'a key registers, is used, and is gone once it is removed',
    async (test) => {
      const client = test.client();
      const key = new SoftwareAuthenticator();
      const id = newUserId();
      await client.post('/login', { id });
      const { body: creation } = await client.post('/mfa/webauthn/options');
      const { body } = await client.post('/mfa/webauthn', { credential: key.create(creation) });
      const half = await halfSignIn(test, { id });
      const { body: request } = await half.post('/mfa/authenticate/webauthn/options');
      const used = await half.post('/mfa/authenticate/webauthn', { credential: key.get(request) });
      expect(used.status).toBe(200);
      expect((await client.delete(`/mfa/authenticators/${body.authenticator.id}`)).status).toBe(204);
      expect((await client.get('/mfa/status')).body).toMatchObject({ enabled: false });
      expect((await test.client().post('/login', { id })).body.status).toBe('authenticated');
    },
  ],
  [
    'administrators see what is',
    async (test) => {
      const { client, id } = await enroll(test);
      const admin = test.app.get(MfaAdminService);
      const factors = async () => (await admin.status(id)).authenticators.map(({ type }) => type);
      expect(await factors()).toContain('totp');
      await admin.reset(id, 'a lost phone');
      expect(await factors()).toEqual([]);
      expect((await client.get('/me')).status).toBe(401);
      const { entries } = await test.app.get(MfaAuditService).find({ userId: id });
      expect(entries.map(({ type }) => type)).toContain('mfa.admin.reset');
    },
  ],
];

const MFA = {
  webauthn: RELYING_PARTY,
  audit: { enabled: true },
  rateLimit: { attempts: 1000 },
} as const;

const onServer = ENGINE === 'sqlite' ? describe.skip : describe;

onServer('with a replica that never catches up', () => {
  let test: TestApp;
  const drops: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const [primary, replica] = [await emptyDatabase(), await emptyDatabase()];
    drops.push(primary.drop, replica.drop);
    // The tables are there, and stay empty.
    const made = { ...replica.orm, entities: MFA_ENTITIES, synchronize: true };
    await (await new DataSource(made as never).initialize()).destroy();
    test = await startTestApp({
      orm: {
        type: ENGINE,
        replication: { master: { ...primary.orm }, slaves: [{ ...replica.orm }] },
      } as TypeOrmModuleOptions,
      mfa: MFA,
    });
  }, 30_000);
  afterAll(async () => {
    await test.close();
    for (const drop of drops) await drop();
  });

  it.each(STORIES)('%s', async (_, tell) => {
    await expect(tell(test)).resolves.toBeUndefined();
  });
});

describe('with a query cache that is always on', () => {
  let test: TestApp;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const database = await emptyDatabase();
    drop = database.drop;
    test = await startTestApp({
      orm: { ...database.orm, cache: { alwaysEnabled: true, duration: 60_000 } } as TypeOrmModuleOptions,
      mfa: MFA,
    });
  }, 30_000);
  afterAll(async () => {
    await test.close();
    await drop();
  });

  it.each(STORIES)('%s', async (_, tell) => {
    await expect(tell(test)).resolves.toBeUndefined();
  });
});
