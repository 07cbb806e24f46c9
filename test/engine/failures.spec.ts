import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { MfaEvent, MfaNotification, MfaUser } from 'nestjs-mfa';
import {
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  RecoveryCodesService,
  RequireMfa,
  TotpService,
} from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import { isFirstRefusal, provePassword } from '../support/inside.js';
import type { TestApp, TestAppOptions } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

const PASSWORD = 'correct horse battery';

class PasswordAdapter extends TestAdapter {
  readonly mails: { to: string; type: string }[] = [];

  override sendNotification({ type }: MfaNotification, { id }: MfaUser): void {
    this.mails.push({ to: String(id), type });
  }

  override checkPassword(_user: MfaUser, password: string): boolean {
    // As strategies and services of an application do.
    if (password.startsWith('thrown')) throw new UnauthorizedException('That is not your password');
    return password === PASSWORD;
  }
}

/** Asks for the password as the page `reauthenticate` does. */
@Controller('password')
class PasswordController {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

  @Post()
  @HttpCode(200)
  prove(
    @Body() { id, password }: { id: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<unknown> {
    return provePassword(this.modules, users.get(id) as MfaUser, password, { request, response });
  }
}

/** An application's own sign-in: who the header says. */
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: unknown }>();
    request.user = { id: request.headers['x-user'] };
    return true;
  }
}

@Controller('own')
@UseGuards(HeaderGuard)
class OwnController {
  @Get()
  @RequireMfa()
  open(): object {
    return {};
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
    const user = await enroll(test);
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
    const user = await enroll(test);
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
    const user = await enroll(test);
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
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await guess(half, 4);
    const code = codeOf(user.secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);
    expect(countsOf(await test.toldOf(user.id))).toEqual(NEVER);
  });

  it('is told again when an administrator had given a new one', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await guess(half, 6);
    await test.app.get(MfaAdminService).unlock(user.id);
    await guess(half, 4);
    expect(countsOf(await test.toldOf(user.id))).toEqual(ONCE);
    await guess(half, 1);
    expect(countsOf(await test.toldOf(user.id))).toEqual([2, 2, 2]);
  });

  it('costs a flood of further attempts no more than one look', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    await guess(half, 5);
    const statements = await test.logger.statementsOf(() => guess(half, 1));
    expect(statements.length).toBeLessThanOrEqual(3);
  });
});

