/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';

import { dataFolder, databaseOptions } from '../../apps/demo/src/config/database.js';
import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import {
  readMfaEnvironment,
  unknownVariables,
  variableOf,
} from '../../apps/demo/src/config/mfa-environment.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';
import { MailerService } from '../../apps/demo/src/mail/mailer.service.js';
import { UsersService } from '../../apps/demo/src/users/users.service.js';
import { howToSignIn } from '../../apps/demo/src/how-to-sign-in.js';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { MemoryLogger } from '../support/memory-logger.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

const password = 'correct horse battery';
const codeOf = (secret: string, steps = 0) =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

describe('the demo', () => {
  let app: INestApplication;
  let client: () => Client;
  beforeAll(async () => {
    const { database, mfa } = readConfig({
      DATABASE_URL: `sqlite:${join(folder, 'demo.sqlite')}`,
      MFA_REQUIRED_FOR_STAFF: 'true',
    });
    app = await createDemo({ database, mfa }, { logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    client = () => new Client(url);
  });
  afterAll(() => app.close());

  const register = async (email: string) => {
    const one = client();
    const registered = await one.post('/auth/register', { email, password });
    const login = await one.post('/auth/login', { email, password });
    return { one, registered, login };
  };

  it('registers, signs in, sets up a factor, and opens what it protects', async () => {
    const { one, registered, login } = await register('Ada@example.com');
    expect([registered.status, registered.body]).toEqual([
      201,
      { id: expect.any(String), email: 'ada@example.com' },
    ]);
    expect([login.status, login.body.status]).toEqual([200, 'authenticated']);
    expect((await one.get('/me')).body).toMatchObject({ email: 'ada@example.com', isStaff: false });
    expect((await one.get('/feed')).status).toBe(200);
    expect((await one.get('/reports')).body.code).toBe('mfa_enrollment_required');
    const { body: setup } = await one.post('/mfa/totp');
    const activated = await one.post('/mfa/totp/activate', { code: codeOf(setup.secret) });
    expect(activated.status).toBe(201);
    expect((await one.get('/reports')).status).toBe(200);
    expect((await one.get('/vault')).body.code).toBe('mfa_enrollment_required');
    expect((await one.get('/staff')).status).toBe(403);
    expect((await one.post('/auth/logout')).status).toBe(204);
    expect((await one.get('/me')).body.code).toBe('unauthenticated');

    const again = await one.post('/auth/login', { email: 'ADA@example.com', password });
    expect(again.body.status).toBe('mfa_required');
    expect((await one.get('/me')).status).toBe(401);
    const finished = await one.post('/mfa/authenticate', { code: codeOf(setup.secret, 1) });
    expect(finished.status).toBe(200);
    expect((await one.get('/reports')).status).toBe(200);
  });

  it('asks staff for a second factor', async () => {
    const { one, login } = await register('root@staff.example.com');
    expect(login.body.status).toBe('enrollment_required');
    for (const path of ['/me', '/staff', '/feed', '/reports']) {
      expect((await one.get(path)).body.code).toBe('mfa_enrollment_required');
    }
    const { body: setup } = await one.post('/mfa/totp');
    await one.post('/mfa/totp/activate', { code: codeOf(setup.secret) });
    expect((await one.get('/me')).body).toMatchObject({ isStaff: true });
    expect((await one.get('/staff')).status).toBe(200);
  });

  it('keeps the mails that tell of changes in an outbox, as text', async () => {
    const { one } = await register('mail@example.com');
    const { body: setup } = await one.post('/mfa/totp');
    const name = '<img src=x onerror=alert(1)>';
    await one.post('/mfa/totp/activate', { code: codeOf(setup.secret), name });
    const page = await eventually('mail', async () => {
      const { text } = await client().get('/outbox');
      return text.includes('mail@example.com') && text;
    });
    expect(page).toContain('nestjs-mfa demo: a second factor was added');
    expect(page).toContain('“&lt;img src=x onerror=alert(1)>” was added to your account');
    expect(page).not.toContain('<img');
    expect(page).not.toContain(setup.secret);
  });

  it('gives the outbox as JSON to who asks for that, the newest message first', async () => {
    const { one } = await register('json@example.com');
    const { body: setup } = await one.post('/mfa/totp');
    await one.post('/mfa/totp/activate', { code: codeOf(setup.secret) });
    const outbox = () => client().get('/outbox', { accept: 'application/json' });
    const own = async () =>
      (await outbox()).body.filter(({ to }: { to: string }) => to === 'json@example.com') as object[];
    const until = (count: number) =>
      eventually(`${count} mails`, async () => {
        const found = await own();
        return found.length >= count && found;
      });
    await until(1);
    await one.post('/mfa/recovery-codes');
    const [second, first] = await until(2);
    expect(first).toEqual({
      to: 'json@example.com',
      channel: 'email',
      subject: 'nestjs-mfa demo: a second factor was added',
      text: expect.stringContaining('was added to your account'),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(second).toMatchObject({ subject: 'nestjs-mfa demo: new recovery codes were created' });
    const all = (await outbox()).body.map(({ at }: { at: string }) => at) as string[];
    expect(all).toEqual([...all].sort().reverse());
    expect((await outbox()).headers.get('vary')).toBe('Accept');
    // Whoever does not ask for it gets the page.
    for (const accept of ['text/html,*/*;q=0.8', '*/*', 'image/png'])
      expect((await client().get('/outbox', { accept })).headers.get('content-type')).toMatch(/^text\/html/);
  });

  it('lets nobody enroll whose address is not verified', async () => {
    const { one } = await register('eve@unverified.example.com');
    expect((await one.post('/mfa/totp')).body.code).toBe('unverified_email');
  });

  it('answers wrong credentials alike, and refuses bad ones', async () => {
    await register('bob@example.com');
    const one = client();
    const wrong = await one.post('/auth/login', { email: 'bob@example.com', password: 'wrong password' });
    const unknown = await one.post('/auth/login', {
      email: 'nobody@example.com',
      password: 'wrong password',
    });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.text).toBe(unknown.text);
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer');
    expect((await one.post('/auth/register', { email: 'bob@example.com', password })).status).toBe(409);
    for (const body of [
      {},
      { email: 'x', password },
      { email: 'new@example.com', password: 'short' },
      { email: 7, password },
    ]) {
      expect((await one.post('/auth/register', body)).status).toBe(400);
    }
  });

  it('proves the password again', async () => {
    const { one } = await register('carl@example.com');
    expect((await one.post('/auth/reauthenticate', { password: 'wrong' })).status).toBe(401);
    expect((await one.post('/auth/reauthenticate', { password })).body).toMatchObject({
      status: 'authenticated',
    });
    expect((await client().post('/auth/reauthenticate', { password })).status).toBe(401);
  });

  it.each(['/auth/register', '/auth/login', '/auth/logout', '/auth/reauthenticate'])(
    'takes %s from its own pages only',
    async (path) => {
      const answer = await client().post(
        path,
        { email: 'a@b.c', password },
        { 'sec-fetch-site': 'cross-site' },
      );
      expect([answer.status, answer.body.code]).toEqual([403, 'cross_origin']);
    },
  );

  it('registers an address once under parallel requests', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        client().post('/auth/register', { email: 'dora@example.com', password }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });
});

describe('the demo with an error that nobody expected', () => {
  it('answers 500 and logs it', async () => {
    const { database, mfa } = readConfig({
      DATABASE_URL: 'sqlite::memory:',
      MFA_SECRET: 'the secret of a demo that is to fail',
    });
    const logger = new MemoryLogger();
    const app = await createDemo({ database, mfa }, { logger });
    await app.listen(0, '127.0.0.1');
    const client = new Client(await app.getUrl());
    app.get(UsersService).check = () => Promise.reject(new Error('an error of the demo'));
    app.get(MailerService).outbox = () => Promise.reject(new Error('an error of its outbox'));
    const credentials = { email: 'ada@example.com', password };
    expect((await client.post('/auth/login', credentials)).status).toBe(500);
    expect((await client.get('/outbox', { accept: 'text/html' })).status).toBe(500);
    expect((await client.get('/outbox', { accept: 'application/json' })).status).toBe(500);
    const log = logger.lines.join('\n');
    expect(log).toContain('an error of the demo');
    expect(log.split('an error of its outbox')).toHaveLength(3);
    await app.close();
  });
});

describe('the demo without its database', () => {
  it('answers 503, also where it asks for its own users', async () => {
    const { database, mfa } = readConfig({ DATABASE_URL: `sqlite:${join(folder, 'gone.sqlite')}` });
    const app = await createDemo({ database, mfa }, { logger: false });
    await app.listen(0, '127.0.0.1');
    const client = new Client(await app.getUrl());
    const credentials = { email: 'ada@example.com', password };
    await client.post('/auth/register', credentials);
    await client.post('/auth/login', credentials);
    await app.get(DataSource).destroy();
    for (const answer of [
      await client.post('/auth/register', credentials),
      await client.post('/auth/login', credentials),
      await client.post('/auth/reauthenticate', { password }),
      await client.get('/me'),
      await client.get('/mfa/status'),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable']);
    }
    // Nest would close the DataSource, which is closed.
    await app.close().catch(() => undefined);
  });
});

describe('the configuration of the demo', () => {
  it('makes its secret once and keeps it beside the database, for its owner only', () => {
    const environment = { DATABASE_URL: `sqlite:${join(folder, 'own', 'x.sqlite')}` };
    const { secret } = readConfig(environment).mfa;
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(readConfig(environment).mfa.secret).toBe(secret);
    const file = join(folder, 'own', 'mfa-secret');
    expect(readFileSync(file, 'utf8')).toBe(secret);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readConfig({ ...environment, MFA_SECRET: 'a,b' }).mfa.secret).toEqual(['a', 'b']);
  });

  it('reads port and database', () => {
    expect(readConfig({ MFA_SECRET: 'x', DATABASE_URL: 'sqlite::memory:', PORT: '4000' })).toMatchObject({
      port: 4000,
      database: { type: 'better-sqlite3', database: ':memory:', enableWAL: false },
      mfa: { totp: { issuer: 'nestjs-mfa demo' } },
    });
    expect(databaseOptions('postgres://u:p@h/d')).toMatchObject({
      type: 'postgres',
      url: 'postgres://u:p@h/d',
    });
    expect(databaseOptions('mysql://u:p@h/d')).toMatchObject({ type: 'mysql' });
    expect(databaseOptions(`sqlite://${folder}/a.sqlite`)).toMatchObject({ database: `${folder}/a.sqlite` });
    expect(databaseOptions(`sqlite:///${folder}/a.sqlite`.replace('////', '///'))).toMatchObject({
      database: `${folder}/a.sqlite`,
    });
    expect(() => databaseOptions('redis://h')).toThrow('DATABASE_URL must begin with');
    expect(dataFolder('postgres://h/d')).toMatch(/data$/);
    expect(dataFolder('sqlite::memory:')).toMatch(/data$/);
  });

  it('maps every variable to its option', () => {
    expect(
      readMfaEnvironment({
        MFA_SECRET: 'one, two',
        MFA_SUPPORTED_TYPES: 'totp,recovery_codes',
        MFA_TOTP_ISSUER: 'ACME',
        MFA_TOTP_TOLERANCE: '0',
        MFA_RECOVERY_CODES_COUNT: '12',
        MFA_REQUIRED_FOR_STAFF: 'true',
        MFA_GRACE_PERIOD_SECONDS: '60',
        MFA_RATE_LIMIT_ATTEMPTS: '7',
        MFA_RATE_LIMIT_LOCK_AFTER: '8',
        MFA_PASSKEY_LOGIN: '1',
        MFA_TRUSTED_DEVICES_ENABLED: 'false',
        MFA_SESSION_COOKIE: 'false',
        MFA_WEBAUTHN_RP_ID: 'example.com',
        MFA_TOTP_DIGITS: 'six',
        MFA_PAGES: 'maybe',
        MFA_PATH: '',
      }),
    ).toEqual({
      secret: ['one', 'two'],
      supportedTypes: ['totp', 'recovery_codes'],
      totp: { issuer: 'ACME', tolerance: 0, digits: 'six' },
      recoveryCodes: { count: 12 },
      requiredForStaff: true,
      gracePeriodSeconds: 60,
      rateLimit: { attempts: 7, lockAfter: 8 },
      passkeyLogin: true,
      trustedDevices: { enabled: false },
      session: { cookie: false },
      webauthn: { rpId: 'example.com' },
      pages: 'maybe',
    });
    expect(
      readMfaEnvironment({ MFA_SESSION_COOKIE: 'true', MFA_SESSION_COOKIE_SAME_SITE: 'strict' }),
    ).toEqual({
      session: { cookie: { sameSite: 'strict' } },
    });
    expect(variableOf('enrollmentGracePeriodSeconds')).toBe('MFA_ENROLLMENT_GRACE_PERIOD_SECONDS');
  });

  it('notices variables that set nothing', () => {
    expect(
      unknownVariables({ MFA_RATELIMIT_ATTEMPTS: '1', MFA_PATH: 'x', MFA_TEST_DATABASE: 'x', PATH: 'x' }),
    ).toEqual(['MFA_RATELIMIT_ATTEMPTS']);
  });

  it('says how to sign in', () => {
    const text = howToSignIn('http://localhost:3000');
    expect(text).toContain('Open it in a browser');
    expect(text.match(/curl .*http:\/\/localhost:3000\/\S+/g)).toHaveLength(3);
    expect(existsSync(folder)).toBe(true);
  });
});
