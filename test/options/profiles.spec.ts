/** @jest-environment-options {"ownModules": true} */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { Controller, Get, HttpCode, Post, UseGuards } from '@nestjs/common';
import type { MfaFactorTraits, MfaModuleOptions, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSession,
  MfaFactor,
  MfaImportService,
  MfaPolicyService,
  MfaSessionGuard,
  RequireMfa,
  mfaClaims,
} from 'nestjs-mfa';

import { totpCode } from 'nestjs-mfa/testing';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, enrollKey, register, signInWithPasskey } from '../support/ceremonies.js';
import type { Answer, Client } from '../support/client.js';
import { LinkController } from '../support/controllers.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

@Controller('guarded')
@UseGuards(MfaSessionGuard)
@RequireMfa()
class GuardedController {
  @Get()
  plain(): object {
    return {};
  }

  @Post('once')
  @HttpCode(200)
  @RequireMfa({ once: true })
  once(): object {
    return {};
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(): object {
    return {};
  }
}

/** 80 bits, as Google Authenticator once made them. */
const SHORT_SECRET = 'JBSWY3DPEHPK3PXP';
/** 160 bits. */
const LONG_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

const bound = () => new SoftwareAuthenticator({ backupEligible: false });
const synced = () => new SoftwareAuthenticator({ backupEligible: true, backedUp: true });

const told = ({ status, body }: Answer) => [status, (body as { code?: string }).code];

let folder: string;
const open: TestApp[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-profiles-'));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  rmSync(folder, { recursive: true });
});

/** An application on the database of this test: with another profile it finds what was enrolled before. */
async function start(
  profile: MfaModuleOptions['profile'],
  mfa: Partial<MfaModuleOptions> = {},
  controllers: Type[] = [],
): Promise<TestApp> {
  const test = await startTestApp({
    mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, profile, ...mfa },
    protectedRoutes: GuardedController,
    controllers,
    database: join(folder, 'mfa.sqlite'),
  });
  open.push(test);
  test.clock.advance(open.length * 600);
  return test;
}

async function importUser(
  test: TestApp,
  totp: { secret: string; period?: number } | null,
  codes: string[] = [],
) {
  const id = newUserId();
  users.set(id, { id });
  const recoveryCodes = codes.map((code) => ({ code }));
  const report = await test.app
    .get(MfaImportService)
    .importRecords([{ userId: id, ...(totp ? { totp } : {}), recoveryCodes }]);
  expect(report).toMatchObject({ imported: 1, rejected: [] });
  return id;
}

const prove = (client: Client, code: string) => client.post('/mfa/authenticate', { code });

async function proveTotp(test: TestApp, user: Pick<Enrolled, 'id' | 'secret'>): Promise<Client> {
  const client = await halfSignIn(test, user);
  expect((await prove(client, codeOf(user.secret, test.clock))).status).toBe(200);
  return client;
}

/** A factor of the application's own, of which no more is said. */
function factorOf(traits: object): typeof MfaFactor {
  class OwnFactor extends MfaFactor {
    static readonly traits = traits as MfaFactorTraits;
    begin = () => ({ data: 'x', expiresAt: new Date(), answer: {} });
    activate = () => 'wrong' as const;
    verify = () => 'wrong' as const;
  }
  return OwnFactor;
}

describe('a factor of the application’s own', () => {
  it.each(['aal2', 'strict', 'aal3'] as const)(
    'whose codes come by mail stops the boot under %s, whatever it says of itself',
    async (profile) => {
      const factors = [factorOf({ type: 'mail_link', channel: 'email' })] as never;
      const mfa = { webauthn: RELYING_PARTY, profile, factors };
      await expect(startTestApp({ mfa })).rejects.toThrow('does not allow `mail_link`');
    },
  );

  it('that stands in for a lost one stops the boot under aal3', async () => {
    const factors = [factorOf({ type: 'maiden_name', role: 'backup' })] as never;
    const mfa = { webauthn: RELYING_PARTY, profile: 'aal3' as const, factors };
    await expect(startTestApp({ mfa })).rejects.toThrow('must not include `maiden_name`');
  });
});

