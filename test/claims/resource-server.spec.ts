/** @jest-environment-options {"ownModules": true} */
import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExecutionContext, INestApplication, Type } from '@nestjs/common';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD, ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import jwt from 'jsonwebtoken';
import type { AuthenticationSession, MfaUser } from 'nestjs-mfa';
import type { MfaClaimsModuleOptions } from 'nestjs-mfa/claims';
import { MFA_CLOCK, MfaClaimsModule, MfaGuard, MfaModule, RequireMfa, SkipMfa, mfaClaims } from 'nestjs-mfa';

import { readConfig } from '../../apps/resource-server/src/config.js';
import { ResourceServerModule } from '../../apps/resource-server/src/resource-server.module.js';
import { Client } from '../support/client.js';
import type { TestClock } from '../support/clock.js';
import type { TestApp } from '../support/test-app.js';
import {
  SECRET,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

const ISSUER = 'https://login.example.com';
const AUDIENCE = 'https://api.example.com';
const KEYS = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const STEP_UP = 'Bearer error="insufficient_user_authentication", max_age=300';

interface TokenOptions extends jwt.SignOptions {
  typ?: string;
  key?: string;
}

/** An access token (RFC 9068), valid for ten minutes of the real time that Passport goes by. */
function sign(
  claims: object,
  { typ = 'at+jwt', key = KEYS.privateKey, ...options }: TokenOptions = {},
): string {
  return jwt.sign({ sub: 'ada', ...claims }, key, {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ },
    issuer: ISSUER,
    audience: AUDIENCE,
    expiresIn: 600,
    ...options,
  });
}

