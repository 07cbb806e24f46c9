import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication, Type } from '@nestjs/common';
import { Controller, Get, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { AuthenticationRecord, MfaAcrLevels } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MFA_ACR_LEVELS,
  MFA_CLOCK,
  MfaClaimsModule,
  MfaPolicyService,
  RequireMfa,
  mfaClaims,
} from 'nestjs-mfa';
import type { MfaClaimsModuleOptions } from 'nestjs-mfa/claims';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { enrollKey, signIn } from '../support/ceremonies.js';
import { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, startTestApp } from '../support/test-app.js';

/** One table for all sides. */
const LEVELS = {
  silver: {},
  ...MFA_ACR_LEVELS,
  gold: { ...MFA_ACR_LEVELS.phrh, userVerified: true },
} satisfies MfaAcrLevels;

@Controller('levels')
class LevelController {
  @Get('silver')
  @RequireMfa({ acr: 'silver' })
  silver(): object {
    return {};
  }

  @Get('phr')
  @RequireMfa({ acr: 'phr', maxAge: 600 })
  phr(): object {
    return {};
  }

  @Get('gold')
  @RequireMfa({ acr: 'gold' })
  gold(): object {
    return {};
  }

  @Get('resistant')
  @RequireMfa({ phishingResistant: true })
  resistant(): object {
    return {};
  }
}

const CHALLENGE = 'Bearer error="insufficient_user_authentication"';

describe('a route that asks for a level', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, acr: LEVELS },
      controllers: [LevelController],
    });
  });
  afterAll(() => test.close());

  it('is opened by what reaches it', async () => {
    const { client } = await enrollKey(test, new SoftwareAuthenticator());
    expect((await client.get('/levels/silver')).status).toBe(200);
    expect((await client.get('/levels/phr')).status).toBe(200);
    expect((await client.get('/levels/gold')).body).toMatchObject({
      code: 'mfa_enrollment_required',
      acr: 'gold',
      needs: { userVerified: true, deviceBound: true, attested: true },
    });
  });

  it('names it in the challenge', async () => {
    const { client, id } = await enrollKey(test, new SoftwareAuthenticator());
    test.clock.advance(601);
    const refused = await client.get('/levels/phr');
    expect(refused.headers.get('www-authenticate')).toBe(`${CHALLENGE}, max_age=600, acr_values="phr"`);
    expect(refused.body).toMatchObject({
      code: 'mfa_required',
      methods: ['webauthn'],
      acr: 'phr',
      maxAge: 600,
    });
    // Where a route names none, it says what it needs in its own words alone.
    const unnamed = await client.get('/levels/resistant');
    expect(unnamed.headers.get('www-authenticate')).toBe(`${CHALLENGE}, max_age=300`);
    expect(unnamed.body).not.toHaveProperty('acr');
    const policy = test.app.get(MfaPolicyService);
    expect(await policy.check({ id }, null, { acr: 'phr' })).toMatchObject({
      code: 'mfa_required',
      acr: 'phr',
    });
    await expect(policy.check({ id }, null, { acr: 'platinum' })).rejects.toThrow('no level `platinum`');
  });

  it.each<[string, () => Type, string]>([
    [
      'that there is not',
      () => {
        @Controller()
        class Unknown {
          @Get()
          @RequireMfa({ acr: 'platinum' })
          get(): object {
            return {};
          }
        }
        return Unknown;
      },
      '`@RequireMfa({ acr })` on Unknown.get: there is no level `platinum`: use one of silver, phr, phrh, gold',
    ],
    [
      'that its methods can never reach',
      () => {
        @Controller()
        class Impossible {
          @Get()
          @RequireMfa({ acr: 'phr', methods: ['totp'] })
          get(): object {
            return {};
          }
        }
        return Impossible;
      },
      '`@RequireMfa()` on Impossible.get can never be met',
    ],
  ])('%s stops the boot', async (_, controller, message) => {
    const start = startTestApp({
      mfa: { webauthn: RELYING_PARTY, acr: LEVELS },
      controllers: [controller()],
      database: ':memory:',
    });
    await expect(start).rejects.toThrow(message);
  });

  it.each<[MfaAcrLevels, string]>([
    [{ gold: { phishingResistant: true }, silver: {} }, '`acr`: `silver` comes after `gold`'],
    [{ gold: { methods: ['nothing' as never] } }, 'names `nothing`, which is not a factor'],
    [{}, '`acr` must have at least one level'],
  ])('%j is no table', async (acr, message) => {
    await expect(startTestApp({ mfa: { acr }, database: ':memory:' })).rejects.toThrow(message);
  });

  it('is refused where it is written down wrongly', () => {
    expect(() => RequireMfa({ acr: 'a b' })).toThrow('takes the name of a level');
    expect(() => RequireMfa({ acr: 'phr', acceptTrustedDevice: true })).toThrow('meets no level');
    class Twice {}
    RequireMfa({ acr: 'phr' })(Twice);
    expect(() => RequireMfa({ acr: 'gold' })(Twice)).toThrow('give only one level');
  });
});