describe.each(['aal2', 'strict'] as const)('profile %s', (profile) => {
  const linked = async (test: TestApp, id: string, firstFactor: string): Promise<Client> => {
    const client = test.client();
    expect((await client.post('/link', { id, firstFactor })).body.status).toBe('mfa_required');
    return client;
  };

  it.each(['email', 'sms'])(
    'takes no authenticator without user verification beside a first factor by %s',
    async (firstFactor) => {
      const test = await start(profile, {}, [LinkController]);
      const user = await enroll(test);
      test.clock.advance(60);
      const client = await linked(test, user.id, firstFactor);
      expect((await prove(client, codeOf(user.secret, test.clock))).status).toBe(200);
      const refused = await client.get('/guarded');
      expect(told(refused)).toEqual([403, 'mfa_enrollment_required']);
      expect(refused.body).toMatchObject({ methods: ['webauthn'], needs: { userVerified: true } });
      const status = async () => (await client.get('/mfa/status')).body as Record<string, unknown>;
      expect(await status()).toMatchObject({ verified: false, verifiedAt: null });

      // The way on: a key that verifies its user, which the proof of the app lets them add.
      const key = bound();
      expect((await register(client, key)).status).toBe(201);
      expect((await client.get('/guarded')).status).toBe(200);
      expect(await status()).toMatchObject({ verified: true });

      test.clock.advance(60);
      const again = await linked(test, user.id, firstFactor);
      expect((await prove(again, codeOf(user.secret, test.clock))).status).toBe(200);
      expect((await again.get('/guarded')).body).toMatchObject({
        code: 'mfa_required',
        methods: ['webauthn'],
        needs: { userVerified: true },
      });
      expect((await assertKey(again, key)).status).toBe(200);
      expect((await again.get('/guarded')).status).toBe(200);

      test.clock.advance(60);
      const federated = await linked(test, user.id, 'federated');
      expect((await prove(federated, codeOf(user.secret, test.clock))).status).toBe(200);
      expect((await federated.get('/guarded')).status).toBe(200);
    },
  );
});

