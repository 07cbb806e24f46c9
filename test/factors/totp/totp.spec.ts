import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { rowsOf } from '../../support/databases.js';
import type { TestApp } from '../../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../../support/test-app.js';

const hasOathtool = (() => {
  try {
    execFileSync('oathtool', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

describe('setting up an authenticator app', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { totp: { issuer: 'ACME Co' } } });
  });
  afterAll(() => test.close());

  const signIn = async (extra = {}) => {
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id, ...extra });
    return { client, id };
  };

  it('answers secret, URI and QR codes, and keeps the secret encrypted on the server', async () => {
    const { client, id } = await signIn();
    const { status, body, headers } = await client.post('/mfa/totp');
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(body.url).toBe(
      `otpauth://totp/ACME%20Co:${id}%40example.com?secret=${body.secret}&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30`,
    );
    expect(body.svg).toMatch(/^<svg /);
    expect(body.qrCode).toMatch(/^data:image\/png;base64,/);
    expect(new Date(body.expiresAt).getTime()).toBe(test.clock.now() + 600_000);
    expect(JSON.stringify(await dump(test))).not.toContain(body.secret);
  });

  it('activates with the first code, shows recovery codes once, and proves the factor in this session', async () => {
    const { client } = await signIn();
    const { body: setup } = await client.post('/mfa/totp');
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
    const before = client.clone();
    const { status, body } = await client.post('/mfa/totp/activate', {
      code: codeOf(setup.secret, test.clock),
      name: ' My phone ',
    });
    expect(status).toBe(201);
    expect(body.authenticator).toEqual({
      id: expect.any(String),
      type: 'totp',
      name: 'My phone',
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      locked: false,
      suspended: false,
    });
    expect(body.recoveryCodes).toHaveLength(10);
    expect(body.recoveryCodes[0]).toMatch(/^\d{8}$/);
    expect((await client.get('/protected')).status).toBe(200);
    // The session gained a factor, so its token changed and the old one is dead.
    expect((await before.get('/me')).status).toBe(401);
  });

  it('counts the activation code as used', async () => {
    const { client, id } = await signIn();
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    await client.post('/mfa/totp/activate', { code });
    const other = await halfSignIn(test, { id });
    expect((await other.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
  });

  it('names the authenticator when the user does not', async () => {
    const { client } = await enroll(test);
    const { body } = await client.get('/mfa/authenticators?type=totp');
    expect(body.map(({ name }: { name: string }) => name)).toEqual(['Authenticator app']);
  });

  it('ends the other sessions of the user with the first factor', async () => {
    const { client, id } = await signIn();
    const elsewhere = test.client();
    await elsewhere.post('/login', { id });
    expect((await elsewhere.get('/me')).status).toBe(200);
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect((await elsewhere.get('/me')).status).toBe(401);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('refuses a second one where one is allowed, and leaves the first as it is', async () => {
    const { client } = await enroll(test);
    expect(await client.post('/mfa/totp')).toMatchObject({ status: 409, body: { code: 'already_enabled' } });
  });

  it('takes the newest set-up only, never a secret of the client, and no set-up twice', async () => {
    const { client } = await signIn();
    const { body: first } = await client.post('/mfa/totp');
    const { body: second } = await client.post('/mfa/totp');
    expect(second.secret).not.toBe(first.secret);
    const withOwnSecret = { code: codeOf(first.secret, test.clock), secret: first.secret };
    expect((await client.post('/mfa/totp/activate', withOwnSecret)).body.code).toBe('incorrect_code');
    const right = { code: codeOf(second.secret, test.clock) };
    expect((await client.post('/mfa/totp/activate', right)).status).toBe(201);
    expect(await client.post('/mfa/totp/activate', right)).toMatchObject({
      status: 409,
      body: { code: 'no_pending_setup' },
    });
  });

  it('forgets a set-up after its time', async () => {
    const { client } = await signIn();
    const { body: setup } = await client.post('/mfa/totp');
    test.clock.advance(299);
    await client.post('/reauthenticate', { id: (await client.get('/me')).body.id });
    test.clock.advance(299);
    expect((await client.post('/mfa/totp/activate', { code: '000000' })).body.code).toBe('incorrect_code');
    test.clock.advance(2);
    await client.post('/reauthenticate', { id: (await client.get('/me')).body.id });
    expect(
      (await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) })).body.code,
    ).toBe('no_pending_setup');
  });

  it('refuses without a set-up', async () => {
    const { client } = await signIn();
    expect((await client.post('/mfa/totp/activate', { code: '123456' })).body.code).toBe('no_pending_setup');
  });

  it('needs a recent sign-in', async () => {
    const { client } = await signIn();
    test.clock.advance(301);
    const answer = await client.post('/mfa/totp');
    expect(answer).toMatchObject({ status: 401, body: { code: 'reauthentication_required' } });
    expect(answer.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    expect((await client.post('/mfa/totp/activate', { code: '123456' })).body.code).toBe(
      'reauthentication_required',
    );
  });

  it('refuses a user whose address is not verified', async () => {
    const { client } = await signIn({ emailVerified: false });
    expect(await client.post('/mfa/totp')).toMatchObject({ status: 403, body: { code: 'unverified_email' } });
    expect((await client.post('/mfa/totp/activate', { code: '123456' })).body.code).toBe('unverified_email');
  });

  it.each(['12345', '123456789', 'abcdef', '１２３４５', 123456, null, {}, [], '', undefined])(
    'refuses the code %p with a coded 400',
    async (code) => {
      const { client } = await signIn();
      await client.post('/mfa/totp');
      const { status, body } = await client.post('/mfa/totp/activate', { code });
      expect([status, body.code]).toEqual([400, 'invalid_request']);
      expect(body.message).toEqual([expect.stringContaining('code')]);
    },
  );

  it.each(['', ' ', 'x'.repeat(101), 'a\0b', 'a\nb', '\ud800', 7, {}])(
    'refuses the name %p',
    async (name) => {
      const { client } = await signIn();
      const { status, body } = await client.post('/mfa/totp/activate', { code: '123456', name });
      expect([status, body.code]).toEqual([400, 'invalid_request']);
    },
  );

  const withOathtool = hasOathtool ? it : it.skip;
  withOathtool('works with the codes of oathtool', async () => {
    const { client } = await signIn();
    const { body: setup } = await client.post('/mfa/totp');
    const now = new Date(test.clock.now()).toISOString().replace('T', ' ').replace(/\..*/, ' UTC');
    const code = execFileSync('oathtool', ['--totp', '-b', setup.secret, '--now', now]).toString().trim();
    expect((await client.post('/mfa/totp/activate', { code })).status).toBe(201);
  });
});

