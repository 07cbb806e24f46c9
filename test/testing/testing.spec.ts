import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { INestApplication } from '@nestjs/common';
import { Controller, Get, HttpCode, Module, Post, Req, Res, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { MfaSessionTransport, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  DefaultMfaAdapter,
  MFA_ADAPTER,
  MfaModule,
  MfaSessionGuard,
  RequireMfa,
  emailCode,
} from 'nestjs-mfa';
import type { MfaTestKit, MfaTestingOptions } from 'nestjs-mfa/testing';
import {
  MfaOutbox,
  MfaTestingModule,
  MovableClock,
  SoftwareSecurityKey,
  signInWithMfa,
  totpCode,
} from 'nestjs-mfa/testing';

import { Client } from '../support/client.js';
import type { ServerSession } from '../support/server-session.js';
import { ServerSessions } from '../support/server-session.js';
import { SECRET } from '../support/test-app.js';

const ADA: MfaUser = { id: 'ada', email: 'ada@example.com', displayName: 'Ada' };
const RELYING_PARTY = { rpId: 'example.com', rpName: 'Example', origins: ['https://app.example.com'] };

/** An application's adapter that knows its users and would really send. */
class SendingAdapter extends DefaultMfaAdapter {
  static sent = 0;

  override findUser(id: string): MfaUser | null {
    return id === ADA.id ? ADA : null;
  }

  override sendNotification(): void {
    SendingAdapter.sent += 1;
  }

  override sendMessage(): void {
    SendingAdapter.sent += 1;
  }
}

@Controller()
@UseGuards(MfaSessionGuard)
class ReportsController {
  @Get('me')
  me(@Req() { user }: { user: MfaUser }): MfaUser {
    return user;
  }

  @Get('reports')
  @RequireMfa()
  reports(): string {
    return 'reports';
  }

  @Get('vault')
  @RequireMfa({ phishingResistant: true })
  vault(): string {
    return 'vault';
  }
}

/** A part of an application, tested alone. */
async function startPart(
  options: MfaTestingOptions = {},
): Promise<{ app: INestApplication; client: Client }> {
  const module = await Test.createTestingModule({
    imports: [MfaTestingModule.forRoot({ adapter: SendingAdapter, webauthn: RELYING_PARTY, ...options })],
    controllers: [ReportsController],
  }).compile();
  const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
  await app.listen(0, '127.0.0.1');
  return { app, client: new Client(await app.getUrl()) };
}

describe('totpCode()', () => {
  // RFC 6238, appendix B: the secret is the text 12345678901234567890.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [20_000_000_000, '65353130'],
  ])('gives the code of second %i as RFC 6238 has it', (second, code) => {
    expect(totpCode(secret, second * 1000, { digits: 8 })).toBe(code);
    expect(totpCode(secret, new Date(second * 1000), { digits: 8 })).toBe(code);
    expect(totpCode(secret, new MovableClock(second * 1000))).toBe(code.slice(2));
  });

  it('knows other hashes and periods', () => {
    const long = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA';
    expect(totpCode(long, 59_000, { digits: 8, algorithm: 'sha256' })).toBe('46119246');
    expect(totpCode(secret, 119_000, { digits: 8, period: 60 })).toBe('94287082');
  });

  it('takes the present without a moment', () => {
    const before = totpCode(secret, Date.now());
    expect([before, totpCode(secret, Date.now())]).toContain(totpCode(secret));
  });
});