describe('profile aal3', () => {
  const NEEDED = { userVerified: true, deviceBound: true };

  it('lets nobody pass but by a key that stays on its device and has verified its user', async () => {
    const test = await start('aal3');
    const { client, key, id } = await enrollKey(test, bound());
    expect((await client.get('/guarded')).status).toBe(200);
    expect((await client.post('/guarded/once')).status).toBe(200);
    expect(told(await client.post('/guarded/once'))).toEqual([401, 'mfa_required']);
    test.clock.advance(301);
    expect((await client.get('/guarded')).body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
      needs: NEEDED,
    });
    expect((await client.get('/mfa/status')).body).toMatchObject({ verified: false });
    expect((await assertKey(client, key)).status).toBe(200);
    expect((await client.get('/guarded')).status).toBe(200);
    expect((await client.get('/mfa/status')).body).toMatchObject({ verified: true });
    const half = await halfSignIn(test, { id });
    const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
    expect(options.userVerification).toBe('required');
    expect(told(await assertKey(half, key, { userVerified: false }))).toEqual([400, 'webauthn_failed']);
  });

  it('registers no key that can be synced, and says why', async () => {
    const test = await start('aal3');
    const { client } = await enrollKey(test, bound());
    const answer = await register(client, synced());
    expect(answer.body).toMatchObject({ code: 'webauthn_failed', reason: 'key_can_be_synced' });
    expect((await client.get('/mfa/authenticators?type=webauthn')).body).toHaveLength(1);
    expect((await client.post('/mfa/totp')).status).toBe(404);
  });

  it('takes a key that was registered before for what it is', async () => {
    const before = await start('default');
    const passkey = synced();
    const { id } = await enrollKey(before, passkey, { passwordless: true });
    const test = await start('aal3');
    // The only one that there is: it signs in, and leads to a better one.
    const client = test.client();
    expect((await signInWithPasskey(client, passkey)).body.status).toBe('authenticated');
    expect((await client.get('/guarded')).body).toMatchObject({
      code: 'mfa_enrollment_required',
      reason: 'other_factor_needed',
      methods: ['webauthn'],
      needs: NEEDED,
    });
    const key = bound();
    expect((await register(client, key)).status).toBe(201);
    expect((await client.get('/guarded')).status).toBe(200);
    // From now on the synced one signs in no more.
    expect(told(await signInWithPasskey(test.client(), passkey))).toEqual([400, 'webauthn_failed']);
    const half = await halfSignIn(test, { id });
    expect(told(await assertKey(half, passkey))).toEqual([400, 'webauthn_failed']);
    const offered = (await half.post('/mfa/authenticate/webauthn/options')).body.allowCredentials;
    expect(offered).toHaveLength(1);
    expect((await assertKey(half, key)).status).toBe(200);
    expect((await half.get('/guarded')).status).toBe(200);
  });

  it('takes an authenticator app for a way to a key, and for nothing once there is one', async () => {
    const before = await start('default');
    const user = await enroll(before);
    const test = await start('aal3');
    const client = await proveTotp(test, user);
    expect(told(await client.get('/guarded'))).toEqual([403, 'mfa_enrollment_required']);
    expect(told(await client.get('/guarded/feed'))).toEqual([403, 'mfa_enrollment_required']);
    expect((await client.get('/mfa/status')).body).toMatchObject({ verified: false });
    expect(told(await client.delete(`/mfa/authenticators/${user.authenticatorId}`))).toEqual([
      401,
      'mfa_required',
    ]);
    expect(told(await client.post('/mfa/recovery-codes'))).toEqual([401, 'mfa_required']);
    const key = bound();
    expect((await register(client, key)).status).toBe(201);
    expect((await client.get('/guarded')).status).toBe(200);
    test.clock.advance(60);
    const half = test.client();
    const { body } = await half.post('/login', { id: user.id });
    expect(body.methods).toEqual(['webauthn', 'recovery_codes']);
    expect(told(await prove(half, codeOf(user.secret, test.clock)))).toEqual([400, 'incorrect_code']);
    expect((await client.delete(`/mfa/authenticators/${user.authenticatorId}`)).status).toBe(204);
  });

  it('lets who must have a second factor reach nothing before a key is there', async () => {
    const before = await start('default');
    const user = await enroll(before, { isStaff: true });
    const test = await start('aal3', { requiredForStaff: true, globalGuard: true });
    const client = await halfSignIn(test, user);
    const { body } = await prove(client, codeOf(user.secret, test.clock));
    expect(body).toMatchObject({ status: 'enrollment_required', methods: ['webauthn'] });
    expect((await client.get('/mfa/session')).body).toMatchObject({ status: 'enrollment_required' });
    expect(told(await client.get('/me'))).toEqual([403, 'mfa_enrollment_required']);
    expect(told(await client.get('/public'))).toEqual([403, 'mfa_enrollment_required']);
    expect((await register(client, bound())).status).toBe(201);
    expect((await client.get('/me')).status).toBe(200);
    expect((await client.get('/public')).status).toBe(200);
  });

  it('lets a recovery code bring back a key, and nothing else', async () => {
    const test = await start('aal3');
    const lost = await enrollKey(test, bound());
    const client = await halfSignIn(test, lost);
    expect((await prove(client, lost.recoveryCodes[0] as string)).status).toBe(200);
    expect((await client.get('/guarded')).body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
    });
    const path = `/mfa/authenticators/${lost.authenticatorId}`;
    expect((await client.delete(path)).body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
      needs: NEEDED,
    });
    expect(told(await client.post('/mfa/recovery-codes'))).toEqual([401, 'mfa_required']);
    expect((await register(client, bound())).status).toBe(201);
    expect((await client.get('/guarded')).status).toBe(200);
    expect((await client.delete(path)).status).toBe(204);
  });

  it('lets a recovery code finish the sign-in of who must have a key and has one, which routes go on asking for', async () => {
    const test = await start('aal3', { requiredForStaff: true });
    const lost = await enrollKey(test, bound());
    users.set(lost.id, { ...users.get(lost.id), id: lost.id, isStaff: true });
    const client = await halfSignIn(test, lost);
    const { body } = await prove(client, lost.recoveryCodes[0] as string);
    expect(body).toMatchObject({ status: 'authenticated', remainingRecoveryCodes: 9 });
    expect((await client.get('/guarded')).body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
    });
  });

  it('asks no more of the database about a key that meets it', async () => {
    const readsUnder = async (profile: MfaModuleOptions['profile']) => {
      const test = await start(profile);
      const { key, id } = await enrollKey(test, bound());
      const half = await halfSignIn(test, { id });
      const { body: options } = await half.post('/mfa/authenticate/webauthn/options');
      const body = { credential: key.get(options) };
      const statements = await test.logger.statementsOf(async () => {
        expect((await half.post('/mfa/authenticate/webauthn', body)).status).toBe(200);
      });
      return statements.filter((sql) => /^SELECT.*mfa_webauthn_credential/s.test(sql)).length;
    };
    expect(await readsUnder('aal3')).toBe(await readsUnder('default'));
  });

  it('is what MfaPolicyService.check() goes by', async () => {
    const before = await start('default');
    const { id } = await enroll(before);
    const test = await start('aal3');
    const policy = test.app.get(MfaPolicyService);
    const user: MfaUser = { id };
    expect(await policy.check(user, null)).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['webauthn'],
    });
  });

  it('ends a session after 15 minutes without use, and after 12 hours', async () => {
    const test = await start('aal3');
    const { client, id, key } = await enrollKey(test, bound());
    test.clock.advance(899);
    expect((await client.get('/me')).status).toBe(200);
    test.clock.advance(901);
    expect(told(await client.get('/me'))).toEqual([401, 'session_expired']);
    const half = await halfSignIn(test, { id });
    const { body } = await assertKey(half, key);
    expect(Date.parse(body.expiresAt as string) - test.clock.now()).toBe(43_200_000);
  });

  it('refuses to start with a route that no key could open', async () => {
    @Controller()
    class TotpRoute {
      @Get('totp')
      @RequireMfa({ methods: ['totp'] })
      totp(): object {
        return {};
      }
    }
    const options = { mfa: { profile: 'aal3' as const, webauthn: RELYING_PARTY } };
    await expect(
      startTestApp({ ...options, protectedRoutes: TotpRoute, database: ':memory:' }),
    ).rejects.toThrow('`@RequireMfa()` on TotpRoute.totp accepts only factors that do not count');
  });
});