describe('what a client asks of an authorization server', () => {
  let test: TestApp;
  beforeAll(async () => {
    const session = { rememberTtlSeconds: 2_592_000 };
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY, acr: LEVELS, session } });
  });
  afterAll(() => test.close());

  const ask = async (client: Client, id: string, request: object) => {
    const token = client.cookies.get('mfa_session') ?? '';
    const session = await test.app.get(AuthenticationSessionService).verify(token);
    return test.app.get(MfaPolicyService).checkAuthorization({ id }, session, request);
  };

  it('is satisfied by the first level that the session reaches, however long ago', async () => {
    const { client, id } = await enrollKey(test);
    test.clock.advance(3600);
    expect(await ask(client, id, { acrValues: 'gold platinum phr silver' })).toMatchObject({
      isSatisfied: true,
      acr: 'phr',
      authTime: new Date(test.clock.now() - 3_600_000),
    });
    expect(await ask(client, id, { acrValues: ['silver', 'phr'], maxAge: 3600 })).toMatchObject({
      acr: 'silver',
    });
  });

  it('is satisfied by what a remembered session proved when it began', async () => {
    const { id, authenticatorId } = await enroll(test);
    const at = test.clock.now();
    const methods: AuthenticationRecord[] = [
      { method: 'pwd', at },
      { method: 'totp', at, authenticatorId },
    ];
    const given = { status: 'authenticated', methods, ttlSeconds: 2_592_000 } as const;
    const { token } = await test.app.get(AuthenticationSessionService).create({ id }, given);
    test.clock.advance(2_591_000);
    const client = test.client();
    client.cookies.set('mfa_session', token);
    expect(await ask(client, id, { acrValues: 'silver' })).toMatchObject({
      isSatisfied: true,
      acr: 'silver',
    });
    expect(await ask(client, id, { acrValues: 'silver', maxAge: 86_400 })).toMatchObject({
      isSatisfied: false,
    });
  });

  it('is owed as the guard would say it', async () => {
    const { client, id } = await enrollKey(test);
    test.clock.advance(61);
    expect(await ask(client, id, { acrValues: 'gold phr', maxAge: 60 })).toMatchObject({
      isSatisfied: false,
      acr: 'phr',
      owed: { code: 'mfa_required', methods: ['webauthn'], maxAge: 60, acr: 'phr' },
    });
    expect(await ask(client, id, { acrValues: 'gold' })).toMatchObject({
      isSatisfied: false,
      acr: 'gold',
      owed: { code: 'mfa_enrollment_required', methods: ['webauthn'] },
    });
    const app = await enroll(test);
    expect(await ask(app.client, app.id, { acrValues: 'phr silver' })).toMatchObject({ acr: 'silver' });
  });

  it('of a level that nobody knows is no promise', async () => {
    const { client, id } = await enrollKey(test);
    expect(await ask(client, id, { acrValues: 'platinum' })).toEqual({
      isSatisfied: false,
      error: 'unmet_authentication_requirements',
    });
  });

  it('without a level is the age of any authentication', async () => {
    const { client, id } = await signIn(test);
    expect(await ask(client, id, {})).toMatchObject({ isSatisfied: true });
    test.clock.advance(61);
    expect(await ask(client, id, { maxAge: 60 })).toEqual({
      isSatisfied: false,
      owed: { allow: false, code: 'reauthentication_required', maxAge: 60 },
    });
    expect(await ask(client, id, { maxAge: 61 })).toMatchObject({ isSatisfied: true });
  });

  it('is not reached by having time left to set up a factor', async () => {
    const grace = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, acr: LEVELS, enrollmentGracePeriodSeconds: 604_800 },
    });
    try {
      const { client, id } = await signIn(grace);
      expect((await client.get('/protected/phishing-resistant')).status).toBe(200);
      const policy = grace.app.get(MfaPolicyService);
      const token = client.cookies.get('mfa_session') ?? '';
      for (const session of [null, await grace.app.get(AuthenticationSessionService).verify(token)]) {
        for (const acrValues of ['silver', 'phr', 'gold phr silver'])
          expect(await policy.checkAuthorization({ id }, session, { acrValues })).toMatchObject({
            isSatisfied: false,
            owed: { code: 'mfa_enrollment_required' },
          });
      }
    } finally {
      await grace.close();
    }
  });

  it('is owed by whom nothing else is open to before a factor is set up', async () => {
    const strict = await startTestApp({ mfa: { webauthn: RELYING_PARTY, requiredForStaff: true } });
    try {
      const sessions = strict.app.get(AuthenticationSessionService);
      const policy = strict.app.get(MfaPolicyService);
      const answers = [];
      for (const isStaff of [true, false]) {
        const { client, id } = await signIn(strict);
        const session = await sessions.verify(client.cookies.get('mfa_session') ?? '');
        answers.push(await policy.checkAuthorization({ id, isStaff }, session, {}));
      }
      expect(answers).toMatchObject([
        { isSatisfied: false, owed: { code: 'mfa_enrollment_required', methods: ['totp', 'webauthn'] } },
        { isSatisfied: true },
      ]);
    } finally {
      await strict.close();
    }
  });

  it('counts nothing of a session that is somebody else’s, pending, or over', async () => {
    const { client } = await enrollKey(test);
    expect(await ask(client, 'somebody-else', { acrValues: 'silver' })).toMatchObject({ isSatisfied: false });
    const { client: app, id, secret } = await enroll(test);
    const half = test.client();
    await half.post('/login', { id });
    expect(await ask(half, id, {})).toMatchObject({ isSatisfied: false });
    await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect(await ask(half, id, { acrValues: 'silver' })).toMatchObject({ isSatisfied: true });
    await app.delete('/mfa/session');
    expect(await ask(app, id, {})).toMatchObject({ isSatisfied: false });
  });
});