describe('SoftwareSecurityKey', () => {
  const rp = { id: 'example.com', name: 'Example' };
  const user = { id: 'dXNlcg', name: 'ada', displayName: 'Ada' };
  const challenge = 'Y2hhbGxlbmdl';
  const dataOf = ({ response }: { response: { authenticatorData?: string } }) =>
    Buffer.from(response.authenticatorData as string, 'base64url');

  it('refuses what a browser refuses', () => {
    const key = new SoftwareSecurityKey({ userVerification: false, discoverable: false });
    const own = { id: key.credentialId.toString('base64url'), type: 'public-key' as const };
    const other = { ...own, id: 'b3RoZXI' };
    expect(() => key.create({ challenge, rp, user, excludeCredentials: [own] })).toThrow(/InvalidState/);
    expect(() =>
      key.create({ challenge, rp, user, authenticatorSelection: { userVerification: 'required' } }),
    ).toThrow(/NotAllowed.*user verification/);
    expect(() =>
      key.create({ challenge, rp, user, authenticatorSelection: { residentKey: 'required' } }),
    ).toThrow(/NotAllowed.*discoverable/);
    expect(() => key.get({ challenge, rpId: 'example.com', allowCredentials: [other] })).toThrow(
      /other keys/,
    );
    expect(() => key.get({ challenge, rpId: 'example.com' })).toThrow(/not discoverable/);
    expect(() =>
      key.get({ challenge, rpId: 'example.com', allowCredentials: [own], userVerification: 'required' }),
    ).toThrow(/user verification/);
    expect(key.create({ challenge, rp, user }).clientExtensionResults.credProps?.rk).toBe(false);
    const answer = key.get({ challenge, rpId: 'example.com', allowCredentials: [other, own] });
    expect(answer.response.userHandle).toBeUndefined();
  });

  it('says what it is set to say', () => {
    const passkey = new SoftwareSecurityKey({ backupEligible: true, backedUp: true, signCount: 7 });
    passkey.create({ challenge, rp, user });
    const said = passkey.get({ challenge, rpId: 'example.com' });
    expect(dataOf(said)[32]).toBe(0x01 | 0x04 | 0x08 | 0x10);
    expect(dataOf(said).readUInt32BE(33)).toBe(8);
    expect(said.response.userHandle).toBe(user.id);
    const clientData: unknown = JSON.parse(
      Buffer.from(said.response.clientDataJSON, 'base64url').toString('utf8'),
    );
    expect(clientData).toMatchObject({ type: 'webauthn.get', challenge, origin: 'https://example.com' });
    const plain = new SoftwareSecurityKey({ userVerification: false });
    plain.create({ challenge, rp, user });
    expect(dataOf(plain.get({ challenge, rpId: 'example.com' }))[32]).toBe(0x01);
  });
});