const HEADER = { alg: 'ES256', typ: 'at+jwt' };
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with a valid signature and what no library would sign. */
function signParts(header: object, payload: object): string {
  const content = `${part(header)}.${part(payload)}`;
  const key = { key: KEYS.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${content}.${signBytes('sha256', Buffer.from(content), key).toString('base64url')}`;
}

/** The other half: an application that signs in, and hands out tokens with what was proven. */
class TokenAdapter extends TestAdapter {
  override completeLogin(user: MfaUser, session: AuthenticationSession): Record<string, unknown> {
    return { accessToken: sign({ sub: String(user.id), ...mfaClaims(session) }) };
  }
}

async function listen(module: object, clock: TestClock): Promise<INestApplication> {
  const built = await Test.createTestingModule({ imports: [module as never] })
    .overrideProvider(MFA_CLOCK)
    .useValue(clock)
    .compile();
  const app = built.createNestApplication({ forceCloseConnections: true, logger: false });
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('a stateless resource server', () => {
  let issuer: TestApp;
  let server: INestApplication;
  let url: string;

  beforeAll(async () => {
    issuer = await startTestApp({ adapter: TokenAdapter, mfa: { trustedDevices: { enabled: true } } });
    const module = ResourceServerModule.forRoot({
      publicKey: KEYS.publicKey,
      issuer: ISSUER,
      audience: AUDIENCE,
    });
    server = await listen(module, issuer.clock);
    url = await server.getUrl();
  });
  afterAll(async () => {
    await server.close();
    await issuer.close();
  });

  const call = (path: string, token?: string) =>
    new Client(url, token === undefined ? {} : { authorization: `Bearer ${token}` }).get(path);
  const seconds = () => Math.floor(issuer.clock.now() / 1000);

  it('has no database', () => {
    const names = [...server.get(ModulesContainer).values()].flatMap((module) => [
      module.name,
      ...[...module.providers.keys()].map((token) =>
        typeof token === 'function' ? token.name : String(token),
      ),
    ]);
    expect(names).toContain('MfaClaimsModule');
    expect(names.filter((name) => /typeorm|datasource|entitymanager|repository|storage/i.test(name))).toEqual(
      [],
    );
  });

  describe('with the tokens of an application that signs in', () => {
    it('goes from the password to the second factor, and to a step-up when the proof is too old', async () => {
      const user = await enroll(issuer);
      const client = issuer.client();
      const half = await client.post('/login', { id: user.id });
      expect(half.body).toMatchObject({ status: 'mfa_required' });
      expect(half.body).not.toHaveProperty('accessToken');

      const { body: first } = await client.post('/mfa/authenticate', {
        code: codeOf(user.secret, issuer.clock),
      });
      expect(await call('/profile', first.accessToken)).toMatchObject({ status: 200, body: { id: user.id } });
      expect(await call('/figures', first.accessToken)).toMatchObject({
        status: 200,
        body: { turnover: 42 },
      });

      issuer.clock.advance(301);
      const old = await call('/figures', first.accessToken);
      expect(old).toMatchObject({
        status: 401,
        body: { code: 'mfa_required', methods: ['totp', 'webauthn', 'recovery_codes'], maxAge: 300 },
      });
      expect(old.headers.get('www-authenticate')).toBe(STEP_UP);
      expect(old.headers.get('cache-control')).toBe('no-store');
      expect((await call('/profile', first.accessToken)).status).toBe(200);

      const { body: second } = await client.post('/mfa/authenticate', {
        code: codeOf(user.secret, issuer.clock),
      });
      expect((await call('/figures', second.accessToken)).status).toBe(200);
      expect((await call('/figures', first.accessToken)).status).toBe(401);
    });

    it('does not take a trusted device for a second factor', async () => {
      const user = await enroll(issuer);
      const browser = await halfSignIn(issuer, user);
      await browser.post('/mfa/authenticate', {
        code: codeOf(user.secret, issuer.clock),
        trustDevice: true,
      });
      await browser.delete('/mfa/session');
      const { body } = await browser.post('/login', { id: user.id });
      expect(body.proven).toMatchObject([{ method: 'pwd' }, { method: 'trusted_device' }]);
      expect(jwt.decode(body.accessToken)).toMatchObject({ amr: ['pwd'] });
      expect((await call('/profile', body.accessToken)).status).toBe(200);
      expect((await call('/figures', body.accessToken)).body.code).toBe('mfa_required');
    });

    it('asks for the factor where users without one could pass, since a token can not tell', async () => {
      const { body } = await issuer.client().post('/login', { id: newUserId() });
      expect((await call('/feed', body.accessToken)).body.code).toBe('mfa_required');
    });
  });

  describe('with tokens of every kind', () => {
    const proven = (claims: object) => ({ auth_time: seconds(), mfa_at: seconds(), ...claims });
    const mfa = () => proven({ amr: ['pwd', 'otp', 'mfa'] });
    const body = () => ({
      sub: 'ada',
      iss: ISSUER,
      aud: AUDIENCE,
      exp: Math.floor(Date.now() / 1000) + 600,
      ...mfa(),
    });

    it('takes a good one', async () => {
      expect((await call('/figures', sign(mfa()))).status).toBe(200);
      expect((await call('/figures', signParts(HEADER, body()))).status).toBe(200);
      const typ = 'application/at+jwt';
      expect((await call('/figures', sign(mfa(), { typ }))).status).toBe(200);
    });

    const strangers = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const forgeries: [string, () => string][] = [
      ['no token at all', () => 'nonsense'],
      ['one that is not signed', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(body())}.`],
      ['one of somebody else', () => sign(mfa(), { key: strangers.privateKey })],
      [
        'one signed with the public key as a secret',
        () => {
          const content = `${part({ alg: 'HS256', typ: 'at+jwt' })}.${part(body())}`;
          return `${content}.${createHmac('sha256', KEYS.publicKey).update(content).digest('base64url')}`;
        },
      ],
      [
        'one whose claims were changed',
        () => {
          const [header, , signature] = sign({ amr: ['pwd'] }).split('.');
          return `${header}.${part(body())}.${signature}`;
        },
      ],
      ['one for another audience', () => sign(mfa(), { audience: `${ISSUER}/mfa` })],
      ['one of another issuer', () => sign(mfa(), { issuer: 'https://evil.example.com' })],
      ['one that has expired', () => sign(mfa(), { expiresIn: -1 })],
      ['one without an end', () => signParts(HEADER, { ...body(), exp: undefined })],
      ['one of a sign-in that is not complete', () => sign(mfa(), { typ: 'mfa-pending+jwt' })],
      ['an ID token', () => sign(mfa(), { typ: 'JWT' })],
      ['one without a user', () => signParts(HEADER, { ...body(), sub: undefined })],
      ['one whose type is not signed', () => signParts({ alg: 'ES256' }, body())],
    ];

    it.each(forgeries)('refuses %s on every route', async (_, make) => {
      for (const path of ['/profile', '/figures', '/vault', '/feed']) {
        const { status, headers } = await call(path, make());
        expect([path, status]).toEqual([path, 401]);
        expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      }
    });

    it('refuses a request without a token', async () => {
      const { status, headers } = await call('/figures');
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    });

    it.each([
      ['one factor', { amr: ['pwd'] }],
      ['several channels', { amr: ['pwd', 'mca'] }],
      ['no amr', { amr: undefined }],
      ['text in place of a list', { amr: 'mfa' }],
      ['a proof from the future', { amr: ['otp', 'mfa'], mfa_at: 1_800_000_000 * 2 }],
    ])('asks for a second factor with %s', async (_, claims) => {
      const answer = await call('/figures', sign(proven(claims)));
      expect(answer).toMatchObject({ status: 401, body: { code: 'mfa_required' } });
      expect(answer.headers.get('www-authenticate')).toBe(STEP_UP);
    });

    it('lets only keys into the vault, and says so in the words of RFC 9470', async () => {
      const key = proven({ amr: ['pwd', 'pop', 'user', 'mfa'], acr: 'phr' });
      expect((await call('/vault', sign(key))).status).toBe(200);
      expect((await call('/vault', sign({ ...key, mfa_at: seconds() - 301 }))).status).toBe(401);
      const refused = await call('/vault', sign(mfa()));
      expect(refused).toMatchObject({ status: 401, body: { code: 'mfa_required', methods: ['webauthn'] } });
      expect(refused.headers.get('www-authenticate')).toBe(`${STEP_UP}, acr_values="phr"`);
    });

    it('lets users pass who have no second factor by their token, where the route allows it', async () => {
      const none = sign(
        mfaClaims({ methods: [{ method: 'pwd', at: issuer.clock.now() }] }, { enrolled: false }),
      );
      expect((await call('/feed', none)).status).toBe(200);
      expect(await call('/figures', none)).toMatchObject({
        status: 403,
        body: { code: 'mfa_enrollment_required', methods: ['totp', 'webauthn'] },
      });
    });
  });
});

