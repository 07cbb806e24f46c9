import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Controller, Get, HttpCode, Injectable, Post, UseGuards } from '@nestjs/common';
import type { MfaRequirement } from 'nestjs-mfa';
import {
  WebAuthnCredential,
  AuthenticationSessionService,
  MfaPolicyService,
  MfaSessionGuard,
  RequireMfa,
} from 'nestjs-mfa';

import type { Identity } from '../support/attestation.js';
import { makeLeaf, makeRoot, packedBy, pemOf } from '../support/attestation.js';
import type { Tampering } from '../support/authenticator.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, enrollKey, register, signIn } from '../support/ceremonies.js';
import type { Answer, Client } from '../support/client.js';
import { ENGINE } from '../support/databases.js';
import { HELD, HoldBack } from '../support/hold-back.js';
import { sealOfCredential } from '../support/inside.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

@Controller('assured')
class AssuredController {
  @Get('user-verified')
  @RequireMfa({ userVerified: true })
  userVerified(): object {
    return {};
  }

  @Get('device-bound')
  @RequireMfa({ deviceBound: true })
  deviceBound(): object {
    return {};
  }

  @Get('attested')
  @RequireMfa({ attested: true, deviceBound: true })
  attested(): object {
    return {};
  }

  @Get('both')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  both(): object {
    return {};
  }
}

/** A guard of the application that asks for more than the decorator before it. */
@Injectable()
class ByKeyGuard implements CanActivate {
  constructor(private readonly policy: MfaPolicyService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<object>();
    return (await this.policy.decide({ once: true, phishingResistant: true }, request)).allow;
  }
}

/** With the guard on the class too, so that it is asked twice for one request. */
@Controller('once')
@UseGuards(MfaSessionGuard)
@RequireMfa()
class OnceController {
  transfers = 0;

  @Post()
  @HttpCode(200)
  @RequireMfa({ once: true })
  transfer(): object {
    this.transfers += 1;
    return {};
  }

  @Post('both')
  @HttpCode(200)
  @RequireMfa({ once: true, allOf: ['totp', 'webauthn'] })
  both(): object {
    return {};
  }

  @Post('by-key')
  @HttpCode(200)
  @RequireMfa({ once: true })
  @UseGuards(ByKeyGuard)
  byKey(): object {
    return {};
  }

  @Post('open')
  @HttpCode(200)
  @RequireMfa({ once: true, allowUnenrolled: true })
  open(): object {
    return {};
  }
}

/** With one guard. */
@Controller('once-only')
class OnceOnlyController {
  @Post()
  @HttpCode(200)
  @RequireMfa({ once: true })
  transfer(): object {
    return {};
  }
}

const controllers = [AssuredController, OnceController, OnceOnlyController];
const answerOf = ({ status, body }: Answer): unknown[] => [status, body.code, body.methods, body.needs];
const PROVEN_NOW = { method: 'webauthn', at: expect.any(String) };

