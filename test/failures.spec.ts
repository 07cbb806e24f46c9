import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { MfaEvent, MfaNotification, MfaUser } from 'nestjs-mfa';
import { MfaAdminService, MfaAuditService, MfaEvents, RecoveryCodesService, TotpService } from 'nestjs-mfa';

import { PasswordFlow } from '../libs/mfa/src/sessions/password.flow.js';
import type { Client } from './support/client.js';
import type { TestApp, TestAppOptions } from './support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enrol,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from './support/test-app.js';

const PASSWORD = 'correct horse battery';

class PasswordAdapter extends TestAdapter {
  readonly mails: { to: string; type: string }[] = [];

  override sendNotification({ type }: MfaNotification, { id }: MfaUser): void {
    this.mails.push({ to: String(id), type });
  }

  override checkPassword(_user: MfaUser, password: string): boolean {
    return password === PASSWORD;
  }
}

/** Asks for the password as the page `reauthenticate` does. */
@Controller('password')
class PasswordController {
  constructor(@Inject(PasswordFlow) private readonly passwords: PasswordFlow) {}

  @Post()
  @HttpCode(200)
  prove(
    @Body() { id, password }: { id: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<unknown> {
    return this.passwords.prove(users.get(id) as MfaUser, password, { request, response });
  }
}

interface Told {
  events: MfaEvent[];
  mails: string[];
  entries: string[];
}

interface FailureApp extends TestApp {
  /** What was told of this user, everywhere. */
  toldOf(userId: string): Promise<Told>;
}

async function start({ mfa, ...options }: TestAppOptions = {}): Promise<FailureApp> {
  const test = await startTestApp({
    mfa: { audit: { enabled: true }, webauthn: RELYING_PARTY, ...mfa },
    adapter: PasswordAdapter,
    ...options,
  });
  const events: MfaEvent[] = [];
  test.app.get(MfaEvents).on('*', (event) => events.push(event));
  const { mails } = test.adapter as PasswordAdapter;
  return {
    ...test,
    toldOf: async (userId) => {
      const { entries } = await test.app.get(MfaAuditService).find({ userId, limit: 1000 });
      return {
        events: events.filter((event) => event.userId === userId),
        mails: mails.filter(({ to }) => to === userId).map(({ type }) => type),
        entries: entries.map(({ type }) => type),
      };
    },
  };
}

const EXHAUSTED = 'mfa.attempts.exhausted';
const countsOf = ({ events, mails, entries }: Told) => [
  events.filter(({ type }) => type === EXHAUSTED).length,
  entries.filter((type) => type === EXHAUSTED).length,
  mails.filter((type) => type === 'attempts_exhausted').length,
];
const ONCE = [1, 1, 1];
const NEVER = [0, 0, 0];

const guess = async (client: Client, times: number, code = '000000') => {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) statuses.push((await client.post('/mfa/authenticate', { code })).status);
  return statuses;
};

describe('a spent budget of attempts', () => {
  let test: FailureApp;
  beforeAll(async () => {
    test = await start({ controllers: [PasswordController] });
  });
  afterAll(() => test.close());

  it('is told by event, audit trail and mail with the last wrong code, and once a window', async () => {
    const user = await enrol(test);
    const half = await halfSignIn(test, user);
    await guess(half, 4);
    expect(countsOf(await test.toldOf(user.id))).toEqual(NEVER);
    await guess(half, 1);
    const told = await test.toldOf(user.id);
    expect(countsOf(told)).toEqual(ONCE);
    expect(told.events.find(({ type }) => type === EXHAUSTED)).toMatchObject({
      userId: user.id,
      actor: { type: 'user', id: user.id },
      ip: '127.0.0.1',
      userAgent: 'node',
      sessionId: expect.any(String),
      data: { attempts: 5, windowSeconds: 300 },
    });
    // Five sign-ins, ninety guesses each.
    for (let signIn = 0; signIn < 5; signIn++) {
      expect(new Set(await guess(await halfSignIn(test, user), 20))).toEqual(new Set([429]));
    }
    expect(countsOf(await test.toldOf(user.id))).toEqual(ONCE);
    test.clock.advance(301);
    await guess(await halfSignIn(test, user), 5, '00000000');
    expect(countsOf(await test.toldOf(user.id))).toEqual([2, 2, 2]);
  });

  it('is told once of many guesses at the same time', async () => {
    const user = await enrol(test);
    const halves = await Promise.all(Array.from({ length: 25 }, () => halfSignIn(test, user)));
    await Promise.all(halves.map((half) => guess(half, 2)));
    expect(countsOf(await test.toldOf(user.id))).toEqual(ONCE);
  });

  it('is told whatever the attempts were made with', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    await client.post('/mfa/totp');
    for (const code of ['000000', '111111']) await client.post('/mfa/totp/activate', { code });
    for (const password of ['a', 'b']) await client.post('/password', { id, password });
    expect(countsOf(await test.toldOf(id))).toEqual(NEVER);
    await client.post('/password', { id, password: 'c' });
    expect(countsOf(await test.toldOf(id))).toEqual(ONCE);
    expect((await client.post('/mfa/totp/activate', { code: '222222' })).status).toBe(429);
    expect(countsOf(await test.toldOf(id))).toEqual(ONCE);
  });

  it('is told of guesses without a request', async () => {
    const user = await enrol(test);
    for (let i = 0; i < 3; i++) await test.app.get(TotpService).validateToken({ id: user.id }, '000000');
    for (let i = 0; i < 2; i++)
      await test.app.get(RecoveryCodesService).validate({ id: user.id }, '00000000');
    const told = await test.toldOf(user.id);
    expect(countsOf(told)).toEqual(ONCE);
    expect(told.events.find(({ type }) => type === EXHAUSTED)).toMatchObject({
      actor: { type: 'application', id: null },
      ip: null,
    });
  });

  it('is no news when the last attempt was right', async () => {
    const user = await enrol(test);
    const half = await halfSignIn(test, user);
    await guess(half, 4);
    const code = codeOf(user.secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);
    expect(countsOf(await test.toldOf(user.id))).toEqual(NEVER);
  });

  it('is told again when an administrator had given a new one', async () => {
    const user = await enrol(test);
    const half = await halfSignIn(test, user);
    await guess(half, 6);
    await test.app.get(MfaAdminService).unlock(user.id);
    await guess(half, 4);
    expect(countsOf(await test.toldOf(user.id))).toEqual(ONCE);
    await guess(half, 1);
    expect(countsOf(await test.toldOf(user.id))).toEqual([2, 2, 2]);
  });

  it('costs a flood of further attempts no more than one look', async () => {
    const user = await enrol(test);
    const half = await halfSignIn(test, user);
    await guess(half, 5);
    const statements = await test.logger.statementsOf(() => guess(half, 1));
    expect(statements.length).toBeLessThanOrEqual(3);
  });
});

