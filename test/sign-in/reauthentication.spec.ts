import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { MfaEvent, MfaUser } from 'nestjs-mfa';
import { AuthenticationSessionService, MfaEvents, MfaService, MfaSessionGuard } from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import { TransferController } from '../support/controllers.js';
import { rowsOf } from '../support/databases.js';
import { provePassword } from '../support/inside.js';
import type { TestApp } from '../support/test-app.js';
import { TestAdapter, codeOf, enroll, newUserId, startTestApp, users } from '../support/test-app.js';

const PASSWORD = 'correct horse battery';

/** What the application says of a password, and what happens while it is asked for what an identity provider says. */
let judge: (password: string) => unknown;
let meanwhile: () => Promise<unknown>;
let isVouchedFor = false;

class PasswordAdapter extends TestAdapter {
  override checkPassword(_user: MfaUser, password: string): boolean {
    return judge(password) as boolean;
  }

  override async trustExternalMfa(): Promise<boolean> {
    await meanwhile();
    return isVouchedFor;
  }
}

/** Asks for the password as the page `reauthenticate` does. */
@Controller('password')
class PasswordController {
  constructor(
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(MfaService) private readonly mfa: MfaService,
  ) {}

  @Post()
  @HttpCode(200)
  @UseGuards(MfaSessionGuard)
  prove(
    @Body() { id, password }: { id: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<unknown> {
    return provePassword(this.modules, users.get(id) as MfaUser, password, { request, response });
  }

  /** Of somebody whom the application has signed in itself, without a session of this module. */
  @Post('own')
  @HttpCode(200)
  proveOwn(
    @Body() { id, password }: { id: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<unknown> {
    return provePassword(this.modules, users.get(id) as MfaUser, password, { request, response });
  }

  /** Of somebody who is forgotten after the guard has let them in. */
  @Post('forgotten')
  @HttpCode(200)
  @UseGuards(MfaSessionGuard)
  async proveForgotten(
    @Body() { id, password }: { id: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<unknown> {
    await this.mfa.forgetUser(id);
    return provePassword(this.modules, { id }, password, { request, response });
  }
}

let test: TestApp;
const events: MfaEvent[] = [];
beforeAll(async () => {
  test = await startTestApp({
    adapter: PasswordAdapter,
    controllers: [PasswordController, TransferController],
    mfa: { rateLimit: { attempts: 2 } },
  });
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
});
afterAll(() => test.close());
beforeEach(() => {
  judge = (password) => password === PASSWORD;
  meanwhile = () => Promise.resolve();
  isVouchedFor = false;
});

const signIn = async (): Promise<{ client: Client; id: string }> => {
  const [client, id] = [test.client(), newUserId()];
  await client.post('/login', { id });
  return { client, id };
};
const eventsOf = (id: string, type: MfaEvent['type']) =>
  events.filter((event) => event.userId === id && event.type === type);
const methodsOf = ({ body }: { body: { proven: { method: string }[] } }) =>
  body.proven.map(({ method }) => method);

describe('the password that is asked for again', () => {
  it('is told of when it is wrong, with the session in which it was', async () => {
    const { client, id } = await signIn();
    const [session] = await test.app.get(AuthenticationSessionService).list({ id });
    const refused = await client.post('/password', { id, password: 'x' });
    expect([refused.status, refused.body.code]).toEqual([400, 'incorrect_code']);
    expect(eventsOf(id, 'mfa.reauthentication.failed')).toMatchObject([
      { sessionId: session?.id, ip: '127.0.0.1', data: { method: 'pwd' } },
    ]);
  });

  it('of somebody without a session is told of too, and only begins a sign-in', async () => {
    const { id } = await enroll(test);
    const client = test.client();
    expect((await client.post('/password/own', { id, password: 'x' })).body.code).toBe('incorrect_code');
    expect(eventsOf(id, 'mfa.reauthentication.failed')).toMatchObject([{ sessionId: null }]);
    const { body } = await client.post('/password/own', { id, password: PASSWORD });
    expect(body.status).toBe('mfa_required');
    expect((await client.get('/me')).status).toBe(401);
  });

  it.each([1, 'yes', {}, undefined, null])('is wrong where the application says %j', async (answer) => {
    const { client, id } = await signIn();
    judge = () => answer;
    expect((await client.post('/password', { id, password: PASSWORD })).body.code).toBe('incorrect_code');
  });

  it('costs no attempt while the application can’t say whether it is right', async () => {
    const { client, id } = await signIn();
    judge = () => {
      throw new Error('the directory is away');
    };
    for (let i = 0; i < 3; i++) {
      expect((await client.post('/password', { id, password: PASSWORD })).status).toBe(500);
    }
    judge = (password) => password === PASSWORD;
    expect(methodsOf(await client.post('/password', { id, password: PASSWORD }))).toEqual(['pwd']);
  });

  it('leaves nothing of somebody who was forgotten meanwhile', async () => {
    const { client, id } = await signIn();
    const { status, body } = await client.post('/password/forgotten', { id, password: 'x' });
    expect([status, body.code]).toEqual([401, 'session_expired']);
    expect(await rowsOf(test.dataSource, 'SELECT * FROM mfa_user_state WHERE user_id = ?', [id])).toEqual([]);
  });
});

describe('the first factor that is proven again', () => {
  const forged = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

  it('is refused where another site has a browser send it', async () => {
    const { client, id } = await signIn();
    const refused = await client.post('/reauthenticate', { id }, forged);
    expect([refused.status, refused.body.code]).toEqual([403, 'cross_origin']);
    expect((await client.post('/reauthenticate', { id })).status).toBe(200);
  });

  it('may come from anywhere where the client keeps its token itself', async () => {
    const id = newUserId();
    const { body } = await test.client().post('/login', { id }, { 'x-mfa-session': 'new' });
    const client = test.client({ 'x-mfa-session': body.sessionToken, ...forged });
    expect((await client.post('/reauthenticate', { id })).body.status).toBe('authenticated');
  });

  it('is told of where an identity provider vouches for more, and else not', async () => {
    const { client, id } = await signIn();
    await client.post('/reauthenticate', { id });
    expect(eventsOf(id, 'mfa.session.verified')).toEqual([]);
    isVouchedFor = true;
    expect(methodsOf(await client.post('/reauthenticate', { id }))).toEqual(['pwd', 'external']);
    const [session] = await test.app.get(AuthenticationSessionService).list({ id });
    expect(eventsOf(id, 'mfa.session.verified')).toMatchObject([
      { sessionId: session?.id, ip: '127.0.0.1', data: { method: 'external' } },
    ]);
  });

  it('gives back no proof that another request has spent meanwhile', async () => {
    const { client, id } = await enroll(test);
    const other = client.clone();
    meanwhile = async () => {
      meanwhile = () => Promise.resolve();
      expect((await other.post('/transfer')).status).toBe(200);
    };
    expect(methodsOf(await client.post('/reauthenticate', { id }))).toEqual(['totp', 'pwd']);
    expect((await client.get('/protected')).status).toBe(200);
    expect((await client.post('/transfer')).body.code).toBe('mfa_required');
  });

  it('is worth nothing when the session has got another token meanwhile', async () => {
    const { client, id, secret } = await enroll(test);
    const other = client.clone();
    const code = codeOf(secret, test.clock);
    meanwhile = () => other.post('/mfa/authenticate', { code });
    expect((await client.post('/reauthenticate', { id })).body.code).toBe('session_expired');
    expect((await other.get('/protected')).status).toBe(200);
  });

  it('is worth nothing when the session is ended meanwhile', async () => {
    const { client, id } = await signIn();
    meanwhile = () => test.app.get(AuthenticationSessionService).revokeAll({ id });
    const { status, body } = await client.post('/reauthenticate', { id });
    expect([status, body.code]).toEqual([401, 'session_expired']);
    expect((await client.get('/me')).status).toBe(401);
  });
});