describe('a budget of one attempt', () => {
  it('is spent with the first wrong code, and there again after the window', async () => {
    const test = await start({ mfa: { rateLimit: { attempts: 1, windowSeconds: 60 } } });
    const user = await enroll(test);
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

  it('is an attempt when `checkPassword()` throws a no in place of answering it', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const guess = (turn: number) => client.post('/password', { id, password: `thrown ${turn}` });
    const first = await guess(0);
    expect([first.status, first.body.message]).toEqual([401, 'That is not your password']);
    const told = factsOf(await test.toldOf(id), 'mfa.reauthentication.failed');
    expect(told).toEqual([{ method: 'pwd' }]);
    for (let turn = 1; turn < 5; turn++) expect((await guess(turn)).status).toBe(401);
    expect((await guess(5)).body.code).toBe('too_many_attempts');
    expect((await client.post('/password', { id, password: PASSWORD })).status).toBe(429);
  });
});

describe('refused requests', () => {
  let test: FailureApp;
  beforeAll(async () => {
    test = await start({ controllers: [OwnController] });
  });
  afterAll(() => test.close());

  /** Why requests of this user were refused, by events and by rows of the trail, which nobody waits for. */
  /** By the alphabet: each is told beside its answer, which waits for none of them. */
  const reasonsOf = async (userId: string) => {
    await test.settled();
    const { events, entries } = await test.toldOf(userId);
    const refusals = events.filter(({ type }) => type === 'mfa.access.refused');
    expect(entries.filter((type) => type === 'mfa.access.refused')).toHaveLength(refusals.length);
    return refusals.map(({ data }) => (data as { reason: string }).reason).sort();
  };

  it('of the guard are told once a window and reason, to nobody by mail', async () => {
    const user = await enroll(test);
    test.clock.advance(301);
    for (let i = 0; i < 5; i++) expect((await user.client.get('/protected')).status).toBe(401);
    for (let i = 0; i < 5; i++)
      expect((await user.client.get('/protected/phishing-resistant')).status).toBe(403);
    for (let i = 0; i < 5; i++) expect((await user.client.post('/mfa/recovery-codes')).status).toBe(401);
    expect(await reasonsOf(user.id)).toEqual(['mfa_enrollment_required', 'mfa_required']);
    const { events, mails } = await test.toldOf(user.id);
    expect(events.at(-1)).toMatchObject({
      ip: '127.0.0.1',
      userAgent: 'node',
      sessionId: expect.any(String),
    });
    expect(mails).toEqual(['authenticator_added']);
    test.clock.advance(301);
    await user.client.get('/protected');
    expect(await reasonsOf(user.id)).toEqual(['mfa_enrollment_required', 'mfa_required', 'mfa_required']);
  });

  it('are told of each user by itself', async () => {
    const ids = [newUserId(), newUserId()];
    for (const id of ids) {
      const client = test.client();
      await client.post('/login', { id });
      await client.get('/protected');
      test.clock.advance(301);
      await client.post('/mfa/totp');
    }
    for (const id of ids) {
      expect(await reasonsOf(id)).toEqual(['mfa_enrollment_required', 'reauthentication_required']);
    }
  });

  it('cost no statement more than they would untold', async () => {
    const user = await enroll(test);
    test.clock.advance(301);
    await user.client.get('/protected');
    await reasonsOf(user.id);
    const again = await test.logger.statementsOf(() => user.client.get('/protected'));
    expect(again.length).toBeLessThanOrEqual(2);
  });

  it('of a half-finished sign-in are told where only a complete one counts', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    for (const path of ['/me', '/protected', '/mfa/status']) {
      expect((await half.get(path)).body.code).toBe('unauthenticated');
    }
    expect(await reasonsOf(user.id)).toEqual(['pending_session']);
  });

  it('that another site sent are told, of whoever is signed in', async () => {
    const user = await enroll(test);
    const foreign = { 'sec-fetch-site': 'cross-site' };
    const half = await halfSignIn(test, user);
    for (let i = 0; i < 3; i++) {
      expect((await user.client.post('/mfa/totp', undefined, foreign)).body.code).toBe('cross_origin');
      expect((await half.post('/mfa/authenticate', { code: '000000' }, foreign)).body.code).toBe(
        'cross_origin',
      );
    }
    expect(await reasonsOf(user.id)).toEqual(['cross_origin']);
  });

  it('that another site sent are logged once a window, with the origin that would have to be trusted', async () => {
    test.clock.advance(300);
    const user = await enroll(test);
    const linesBefore = test.logger.lines.length;
    const send = (origin: string, client = test.client()) =>
      client.post('/login', { id: newUserId() }, { 'sec-fetch-site': 'same-site', origin });
    const lines = async () => {
      await test.settled();
      return test.logger.lines.slice(linesBefore).filter((line) => /cross-site/.test(line));
    };
    expect((await send('https://www.example.com', user.client)).body.code).toBe('cross_origin');
    for (let i = 0; i < 3; i++) await send(`https://${i}.example`);
    expect(await lines()).toEqual([
      expect.stringMatching(/from https:\/\/www\.example\.com was refused .* 127\.0\.0\.1.*`trustedOrigins`/),
    ]);

    for (const origin of ['null', '', 'https://a.example/%0aERROR', `https://${'a'.repeat(4000)}.example`]) {
      test.clock.advance(300);
      await send(origin);
    }
    const [, ...others] = await lines();
    expect(others).toHaveLength(4);
    expect(others.filter((line) => line.includes('a page that hides its origin'))).toHaveLength(2);
    expect(others.join('')).not.toContain('ERROR');
    expect(Math.max(...others.map(({ length }) => length))).toBeLessThan(500);
  });

  it('with somebody else’s session are told', async () => {
    const [user, thief] = [await enroll(test), await enroll(test)];
    for (let i = 0; i < 3; i++) {
      expect((await thief.client.get('/own', { 'x-user': user.id })).body.code).toBe('mfa_required');
    }
    expect(await reasonsOf(user.id)).toEqual(['foreign_session', 'mfa_required']);
    expect(await reasonsOf(thief.id)).toEqual([]);
  });

  it('are remembered in bounded space', () => {
    const isFirst = (refusal: string) => isFirstRefusal(test.app, refusal);
    expect(isFirst('the first')).toBe(true);
    expect(isFirst('the first')).toBe(false);
    for (let i = 0; i < 10_000; i++) isFirst(`another ${i}`);
    expect(isFirst('another 9999')).toBe(false);
    expect(isFirst('the first')).toBe(true);
  });
});

describe('a refusal that can’t be written down', () => {
  it('is answered as ever, and told by the next one', async () => {
    const test = await start();
    const user = await enroll(test);
    test.clock.advance(301);
    await test.dataSource.query('ALTER TABLE mfa_audit_entry RENAME TO hidden');
    expect((await user.client.get('/protected')).body.code).toBe('mfa_required');
    await test.settled();
    await test.dataSource.query('ALTER TABLE hidden RENAME TO mfa_audit_entry');
    const refusals = async () => {
      const { events } = await test.toldOf(user.id);
      return events.filter(({ type }) => type === 'mfa.access.refused').length;
    };
    expect(await refusals()).toBe(0);
    await user.client.get('/protected');
    await test.settled();
    expect(await refusals()).toBe(1);
    await test.close();
  });
});