describe('what a ceremony has shown', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      controllers,
      mfa: {
        passkeyLogin: true,
        webauthn: { ...RELYING_PARTY, backupEligibilityChange: 'report' },
      },
    });
  });
  afterAll(() => test.close());

  it.each<[string, Tampering, object, [number, number]]>([
    ['nothing', { userVerified: false }, { userVerified: false, backedUp: false }, [401, 200]],
    ['UV', {}, { userVerified: true, backedUp: false }, [200, 200]],
    ['BE', { backupEligible: true }, { userVerified: true, backedUp: false }, [200, 403]],
    [
      'BE and BS',
      { backupEligible: true, backedUp: true },
      { userVerified: true, backedUp: true },
      [200, 403],
    ],
    [
      'BE and BS without UV',
      { userVerified: false, backupEligible: true, backedUp: true },
      { userVerified: false, backedUp: true },
      [401, 403],
    ],
  ])('is kept at registration and at each use: %s', async (_, flags, facts, [verified, bound]) => {
    const { client, id, key } = await enrollKey(test, new SoftwareAuthenticator(flags));
    const proof = { ...PROVEN_NOW, ...facts, attested: false };
    for (const one of [client, await proveAnew(id, key)]) {
      expect((await one.get('/mfa/session')).body.proven.at(-1)).toEqual(proof);
      expect((await one.get('/assured/user-verified')).status).toBe(verified);
      expect((await one.get('/assured/device-bound')).status).toBe(bound);
    }
  });

  async function proveAnew(id: string, key: SoftwareAuthenticator): Promise<Client> {
    const client = await halfSignIn(test, { id });
    expect((await assertKey(client, key)).status).toBe(200);
    return client;
  }

  it('is what the newest ceremony has shown: a key that verified its user once has not done so now', async () => {
    const { client, key } = await enrollKey(test);
    expect((await client.get('/assured/user-verified')).status).toBe(200);
    await assertKey(client, key, { userVerified: false });
    const refused = await client.get('/assured/user-verified');
    expect(answerOf(refused)).toEqual([401, 'mfa_required', ['webauthn'], { userVerified: true }]);
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    await assertKey(client, key);
    expect((await client.get('/assured/user-verified')).status).toBe(200);
  });

  it('has been bound to a device only where it never was anything else', async () => {
    const { client, key } = await enrollKey(test, new SoftwareAuthenticator({ backupEligible: true }));
    for (let times = 0; times < 3; times++) {
      expect((await assertKey(client, key, { backupEligible: false })).status).toBe(200);
      const refused = await client.get('/assured/device-bound');
      expect(answerOf(refused).slice(0, 2)).toEqual([403, 'mfa_enrollment_required']);
    }
  });

  it('has not been bound to a device once it was anything else, even for a moment', async () => {
    const { client, key } = await enrollKey(test);
    expect((await client.get('/assured/device-bound')).status).toBe(200);
    for (const backupEligible of [true, false, false]) {
      await assertKey(client, key, { backupEligible });
      expect((await client.get('/assured/device-bound')).status).toBe(403);
    }
  });

  it('is asked for with the options of the ceremony', async () => {
    const synced = new SoftwareAuthenticator({ backupEligible: true });
    const { client, key } = await enrollKey(test);
    await register(client, synced);
    const ids = async (body?: object) => {
      const { body: options } = await client.post('/mfa/authenticate/webauthn/options', body);
      return [options.userVerification, options.allowCredentials.map((one: { id: string }) => one.id)];
    };
    const bound = key.credentialId.toString('base64url');
    const all = expect.arrayContaining([bound, synced.credentialId.toString('base64url')]);
    expect(await ids()).toEqual(['preferred', all]);
    expect(await ids({ deviceBound: true })).toEqual(['preferred', [bound]]);
    expect(await ids({ userVerified: true })).toEqual(['required', all]);
    // None was: the wish can't be met, and what there is is offered.
    expect(await ids({ attested: true })).toEqual(['preferred', all]);
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options', { userVerified: true });
    const credential = key.get(options, { userVerified: false });
    expect((await client.post('/mfa/authenticate/webauthn', { credential })).body.code).toBe(
      'webauthn_failed',
    );
    const { body } = await client.post('/mfa/authenticate/webauthn/options', { userVerified: 'yes' });
    expect(body.code).toBe('invalid_request');
  });

  it('says which factors would do where the user has none of them', async () => {
    const { client } = await enroll(test);
    for (const [path, needs] of [
      ['user-verified', { userVerified: true }],
      ['device-bound', { deviceBound: true }],
      ['attested', { deviceBound: true, attested: true }],
      ['both', { allOf: ['totp', 'webauthn'] }],
    ] as const) {
      const refused = await client.get(`/assured/${path}`);
      expect(answerOf(refused)).toEqual([403, 'mfa_enrollment_required', ['webauthn'], needs]);
      expect(refused.body.reason).toBe('other_factor_needed');
    }
    const { client: none } = await signIn(test);
    expect(answerOf(await none.get('/assured/both'))).toEqual([
      403,
      'mfa_enrollment_required',
      ['totp', 'webauthn'],
      { allOf: ['totp', 'webauthn'] },
    ]);
  });

  it('is of each factor that is asked for, while it is fresh', async () => {
    const { client, secret, id } = await enroll(test);
    const key = new SoftwareAuthenticator();
    await register(client, key);
    expect((await client.get('/assured/both')).status).toBe(200);
    const other = await halfSignIn(test, { id });
    await other.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect(answerOf(await other.get('/assured/both')).slice(0, 3)).toEqual([
      401,
      'mfa_required',
      ['webauthn'],
    ]);
    await assertKey(other, key);
    expect((await other.get('/assured/both')).status).toBe(200);
    test.clock.advance(301);
    await assertKey(other, key);
    expect(answerOf(await other.get('/assured/both')).slice(0, 3)).toEqual([401, 'mfa_required', ['totp']]);
  });

  it('is unknown in sessions from before, and that is never enough', async () => {
    const { client, id } = await enrollKey(test);
    const sessions = test.app.get(AuthenticationSessionService);
    const [session] = await sessions.list({ id });
    if (!session) throw new Error('No session');
    const policy = test.app.get(MfaPolicyService);
    const old = session.methods.map(({ method, at, authenticatorId }) => ({ method, at, authenticatorId }));
    const before = Object.assign(await sessions.renew(session), { methods: old });
    const codeFor = async (requirement: MfaRequirement) => {
      const decision = await policy.check({ id }, before, requirement);
      return decision.allow ? 'pass' : decision.code;
    };
    expect(await codeFor({})).toBe('pass');
    expect(await codeFor({ userVerified: true })).toBe('mfa_required');
    expect(await codeFor({ deviceBound: true })).toBe('mfa_required');
    expect((await client.get('/assured/device-bound')).status).toBe(200);
  });

  it('tells of the maker where the certificates lead to a configured root', async () => {
    const root: Identity = await makeRoot();
    const maker = await makeLeaf(root, null);
    const strict = await startTestApp({
      controllers,
      mfa: { webauthn: { ...RELYING_PARTY, attestation: 'direct', attestationRoots: [pemOf(root)] } },
    });
    try {
      const key = new SoftwareAuthenticator({ attest: packedBy(maker) });
      const { client, id } = await enrollKey(strict, key);
      expect((await client.get('/mfa/session')).body.proven.at(-1)).toMatchObject({ attested: true });
      expect((await client.get('/assured/attested')).status).toBe(200);
      const again = await halfSignIn(strict, { id });
      expect((await assertKey(again, key)).body.proven.at(-1)).toMatchObject({ attested: true });
      expect((await again.get('/assured/attested')).status).toBe(200);
      await strict.dataSource.query('UPDATE mfa_webauthn_credential SET attested = NULL');
      const { body } = await assertKey(await halfSignIn(strict, { id }), key);
      expect(body.code).toBe('webauthn_failed');
      // A key from before: sealed without a word of it.
      const credentials = strict.dataSource.getRepository(WebAuthnCredential);
      const before = await credentials.findOneByOrFail({ userId: id });
      await credentials.update({ userId: id }, { seal: sealOfCredential(strict.app, before) });
      const old = await halfSignIn(strict, { id });
      expect((await assertKey(old, key)).body.proven.at(-1)).toEqual({
        ...PROVEN_NOW,
        userVerified: true,
        backedUp: false,
      });
      expect(answerOf(await old.get('/assured/attested')).slice(0, 3)).toEqual([
        403,
        'mfa_enrollment_required',
        ['webauthn'],
      ]);
    } finally {
      await strict.close();
    }
  });
});