describe('MfaTestingModule.forRoot()', () => {
  let app: INestApplication;
  let client: Client;

  beforeAll(async () => {
    ({ app, client } = await startPart({ factors: [emailCode()] }));
  });

  afterAll(() => app.close());

  it('moves time, and keeps what would have been sent', async () => {
    const [clock, outbox] = [app.get(MovableClock), app.get(MfaOutbox)];
    const { headers, secret, recoveryCodes } = await signInWithMfa(app, ADA);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(recoveryCodes).toHaveLength(10);
    await expect(outbox.waitFor('authenticator_added')).resolves.toMatchObject({
      user: ADA,
      authenticatorType: 'totp',
    });
    expect(await client.get('/reports', headers)).toMatchObject({ status: 200 });
    clock.advance(301);
    expect(await client.get('/reports', headers)).toMatchObject({ status: 401 });
    const code = totpCode(secret as string, clock);
    const { body } = await client.post('/mfa/authenticate', { code }, headers);
    expect(await client.get('/reports', { 'x-mfa-session': body.sessionToken })).toMatchObject({
      status: 200,
    });
    expect(SendingAdapter.sent).toBe(0);
  });

  it('keeps the codes of messages', async () => {
    const outbox = app.get(MfaOutbox);
    const { headers } = await signInWithMfa(app, ADA);
    expect(outbox.lastCode(ADA)).toBeUndefined();
    expect(await client.post('/mfa/factors/email_code', undefined, headers)).toMatchObject({ status: 201 });
    expect(outbox.messages).toMatchObject([{ channel: 'email', to: 'ada@example.com' }]);
    const code = outbox.lastCode(ADA);
    expect(await client.post('/mfa/factors/email_code/activate', { code }, headers)).toMatchObject({
      status: 201,
    });
    outbox.clear();
    expect(outbox.messages).toEqual([]);
    await expect(outbox.waitFor('admin_reset')).rejects.toThrow('admin_reset was sent, but nothing');
  });

  it('signs in whoever has the factor already without setting it up again', async () => {
    const { secret, cookie } = await signInWithMfa(app, ADA);
    expect(secret).toBeUndefined();
    expect(await client.get('/reports', { cookie: cookie as string })).toMatchObject({ status: 200 });
  });

  it('signs in with a key, which goes on working', async () => {
    const { headers, key, secret } = await signInWithMfa(app, ADA, { factor: 'webauthn' });
    expect(secret).toBeUndefined();
    expect(await client.get('/vault', headers)).toMatchObject({ status: 200 });
    app.get(MovableClock).advance(301);
    expect(await client.get('/vault', headers)).toMatchObject({ status: 401 });
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options', undefined, headers);
    const credential = key?.get(options);
    const { body } = await client.post('/mfa/authenticate/webauthn', { credential }, headers);
    expect(await client.get('/vault', { 'x-mfa-session': body.sessionToken })).toMatchObject({ status: 200 });
  });

  it('takes a key of the test, and an application without cookies', async () => {
    const other = await startPart({ session: { cookie: false }, clock: new Date('2030-01-01') });
    try {
      const key = new SoftwareSecurityKey({ origin: 'https://app.example.com', backupEligible: true });
      const signedIn = await signInWithMfa(other.app, ADA, { factor: 'webauthn', key });
      expect(signedIn).toMatchObject({ cookie: null, key });
      const { body } = await other.client.get('/mfa/authenticators', signedIn.headers);
      expect(body[0]).toMatchObject({ type: 'webauthn', createdAt: '2030-01-01T00:00:00.000Z' });
    } finally {
      await other.app.close();
    }
  });
});

describe('signInWithMfa() of somebody whom the adapter does not find', () => {
  let app: INestApplication;

  beforeAll(async () => {
    ({ app } = await startPart());
  });

  afterAll(() => app.close());

  it('says so, and leaves nothing behind', async () => {
    const grace = { id: 'grace' };
    await expect(signInWithMfa(app, grace)).rejects.toThrow(/`findUser\('grace'\)`.*finds nobody/);
    expect(await app.get(AuthenticationSessionService).list(grace)).toEqual([]);
  });

  it('takes somebody else for nobody', async () => {
    const adapter = app.get<DefaultMfaAdapter>(MFA_ADAPTER);
    const findUser = jest.spyOn(adapter, 'findUser').mockReturnValue(ADA);
    try {
      await expect(signInWithMfa(app, { id: 7 })).rejects.toThrow("`findUser('7')`");
    } finally {
      findUser.mockRestore();
    }
  });
});