describe('the strategy of the example', () => {
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  it.each([
    ['RS256', rsa.publicKey, rsa.privateKey],
    ['HS256', SECRET, SECRET],
  ] as const)('takes no %s, even with a key for it', async (algorithm, publicKey, key) => {
    const module = ResourceServerModule.forRoot({ publicKey, issuer: ISSUER, audience: AUDIENCE });
    const app = await listen(module, { now: () => Date.now() } as TestClock);
    const token = sign({}, { key, algorithm, header: { alg: algorithm, typ: 'at+jwt' } });
    const { status } = await new Client(await app.getUrl(), { authorization: `Bearer ${token}` }).get(
      '/profile',
    );
    await app.close();
    expect(status).toBe(401);
  });
});

describe('MfaClaimsModule', () => {
  const apps: INestApplication[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  @Controller()
  class RoutesController {
    @Get('open')
    @SkipMfa()
    open(): string {
      return 'open';
    }

    @Get('closed')
    closed(): string {
      return 'closed';
    }

    @Get('minute')
    @RequireMfa({ maxAge: 60 })
    minute(): string {
      return 'minute';
    }

    @Get('key')
    @RequireMfa({ phishingResistant: true })
    key(): string {
      return 'key';
    }

    @Get('totp')
    @RequireMfa({ methods: ['totp'] })
    totp(): string {
      return 'totp';
    }
  }

  /** An application whose every route is behind the guard, with the claims that a test makes up. */
  async function start(options: MfaClaimsModuleOptions): Promise<Client> {
    @Module({
      imports: [MfaClaimsModule.forRoot(options)],
      controllers: [RoutesController],
      providers: [{ provide: APP_GUARD, useClass: MfaGuard }],
    })
    class AppModule {}
    const app = await listen(AppModule, { now: () => 1_800_000_000_000 } as TestClock);
    apps.push(app);
    return new Client(await app.getUrl());
  }

  const claims = (age: number, amr = ['pwd', 'otp', 'mfa']) => ({ amr, auth_time: 1_800_000_000 - age });

  it('guards every route as APP_GUARD, but those with @SkipMfa()', async () => {
    const nobody = await start({});
    expect((await nobody.get('/open')).status).toBe(200);
    const refused = await nobody.get('/closed');
    expect(refused).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    const proven = await start({ claims: () => claims(10) });
    expect((await proven.get('/closed')).status).toBe(200);
  });

  it.each([
    [60, [200, undefined, 200, undefined]],
    [61, [200, undefined, 401, 60]],
    [600, [200, undefined, 401, 60]],
    [601, [401, 600, 401, 60]],
  ])('goes by the age of the proof: after %p seconds %j', async (age, expected) => {
    const client = await start({ gracePeriodSeconds: 600, claims: () => claims(age) });
    const [closed, minute] = [await client.get('/closed'), await client.get('/minute')];
    expect([closed.status, closed.body.maxAge, minute.status, minute.body.maxAge]).toEqual(expected);
  });

  it('takes the words of another issuer when they are translated, as the docs say', async () => {
    const request = { user: { ...claims(0, ['hwk', 'mfa']), acr: 'gold' } };
    const translate = ({ user }: { user?: Record<string, unknown> }) =>
      user && { ...user, acr: user['acr'] === 'gold' ? 'phr' : undefined };
    expect((await (await start({ claims: () => translate(request) })).get('/key')).status).toBe(200);
    expect((await (await start({ claims: () => request.user })).get('/key')).status).toBe(401);
    expect((await (await start({ claims: translate })).get('/key')).body.code).toBe('unauthenticated');
  });

  it('takes only the methods that the route names', async () => {
    const totp = await start({ claims: () => claims(0) });
    expect((await totp.get('/totp')).status).toBe(200);
    const other = await start({ claims: () => claims(0, ['mfa']) });
    expect(await other.get('/totp')).toMatchObject({ status: 401, body: { methods: ['totp'] } });
    expect((await other.get('/closed')).status).toBe(200);
  });

  it('reads the request of a GraphQL context as well', async () => {
    await start({});
    const guard = apps[0]?.get(MfaGuard) as MfaGuard;
    const contextOf = (user: object) =>
      ({
        getType: () => 'graphql',
        getHandler: () => contextOf,
        getClass: () => RoutesController,
        getArgByIndex: (index: number) => (index === 2 ? { req: { user } } : undefined),
      }) as unknown as ExecutionContext;
    await expect(guard.canActivate(contextOf(claims(0)))).resolves.toBe(true);
    await expect(guard.canActivate(contextOf(claims(301)))).rejects.toMatchObject({ code: 'mfa_required' });
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no claims today'))],
    ['throws at once', () => JSON.parse('{') as object],
  ])('refuses when reading the claims %s', async (_, read) => {
    expect((await (await start({ claims: read })).get('/closed')).status).toBe(500);
  });

  it('waits for claims that come later', async () => {
    const client = await start({ claims: () => Promise.resolve(claims(0)) });
    expect((await client.get('/closed')).status).toBe(200);
    const nobody = await start({ claims: () => Promise.resolve(null) });
    expect((await nobody.get('/closed')).status).toBe(401);
  });

  it.each([{ gracePeriodSeconds: 0 }, { gracePeriodSeconds: 1.5 }, { claims: 'user' }, { gracePeriod: 1 }])(
    'does not start with %j',
    (options) => {
      expect(() => MfaClaimsModule.forRoot(options as MfaClaimsModuleOptions)).toThrow(/`/);
    },
  );

  it.each([
    ['before', (both: Type[]) => both],
    ['after', (both: Type[]) => both.toReversed()],
  ])('does not start beside MfaModule, imported %s it: one of them would win by chance', async (_, order) => {
    @Module({ imports: [MfaClaimsModule.forRoot()] })
    class ClaimsModule {}
    @Module({
      imports: [
        TypeOrmModule.forRoot({ type: 'better-sqlite3', database: ':memory:', autoLoadEntities: true }),
        MfaModule.forRoot({ secret: SECRET }),
      ],
    })
    class SessionsModule {}
    const module = await Test.createTestingModule({
      imports: order([ClaimsModule, SessionsModule]),
    }).compile();
    const app = module.createNestApplication({ logger: false });
    apps.push(app);
    await expect(app.init()).rejects.toThrow('import only one of the two');
  });
});

describe('the configuration of the example', () => {
  const environment = { JWT_PUBLIC_KEY: KEYS.publicKey, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE };

  it('reads a key in one line', () => {
    const oneLine = { ...environment, JWT_PUBLIC_KEY: KEYS.publicKey.replaceAll('\n', '\\n') };
    expect(readConfig(oneLine)).toEqual({
      publicKey: KEYS.publicKey,
      issuer: ISSUER,
      audience: AUDIENCE,
      port: 3001,
    });
  });

  it.each(['JWT_PUBLIC_KEY', 'JWT_ISSUER', 'JWT_AUDIENCE'])('needs %s', (name) => {
    expect(() => readConfig({ ...environment, [name]: '' })).toThrow(name);
  });

  it('refuses a private key, which has no business here, and one of another curve', () => {
    const { publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-384',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    for (const key of [KEYS.privateKey, publicKey]) {
      expect(() => readConfig({ ...environment, JWT_PUBLIC_KEY: key })).toThrow('JWT_PUBLIC_KEY');
    }
  });
});