describe('options of TOTP', () => {
  it.each(['sha256', 'sha512'] as const)('works with %s, 8 digits and 60 seconds', async (algorithm) => {
    const test = await startTestApp({ mfa: { totp: { algorithm, digits: 8, period: 60 } } });
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const { body: setup } = await client.post('/mfa/totp');
    expect(setup.url).toContain(`algorithm=${algorithm.toUpperCase()}&digits=8&period=60`);
    const now = `@${Math.floor(test.clock.now() / 1000)}`;
    const { generateSync } = await import('otplib');
    const code = generateSync({
      secret: setup.secret,
      algorithm,
      digits: 8,
      period: 60,
      epoch: Number(now.slice(1)),
    });
    expect((await client.post('/mfa/totp/activate', { code })).status).toBe(201);
    await test.close();
  });

  it('allows as many authenticator apps as maxPerUser', async () => {
    const test = await startTestApp({ mfa: { totp: { maxPerUser: 2 } } });
    const { client, secret, id } = await enroll(test);
    const { body: setup } = await client.post('/mfa/totp');
    const { status, body } = await client.post('/mfa/totp/activate', {
      code: codeOf(setup.secret, test.clock),
    });
    expect([status, body.recoveryCodes, body.authenticator.name]).toEqual([
      201,
      undefined,
      'Authenticator app 2',
    ]);
    expect((await client.post('/mfa/totp')).status).toBe(409);
    test.clock.advance(60);
    for (const one of [secret, setup.secret]) {
      const other = await halfSignIn(test, { id });
      expect((await other.post('/mfa/authenticate', { code: codeOf(one, test.clock) })).status).toBe(200);
    }
    await test.close();
  });

  it('opens with the insecure bypass code, at set-up and at sign-in', async () => {
    const test = await startTestApp({ mfa: { totp: { insecureBypassCode: '424242' } } });
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    await client.post('/mfa/totp');
    expect((await client.post('/mfa/totp/activate', { code: '424242' })).status).toBe(201);
    for (let time = 0; time < 2; time++) {
      const other = await halfSignIn(test, { id });
      expect((await other.post('/mfa/authenticate', { code: '424242' })).status).toBe(200);
    }
    await test.close();
  });

  it('stops enrollment of a type that is off, and locks nobody out who has it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-'));
    const database = join(folder, 'test.sqlite');
    const first = await startTestApp({ database });
    const user = await enroll(first);
    await first.close();
    const test = await startTestApp({
      database,
      mfa: { supportedTypes: ['totp'] },
    });
    test.clock.advance(60);
    const client = await halfSignIn(test, user);
    expect((await client.post('/mfa/authenticate', { code: user.recoveryCodes[0] })).status).toBe(200);
    expect((await client.post('/mfa/recovery-codes')).body.code).toBe('cannot_generate_recovery_codes');
    await test.close();
    rmSync(folder, { recursive: true });
  });
});

/** Every row of every table. */
async function dump(test: TestApp): Promise<unknown[]> {
  return Promise.all(
    test.dataSource.entityMetadatas.map(({ tableName }) =>
      rowsOf(test.dataSource, `SELECT * FROM ${tableName}`),
    ),
  );
}