describe('signInWithMfa() where the application keeps the token', () => {
  interface StoredRequest {
    session: ServerSession & { mfaToken?: string; welcomed?: string };
  }

  const transport: MfaSessionTransport = {
    read: (request) => (request as StoredRequest).session.mfaToken,
    write: (request, _response, token) => void ((request as StoredRequest).session.mfaToken = token),
    clear: (request) => void delete (request as StoredRequest).session.mfaToken,
  };

  class StoringAdapter extends SendingAdapter {
    override completeLogin(user: MfaUser, _session: unknown, request: object): Record<string, unknown> {
      (request as StoredRequest).session.welcomed = String(user.id);
      return {};
    }
  }

  /** Which only tests have. */
  @Controller('sign-in-of-tests')
  class SignInController {
    @Post()
    @HttpCode(200)
    async signIn(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<object> {
      const { token, headers, cookie } = await signInWithMfa(app, ADA, { exchange: { request, response } });
      return { token, headers, cookie };
    }
  }

  const sessions = new ServerSessions();
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [MfaTestingModule.forRoot({ adapter: StoringAdapter, session: { transport } })],
      controllers: [ReportsController, SignInController],
    }).compile();
    app = module.createNestApplication({ logger: false, forceCloseConnections: true });
    sessions.use(app);
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  it('hands out nothing that would not be read', async () => {
    await expect(signInWithMfa(app, ADA)).rejects.toThrow(/`session\.transport`.*`exchange: \{/);
    expect(await app.get(AuthenticationSessionService).list(ADA)).toEqual([]);
  });

  it('signs in the request that it is given, as at the end of a sign-in', async () => {
    const client = new Client(await app.getUrl());
    const { status, body } = await client.post('/sign-in-of-tests');
    expect([status, body.headers, body.cookie]).toEqual([200, {}, null]);
    expect(sessions.kept.get(client.cookies.get('app.sid') ?? '')).toMatchObject({
      mfaToken: body.token,
      welcomed: ADA.id,
    });
    expect((await client.get('/me')).body).toMatchObject({ id: ADA.id });
    expect((await client.get('/reports')).status).toBe(200);
  });

  it('signs in whoever has the factor already', async () => {
    const client = new Client(await app.getUrl());
    await client.post('/sign-in-of-tests');
    expect((await client.get('/reports')).status).toBe(200);
  });
});

describe('MfaTestingModule.wrap()', () => {
  let app: INestApplication;
  let kit: MfaTestKit;

  @Module({
    imports: [
      TypeOrmModule.forRoot({
        type: 'better-sqlite3',
        database: ':memory:',
        autoLoadEntities: true,
        synchronize: true,
      }),
      MfaModule.forRoot({ secret: SECRET, adapter: SendingAdapter, isGlobal: false }),
    ],
  })
  class AppModule {}

  beforeAll(async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    kit = MfaTestingModule.wrap(builder, new Date('2030-01-01'));
    app = (await builder.compile()).createNestApplication({ logger: false, forceCloseConnections: true });
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  it('gives a whole application clock and outbox', async () => {
    const { headers } = await signInWithMfa(app, ADA);
    await kit.outbox.waitFor('authenticator_added');
    expect(SendingAdapter.sent).toBe(0);
    const client = new Client(await app.getUrl());
    const { body } = await client.get('/mfa/status', headers);
    expect(body).toMatchObject({ verified: true, verifiedAt: '2030-01-01T00:00:00.000Z' });
    kit.clock.advance(301);
    expect((await client.get('/mfa/status', headers)).body).toMatchObject({ verified: false });
  });
});

describe('the folder', () => {
  it('needs no test framework, nor what only one module format has', () => {
    const folders = ['testing', 'core/virtual-authenticators'].map((one) => join('libs/mfa/src', one));
    const sources = folders.flatMap((folder) =>
      readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8')),
    );
    const packages = sources.flatMap((text) =>
      [...text.matchAll(/from '([^.][^']*)'/g)].map(([, name]) => name as string),
    );
    expect([...new Set(packages)].sort()).toEqual([
      '@nestjs/common',
      '@nestjs/typeorm',
      '@otplib/core',
      '@otplib/plugin-crypto-node',
      '@otplib/totp',
      '@simplewebauthn/server',
      'node:crypto',
      'node:timers/promises',
      'rfc4648',
    ]);
    expect(sources.join('')).not.toContain('import.meta');
  });
});

describe('in production', () => {
  const before = process.env['NODE_ENV'];

  afterEach(() => {
    process.env['NODE_ENV'] = before;
  });

  it.each(['production', 'staging', undefined])('refuses everything (NODE_ENV %s)', async (nodeEnv) => {
    if (nodeEnv === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = nodeEnv;
    const refusal = /works only where NODE_ENV is test or development/;
    expect(() => totpCode('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')).toThrow(refusal);
    expect(() => new SoftwareSecurityKey()).toThrow(refusal);
    expect(() => MfaTestingModule.forRoot()).toThrow(refusal);
    expect(() => MfaTestingModule.wrap(Test.createTestingModule({}))).toThrow(refusal);
    await expect(signInWithMfa({ get: () => null as never }, ADA)).rejects.toThrow(refusal);
  });
});