describe(`a proof that is spent by one request (${ENGINE})`, () => {
  const holdBack = new HoldBack();
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      controllers,
      mfa: { webauthn: RELYING_PARTY, rateLimit: { attempts: 1000 } },
      configure: holdBack.mark,
    });
    holdBack.watch(test.dataSource, test.adapter);
  });
  afterAll(() => test.close());

  it('opens one request, goes on for others, and another proof opens the next', async () => {
    const { client, key } = await enrollKey(test);
    expect((await client.post('/once')).status).toBe(200);
    const refused = await client.post('/once');
    expect(answerOf(refused)).toEqual([401, 'mfa_required', ['webauthn', 'recovery_codes'], { once: true }]);
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication');
    expect((await client.get('/protected')).status).toBe(200);
    await assertKey(client, key);
    expect((await client.post('/once')).status).toBe(200);
    expect((await client.post('/once')).status).toBe(401);
  });

  it('buys no new factor, which would open the next', async () => {
    const { client } = await enrollKey(test);
    expect((await client.post('/once')).status).toBe(200);
    expect((await register(client, new SoftwareAuthenticator())).body.code).toBe('mfa_required');
    expect((await client.post('/mfa/recovery-codes')).body.code).toBe('mfa_required');
  });

  it('leaves no other proof of the session for the next', async () => {
    const { client } = await enroll(test);
    await register(client, new SoftwareAuthenticator());
    const answers = await Promise.all([1, 2, 3, 4].map(() => client.clone().post('/once')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect((await client.post('/once/both')).body.methods).toEqual(['totp', 'webauthn']);
  });

  it('is not given back by another proof of the password, nor by another factor to the first', async () => {
    const { client, secret, id } = await enroll(test);
    const key = new SoftwareAuthenticator();
    await register(client, key);
    expect((await client.post('/once/both')).status).toBe(200);
    await client.post('/reauthenticate', { id });
    expect((await client.post('/once')).status).toBe(401);
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect(answerOf(await client.post('/once/both')).slice(0, 3)).toEqual([
      401,
      'mfa_required',
      ['webauthn'],
    ]);
    expect((await client.post('/once')).status).toBe(200);
    expect((await client.post('/once')).status).toBe(401);
  });

  it('is one proof for all guards of the request, none of which takes what an earlier request has spent', async () => {
    const { client, key, recoveryCodes } = await enrollKey(test);
    expect((await client.post('/once/by-key')).status).toBe(200);
    await client.post('/mfa/authenticate', { code: recoveryCodes[0] });
    expect((await client.post('/once/by-key')).status).toBe(403);
    await assertKey(client, key);
    expect((await client.post('/once/by-key')).status).toBe(200);
  });

  it('is asked of nobody who is let in without', async () => {
    const { client } = await signIn(test);
    for (let time = 0; time < 2; time++) expect((await client.post('/once/open')).status).toBe(200);
  });

  it('opens exactly one of many requests that come at once', async () => {
    const controller = test.app.get(OnceController);
    for (let round = 0; round < 5; round++) {
      const { client } = await enrollKey(test);
      controller.transfers = 0;
      const answers = await Promise.all(Array.from({ length: 12 }, () => client.clone().post('/once')));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'mfa_required')).toHaveLength(11);
      expect(controller.transfers).toBe(1);
    }
  });

  it('opens one of two requests in every order of their steps', async () => {
    let points = 0;
    for (let holdAt = 1; ; holdAt++) {
      const { client } = await enrollKey(test);
      const other = client.clone();
      let inBetween: Answer | undefined;
      const { answer, reached } = await holdBack.run(
        holdAt,
        () => client.send('POST', '/once', undefined, HELD),
        async () => {
          inBetween = await other.post('/once');
        },
      );
      if (!reached) break;
      points += 1;
      expect([answer.status, inBetween?.status].sort()).toEqual([200, 401]);
    }
    expect(points).toBeGreaterThanOrEqual(2);
  });

  it('opens one request where its time ends while it is admitted', async () => {
    const { client } = await enrollKey(test);
    const lastMoment = test.clock.now() + 300_000;
    const passed: number[] = [];
    // Its last moment passes after one more look at the clock each time.
    for (let looksLeft = 0; looksLeft < 10; looksLeft++) {
      let looks = 0;
      const clock = jest.spyOn(test.clock, 'now');
      clock.mockImplementation(() => (looks++ < looksLeft ? lastMoment : lastMoment + 1));
      if ((await client.clone().post('/once-only')).status === 200) passed.push(looksLeft);
      clock.mockRestore();
    }
    expect(passed).toHaveLength(1);
  });

  it('goes to one of a spending and a gain, and is not there again afterwards', async () => {
    for (let round = 0; round < 5; round++) {
      const { client, key, recoveryCodes } = await enrollKey(test);
      const other = client.clone();
      const [spent] = await Promise.all([
        client.post('/once'),
        other.post('/mfa/authenticate', { code: recoveryCodes[0] }),
      ]);
      expect([200, 401]).toContain(spent.status);
      // The proof of the recovery code is another one; the key's is spent where the request has passed.
      const { id } = await currentUser(other);
      const [session] = await test.app.get(AuthenticationSessionService).list({ id });
      const record = session?.methods.find(({ method }) => method === 'webauthn');
      expect(record?.spent === true).toBe(spent.status === 200);
      await assertKey(other, key);
      expect((await other.post('/once')).status).toBe(200);
    }
  });

  async function currentUser(client: Client): Promise<{ id: string }> {
    return (await client.get('/me')).body as { id: string };
  }

  it('costs one statement more, and nothing where it is not asked for', async () => {
    const { client } = await enrollKey(test);
    const plain = await test.logger.statementsOf(() => client.get('/assured/user-verified'));
    expect(plain).toHaveLength(1);
    const once = await test.logger.statementsOf(() => client.post('/once'));
    expect(once.map((sql) => sql.split(' ')[0])).toEqual(['SELECT', 'UPDATE']);
  });

  it('is spent by the check of the service too', async () => {
    const { id } = await enrollKey(test);
    const [session] = await test.app.get(AuthenticationSessionService).list({ id });
    const policy = test.app.get(MfaPolicyService);
    const checks = await Promise.all(
      Array.from({ length: 5 }, () => policy.check({ id }, session ?? null, { once: true })),
    );
    expect(checks.filter(({ allow }) => allow)).toHaveLength(1);
  });
});