describe('a budget of one attempt', () => {
  it('is spent with the first wrong code, and there again after the window', async () => {
    const test = await start({ mfa: { rateLimit: { attempts: 1, windowSeconds: 60 } } });
    const user = await enrol(test);
    const half = await halfSignIn(test, user);
    expect(await guess(half, 2)).toEqual([400, 429]);
    expect(countsOf(await test.toldOf(user.id))).toEqual(ONCE);
    test.clock.advance(60);
    const code = codeOf(user.secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);
    expect(countsOf(await test.toldOf(user.id))).toEqual(ONCE);
    await test.close();
  });
});

describe('failures', () => {
  let test: FailureApp;
  beforeAll(async () => {
    test = await start({ controllers: [PasswordController] });
  });
  afterAll(() => test.close());

  const factsOf = ({ events }: Told, type: string) =>
    events.filter((event) => event.type === type).map(({ data }) => data);

  it('of a set-up are told each, and hold no code', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    for (const code of ['918273', '645546']) await client.post('/mfa/totp/activate', { code });
    const told = await test.toldOf(id);
    expect(factsOf(told, 'mfa.enrollment.failed')).toEqual([{ type: 'totp' }, { type: 'totp' }]);
    expect(told.events.at(-1)).toMatchObject({ ip: '127.0.0.1', sessionId: expect.any(String) });
    for (const secret of ['918273', '645546', setup.secret])
      expect(JSON.stringify(told)).not.toContain(secret);
    expect(told.entries.filter((type) => type === 'mfa.enrollment.failed')).toHaveLength(2);
  });

  it('of the password that is asked for again are told each, and hold no password', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    expect((await client.post('/password', { id, password: 'hunter22' })).body.code).toBe('incorrect_code');
    expect((await client.post('/password', { id, password: PASSWORD })).status).toBe(200);
    const told = await test.toldOf(id);
    expect(factsOf(told, 'mfa.reauthentication.failed')).toEqual([{ method: 'pwd' }]);
    expect(JSON.stringify(told)).not.toMatch(/hunter22|correct horse/);
  });
});