describe('tokens', () => {
  const NOW = 1_800_000_000_000;
  const KEY: AuthenticationRecord = { method: 'webauthn', at: NOW, userVerified: true };
  const HARDWARE: AuthenticationRecord = { ...KEY, backupEligible: false, attested: true };
  const claimsOf = (...records: AuthenticationRecord[]) =>
    mfaClaims({ methods: [{ method: 'pwd', at: NOW }, ...records] }, { acr: LEVELS });

  const apps: INestApplication[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  async function start(claims: unknown, options: MfaClaimsModuleOptions = { acr: LEVELS }): Promise<Client> {
    @Module({
      imports: [MfaClaimsModule.forRoot({ claims: () => claims, ...options })],
      controllers: [LevelController],
    })
    class AppModule {}
    const built = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(MFA_CLOCK)
      .useValue({ now: () => NOW })
      .compile();
    const app = built.createNestApplication({ forceCloseConnections: true, logger: false });
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return new Client(await app.getUrl());
  }

  const PATHS = ['silver', 'phr', 'gold', 'resistant'];
  const answersTo = async (claims: unknown) => {
    const client = await start(claims);
    return Promise.all(PATHS.map(async (path) => (await client.get(`/levels/${path}`)).status));
  };

  it('state the strongest level that the newest second factor reaches', () => {
    expect(claimsOf({ method: 'totp', at: NOW }).acr).toBe('silver');
    expect(claimsOf(KEY).acr).toBe('phr');
    expect(claimsOf(HARDWARE).acr).toBe('gold');
    expect(claimsOf({ ...HARDWARE, at: NOW - 1000 }, { method: 'totp', at: NOW }).acr).toBe('silver');
    expect(claimsOf()).not.toHaveProperty('acr');
  });

  it('open what they show', async () => {
    expect(await answersTo(claimsOf({ method: 'totp', at: NOW }))).toEqual([200, 401, 401, 401]);
    expect(await answersTo(claimsOf(KEY))).toEqual([200, 200, 401, 200]);
    expect(await answersTo(claimsOf(HARDWARE))).toEqual([200, 200, 200, 200]);
  });

  it('of another issuer are taken at their word for a level, and for those below', async () => {
    const token = { amr: ['mfa'], auth_time: NOW / 1000 };
    expect(await answersTo({ ...token, acr: 'gold' })).toEqual([200, 200, 200, 401]);
    expect(await answersTo({ ...token, acr: 'phr' })).toEqual([200, 200, 401, 401]);
    // Nobody knows what these say.
    for (const acr of ['platinum', ['gold'], 'GOLD', 'toString', undefined]) {
      expect(await answersTo({ ...token, acr })).toEqual([200, 401, 401, 401]);
    }
    // One factor is not two, whatever its level.
    expect(await answersTo({ ...token, amr: ['pop'], acr: 'gold' })).toEqual([401, 401, 401, 401]);
    expect(await answersTo({ ...token, auth_time: NOW / 1000 - 301, acr: 'gold' })).toEqual([
      401, 200, 401, 401,
    ]);
    expect(await answersTo({ ...token, auth_time: NOW / 1000 - 601, acr: 'gold' })).toEqual([
      401, 401, 401, 401,
    ]);
  });

  it('under a profile have to show it', async () => {
    const client = await start(
      { amr: ['mfa'], auth_time: NOW / 1000, acr: 'gold' },
      { acr: LEVELS, profile: 'aal3' },
    );
    expect((await client.get('/levels/gold')).status).toBe(401);
    const bound = claimsOf({ ...HARDWARE, attested: false });
    const stated = await start({ ...bound, acr: 'gold' }, { acr: LEVELS, profile: 'aal3' });
    expect((await stated.get('/levels/resistant')).status).toBe(200);
    expect((await stated.get('/levels/gold')).status).toBe(401);
  });

  it('are asked for by the level that would do', async () => {
    const client = await start({ amr: ['pwd'], auth_time: NOW / 1000 });
    const asked = async (path: string) => {
      const refused = await client.get(`/levels/${path}`);
      return [refused.headers.get('www-authenticate'), refused.body.acr as unknown];
    };
    expect(await asked('gold')).toEqual([`${CHALLENGE}, max_age=300, acr_values="gold"`, 'gold']);
    expect(await asked('resistant')).toEqual([`${CHALLENGE}, max_age=300, acr_values="phr"`, 'phr']);
  });

  it('of levels that the API does not know stop its boot', async () => {
    await expect(start({}, {})).rejects.toThrow('on LevelController.silver: there is no level `silver`');
    await expect(start({}, { acr: {} })).rejects.toThrow('`acr` must have at least one level');
  });
});