describe.each(['aal2', 'strict'] as const)('weak factors under profile %s', (profile) => {
  it.each<[string, { secret: string; period?: number }]>([
    ['a short secret', { secret: SHORT_SECRET }],
    ['a long period', { secret: LONG_SECRET, period: 120 }],
  ])('%s signs in, and leads to nothing but a better factor', async (_, totp) => {
    const before = await start('default');
    const id = await importUser(before, totp);
    const test = await start(profile);
    const client = await halfSignIn(test, { id });
    const code = totp.period ? codeOfLong(totp.secret, test) : codeOf(totp.secret, test.clock);
    expect((await prove(client, code)).body).toMatchObject({ status: 'authenticated' });
    expect((await client.get('/guarded')).body).toMatchObject({
      code: 'mfa_enrollment_required',
      reason: 'other_factor_needed',
      methods: ['totp', 'webauthn'],
    });
    expect((await client.get('/mfa/status')).body).toMatchObject({ enabled: true, verified: false });
    const [{ id: weakId }] = (await client.get('/mfa/authenticators')).body as [{ id: string }];
    expect(told(await client.delete(`/mfa/authenticators/${weakId}`))).toEqual([401, 'mfa_required']);
    const { body: setup } = await client.post('/mfa/totp', { replaces: weakId });
    const activation = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect(activation.status).toBe(201);
    expect((await client.get('/guarded')).status).toBe(200);
  });

  it('are no second factor in access tokens', async () => {
    const before = await start('default');
    const id = await importUser(before, { secret: SHORT_SECRET });
    const test = await start(profile);
    const client = await proveTotp(test, { id, secret: SHORT_SECRET });
    const [{ methods }] = (await test.dataSource
      .getRepository(AuthenticationSession)
      .findBy({ userId: id })) as [AuthenticationSession];
    expect(methods).toContainEqual(expect.objectContaining({ method: 'totp', weak: true }));
    expect(mfaClaims({ methods }).amr).toEqual(['pwd']);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('sign in no more beside one that is not weak', async () => {
    const before = await start('default', { totp: { maxPerUser: 2 } });
    const id = await importUser(before, { secret: SHORT_SECRET });
    const client = await proveTotp(before, { id, secret: SHORT_SECRET });
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, before.clock) });
    const test = await start(profile, { totp: { maxPerUser: 2 } });
    const half = await halfSignIn(test, { id });
    expect(told(await prove(half, codeOf(SHORT_SECRET, test.clock)))).toEqual([400, 'incorrect_code']);
    expect((await prove(half, codeOf(setup.secret, test.clock))).status).toBe(200);
    expect((await half.get('/guarded')).status).toBe(200);
  });

  it('are recovery codes of 8 digits, which verify nothing', async () => {
    const before = await start('default');
    const user = await enroll(before);
    const test = await start(profile);
    const half = await halfSignIn(test, user);
    expect(told(await prove(half, user.recoveryCodes[0] as string))).toEqual([400, 'incorrect_code']);
    expect((await prove(half, codeOf(user.secret, test.clock))).status).toBe(200);
    const { body } = await half.post('/mfa/recovery-codes');
    const again = await halfSignIn(test, user);
    expect((await prove(again, body.codes[0] as string)).status).toBe(200);
    expect((await again.get('/guarded')).status).toBe(200);
  });
});

describe('without a profile', () => {
  it('an imported secret of 80 bits counts as ever', async () => {
    const test = await start('default');
    const id = await importUser(test, { secret: SHORT_SECRET });
    const client = await proveTotp(test, { id, secret: SHORT_SECRET });
    expect((await client.get('/guarded')).status).toBe(200);
  });
});

/** The code of an authenticator app whose steps last 120 s. */
function codeOfLong(secret: string, test: TestApp): string {
  return totpCode(secret, test.clock.now(), { period: 120 });
}
