import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Controller, Get, Inject, Injectable, Module, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { MfaEvent } from 'nestjs-mfa';
import {
  AuthenticationSession,
  AuthenticationSessionService,
  MfaPolicyService,
  MfaAdminService,
  MfaEvents,
  MfaService,
  MfaSessionGuard,
  MfaSessionsService,
  RequireMfa,
} from 'nestjs-mfa';

import type { Client } from '../../support/client.js';
import { forgetActivity, writeActivity } from '../../support/inside.js';
import type { Enrolled, TestApp } from '../../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, TestAdapter } from '../../support/test-app.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

interface Listed {
  id: string;
  current: boolean;
}

/** Signs this user in once more, both factors proven. */
async function signInAgain(test: TestApp, user: Enrolled, client = test.client()): Promise<Client> {
  await client.post('/login', { id: user.id });
  const { status } = await client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
  expect(status).toBe(200);
  // The code is used up.
  test.clock.advance(30);
  return client;
}

const listOf = async (client: Client): Promise<Listed[]> => (await client.get('/mfa/sessions')).body;
const otherOf = async (client: Client): Promise<string> =>
  (await listOf(client)).find(({ current }) => !current)?.id ?? '';

describe('where a user is signed in', () => {
  let test: TestApp;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp();
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());

  const endings = (userId: string) =>
    events
      .filter((event) => event.userId === userId && event.type === 'mfa.session.ended')
      .map(({ data }) => data as { scope: string; reason: string });

  it('is listed, the newest first, and nothing of it opens anything', async () => {
    const user = await enroll(test);
    await signInAgain(test, user, test.client({ 'user-agent': FIREFOX }));
    await halfSignIn(test, user);
    const { status, body, text } = await user.client.get('/mfa/sessions');
    expect(status).toBe(200);
    const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const session = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      createdAt: moment,
      lastSeenAt: moment,
      expiresAt: moment,
      proven: [
        { method: 'pwd', at: moment },
        { method: 'totp', at: moment },
      ],
      userAgent: expect.any(String),
      ip: expect.stringMatching(/127\.0\.0\.1$/),
    };
    expect(body).toEqual([
      { ...session, userAgent: FIREFOX, current: false },
      { ...session, current: true },
    ]);
    for (const { id } of body) {
      expect((await test.client({ 'x-mfa-session': id }).get('/me')).status).toBe(401);
    }
    const rows = await test.dataSource
      .getRepository(AuthenticationSession)
      .find({ where: { userId: user.id } });
    expect(rows).toHaveLength(3);
    for (const { tokenHash, seal } of rows) {
      expect(text).not.toContain(tokenHash);
      expect(text).not.toContain(seal);
    }
  });

  it('is for somebody who is signed in', async () => {
    expect((await test.client().get('/mfa/sessions')).body.code).toBe('unauthenticated');
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    for (const answer of [
      await half.get('/mfa/sessions'),
      await half.delete('/mfa/sessions'),
      await half.delete(`/mfa/sessions/${await otherOf(user.client)}`),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    }
  });

  it('can be ended one by one, and is over at once', async () => {
    const user = await enroll(test);
    const other = await signInAgain(test, user);
    const id = await otherOf(user.client);
    const { status, text } = await user.client.delete(`/mfa/sessions/${id}`);
    expect([status, text]).toEqual([204, '']);
    expect((await other.get('/me')).body.code).toBe('session_expired');
    expect(await listOf(user.client)).toHaveLength(1);
    expect(endings(user.id)).toContainEqual({ scope: 'one', reason: 'revoked' });
    expect((await user.client.delete(`/mfa/sessions/${id}`)).body.code).toBe('not_found');
  });

  it('can be ended everywhere else, half-finished sign-ins included', async () => {
    const user = await enroll(test);
    const other = await signInAgain(test, user);
    const half = await halfSignIn(test, user);
    expect((await user.client.delete('/mfa/sessions')).status).toBe(204);
    expect((await user.client.get('/me')).status).toBe(200);
    expect((await other.get('/me')).body.code).toBe('session_expired');
    expect((await half.get('/mfa/session')).body.code).toBe('session_expired');
    expect(endings(user.id)).toContainEqual({ scope: 'others', reason: 'revoked' });
  });

  it('ends here like signing out', async () => {
    const { client, id } = await enroll(test);
    const [own] = await listOf(client);
    const thief = client.clone();
    const { status, headers } = await client.delete(`/mfa/sessions/${own?.id}`);
    expect([status, client.cookies.size]).toEqual([204, 0]);
    expect(headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await thief.get('/me')).status).toBe(401);
    expect(endings(id)).toContainEqual({ scope: 'one', reason: 'logout' });
  });

  it('is nobody else’s to end', async () => {
    const user = await enroll(test);
    const stranger = await enroll(test);
    const [own] = await listOf(user.client);
    for (const id of [own?.id, 'none', '00000000-0000-4000-8000-000000000000']) {
      const answer = await stranger.client.delete(`/mfa/sessions/${id}`);
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
    expect((await stranger.client.delete('/mfa/sessions/%00')).status).toBe(400);
    expect((await user.client.get('/me')).status).toBe(200);
  });

  it('needs a recent proof to be ended', async () => {
    const user = await enroll(test);
    await signInAgain(test, user);
    const id = await otherOf(user.client);
    test.clock.advance(301);
    expect((await user.client.get('/mfa/sessions')).status).toBe(200);
    for (const path of [`/mfa/sessions/${id}`, '/mfa/sessions']) {
      expect((await user.client.delete(path)).body).toMatchObject({ statusCode: 401, code: 'mfa_required' });
    }
    const plain = test.client();
    await plain.post('/login', { id: newUserId() });
    expect((await plain.delete('/mfa/sessions')).status).toBe(204);
    test.clock.advance(301);
    expect((await plain.delete('/mfa/sessions')).body.code).toBe('reauthentication_required');
    expect(await listOf(user.client)).toHaveLength(2);
  });

  it('is not changed by another site', async () => {
    const { client } = await enroll(test);
    const answer = await client.delete('/mfa/sessions', { 'sec-fetch-site': 'cross-site' });
    expect(answer.body.code).toBe('cross_origin');
  });

  it('is ended by one of several that do it at once', async () => {
    const user = await enroll(test);
    await signInAgain(test, user);
    const id = await otherOf(user.client);
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => user.client.delete(`/mfa/sessions/${id}`)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.filter((status) => status === 404)).toHaveLength(3);
    expect(endings(user.id).filter(({ reason }) => reason === 'revoked')).toHaveLength(1);
  });

  it('says when it was last used, to the second, and keeps that to the minute', async () => {
    const { client, id } = await enroll(test);
    test.clock.advance(45);
    await client.get('/me');
    const seen = async () => (await client.get('/mfa/sessions')).body[0].lastSeenAt;
    expect(await seen()).toBe(new Date(test.clock.now()).toISOString());
    test.clock.advance(90);
    const at = test.clock.now();
    const statements = await test.logger.statementsOf(() => client.get('/me'));
    expect(statements.filter((sql) => sql.startsWith('UPDATE'))).toEqual([]);
    await writeActivity(test.app);
    const [row] = await test.dataSource.getRepository(AuthenticationSession).findBy({ userId: id });
    expect(row?.lastSeenAt?.getTime()).toBe(at);
    // Nothing new within the minute.
    test.clock.advance(59);
    await client.get('/me');
    expect(await test.logger.statementsOf(() => writeActivity(test.app))).toEqual([]);
  });

  it('is used by what a guard of factors lets pass, with no other guard before it', async () => {
    const { client, id } = await enroll(test);
    const seen = async () => (await test.app.get(MfaSessionsService).list({ id }))[0]?.lastSeenAt?.getTime();
    test.clock.advance(45);
    expect((await client.get('/protected')).status).toBe(200);
    expect(await seen()).toBe(test.clock.now());
  });

  it('is used by code of the application’s that authenticates with its token, unless that says otherwise', async () => {
    const client = test.client({ 'x-mfa-session': 'new' });
    const id = newUserId();
    const { body } = await client.post('/login', { id });
    const token = body.sessionToken as string;
    const service = test.app.get(AuthenticationSessionService);
    const seen = async () => (await test.app.get(MfaSessionsService).list({ id }))[0]?.lastSeenAt?.getTime();
    const before = test.clock.now();
    test.clock.advance(45);
    await service.verifyAuthenticated(token, false);
    expect(await seen()).toBe(before);
    await service.verifyAuthenticated(token);
    expect(await seen()).toBe(before + 45_000);
    test.clock.advance(45);
    await service.verify(token, false);
    expect(await seen()).toBe(before + 45_000);
    await service.verify(token);
    expect(await seen()).toBe(before + 90_000);
  });

  it('is the application’s and administrators’ to see and end too', async () => {
    const user = await enroll(test);
    const other = await signInAgain(test, user, test.client({ 'user-agent': FIREFOX }));
    const sessions = test.app.get(MfaSessionsService);
    const admin = test.app.get(MfaAdminService);
    const [first] = await sessions.list(user);
    expect(first).toMatchObject({ userAgent: FIREFOX, current: false });
    expect((await admin.status(user.id)).sessions[0]).toMatchObject({
      id: first?.id,
      status: 'authenticated',
      userAgent: FIREFOX,
      ip: expect.any(String),
      lastSeenAt: expect.any(Date),
    });
    const { sessions: exported } = await test.app.get(MfaService).exportUser(user.id);
    expect(exported[0]).toMatchObject({ userAgent: FIREFOX, lastSeenAt: expect.any(String) });
    await admin.endSession(user.id, first?.id ?? '', { actor: 'root' });
    expect((await other.get('/me')).status).toBe(401);
    await expect(admin.endSession(user.id, first?.id ?? '')).rejects.toMatchObject({ code: 'not_found' });
    expect(endings(user.id)).toContainEqual({ scope: 'one', reason: 'admin' });
    await sessions.endOthers(user);
    expect((await user.client.get('/me')).status).toBe(401);
  });
});

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** A guard of the application's that leaves the question to ours. */
@Injectable()
class AskingGuard implements CanActivate {
  constructor(@Inject(MfaSessionGuard) private readonly guard: MfaSessionGuard) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    return this.guard.canActivate(context);
  }
}

@Controller()
class ManyGuardsController {
  @Get('both')
  @UseGuards(MfaSessionGuard)
  @RequireMfa()
  both(): object {
    return {};
  }

  @Get('closed')
  @UseGuards(MfaSessionGuard, NobodyGuard)
  closed(): object {
    return {};
  }

  @Get('closed-behind-asking')
  @UseGuards(AskingGuard, NobodyGuard)
  closedBehindAsking(): object {
    return {};
  }

  @Get('asking')
  @UseGuards(AskingGuard)
  asking(): object {
    return {};
  }
}

@Controller()
class PlainController {
  @Get('plain')
  plain(): object {
    return {};
  }

  @Get('closed')
  closed(): object {
    return {};
  }
}

/** Puts a guard before one controller, as late as an application can. */
class OnlyPlain implements CanActivate {
  constructor(private readonly guard: CanActivate) {}

  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    return context.getClass() !== PlainController || this.guard.canActivate(context);
  }
}

/** An application's guards of all routes, given by factories: what they ask can't be seen. */
@Module({
  providers: [
    {
      provide: APP_GUARD,
      inject: [MfaSessionGuard],
      useFactory: (guard: MfaSessionGuard) => new OnlyPlain(guard),
    },
    {
      provide: APP_GUARD,
      useFactory: (): CanActivate => ({
        canActivate: (context) => context.getHandler().name !== 'closed',
      }),
    },
  ],
})
class GuardsModule {}

/** An application that knows its users by a header as well. */
class HeaderAdapter extends TestAdapter {
  override getUser(request: object): ReturnType<TestAdapter['getUser']> {
    const id = (request as { headers?: Record<string, string> }).headers?.['x-user'];
    return id === undefined ? super.getUser(request) : { id };
  }
}

describe('a session that is not used', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { session: { idleTtlSeconds: 600 } },
      adapter: HeaderAdapter,
      controllers: [ManyGuardsController],
    });
  });
  afterAll(() => test.close());

  it('is over, and is not listed any more', async () => {
    const user = await enroll(test);
    const other = await signInAgain(test, user);
    expect(await listOf(other)).toHaveLength(2);
    for (let i = 0; i < 3; i++) {
      test.clock.advance(400);
      expect((await other.get('/me')).status).toBe(200);
    }
    expect((await user.client.get('/me')).body.code).toBe('session_expired');
    expect(await listOf(other)).toHaveLength(1);
    test.clock.advance(600);
    expect((await other.get('/me')).status).toBe(200);
    test.clock.advance(601);
    expect((await other.get('/me')).body.code).toBe('session_expired');
    expect((await other.get('/protected')).status).toBe(401);
  });

  it('opens nothing in the hands of code that has read it before', async () => {
    const { id } = await enroll(test);
    const [session = null] = await test.app.get(AuthenticationSessionService).list({ id });
    const policy = test.app.get(MfaPolicyService);
    test.clock.advance(200);
    expect(await policy.check({ id }, session)).toEqual({ allow: true });
    test.clock.advance(500);
    expect(await policy.check({ id }, session, { maxAge: 3600 })).toMatchObject({ allow: false });
  });

  it('is kept by a proof and by re-authentication, but never beyond its end', async () => {
    const end = test.clock.now() + 43_200_000;
    const user = await enroll(test);
    const secondsLeft = () => (end - test.clock.now()) / 1000;
    while (secondsLeft() > 1000) {
      test.clock.advance(500);
      const again = await user.client.post('/reauthenticate', { id: user.id });
      test.clock.advance(500);
      const proof = await user.client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
      for (const { body } of [again, proof])
        expect(body).toMatchObject({ status: 'authenticated', expiresAt: new Date(end).toISOString() });
    }
    // It is in use: nothing but its end can end it.
    test.clock.advance(secondsLeft() - 1);
    expect((await user.client.get('/me')).status).toBe(200);
    test.clock.advance(1);
    expect((await user.client.get('/me')).body.code).toBe('session_expired');
    test.clock.advance(1);
    expect((await user.client.get('/me')).body.code).toBe('session_expired');
  });

  it.each([
    ['a proof that is too old', '/protected'],
    ['a proof that is too old, behind the guard that signs in', '/both'],
    ['a guard of the application’s that comes after', '/closed'],
    ['one that comes after another that asks ours', '/closed-behind-asking'],
  ])('is not kept by what is refused for %s', async (_, path) => {
    const { client } = await enroll(test);
    test.clock.advance(400);
    const refused = await client.get(path);
    expect(refused.status).toBe(path.startsWith('/closed') ? 403 : 401);
    expect(refused.body.code).not.toBe('session_expired');
    test.clock.advance(201);
    expect((await client.get('/me')).body.code).toBe('session_expired');
  });

  it('is not kept by what another site makes the browser send, though that is told', async () => {
    const { client } = await enroll(test);
    test.clock.advance(400);
    const { body } = await client.post('/mfa/totp', undefined, { 'sec-fetch-site': 'cross-site' });
    expect(body.code).toBe('cross_origin');
    await test.settled();
    test.clock.advance(201);
    expect((await client.get('/me')).body.code).toBe('session_expired');
  });

  it('is not kept by who is somebody else at the application', async () => {
    const { client } = await enroll(test);
    const other = newUserId();
    test.clock.advance(400);
    expect((await client.get('/me', { 'x-user': other })).body.id).toBe(other);
    test.clock.advance(201);
    expect((await client.get('/me')).body.code).toBe('session_expired');
  });

  it('is kept by what a route refuses that its guards let pass', async () => {
    const { client } = await enroll(test);
    test.clock.advance(400);
    expect((await client.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('incorrect_code');
    test.clock.advance(400);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('is kept by a route before which a guard of the application’s asks ours', async () => {
    const { client } = await enroll(test);
    for (let i = 0; i < 3; i++) {
      test.clock.advance(400);
      expect((await client.get('/asking')).status).toBe(200);
    }
  });

  it('is kept by a route whose guard was put there when the application started', async () => {
    const late = await startTestApp({
      mfa: { session: { idleTtlSeconds: 600 } },
      controllers: [PlainController],
      configure: (app) => app.useGlobalGuards(new OnlyPlain(app.get(MfaSessionGuard))),
    });
    try {
      const { client } = await enroll(late);
      for (let i = 0; i < 3; i++) {
        late.clock.advance(400);
        expect((await client.get('/plain')).status).toBe(200);
      }
    } finally {
      await late.close();
    }
  });

  it('is kept by its use at another instance, however soon it would end', async () => {
    const brief = await startTestApp({ mfa: { session: { idleTtlSeconds: 40 } } });
    try {
      const { client } = await enroll(brief);
      await client.post('/login', { id: newUserId() });
      for (let i = 0; i < 3; i++) {
        brief.clock.advance(25);
        expect((await client.get('/me')).status).toBe(200);
        await writeActivity(brief.app);
        forgetActivity(brief.app);
      }
    } finally {
      await brief.close();
    }
  });

  it('is not kept by what the second of several guards of all routes refuses', async () => {
    const other = await startTestApp({
      mfa: { session: { idleTtlSeconds: 600 } },
      controllers: [PlainController],
      imports: [GuardsModule],
    });
    try {
      const { client } = await enroll(other);
      other.clock.advance(400);
      expect((await client.get('/plain')).status).toBe(200);
      other.clock.advance(400);
      expect((await client.get('/closed')).status).toBe(403);
      other.clock.advance(201);
      expect((await client.get('/plain')).body.code).toBe('session_expired');
    } finally {
      await other.close();
    }
  });

  it('is not kept by what our guard of all routes refuses', async () => {
    const other = await startTestApp({
      mfa: { session: { idleTtlSeconds: 600 }, requiredForStaff: true, globalGuard: true },
    });
    try {
      const client = other.client();
      await client.post('/login', { id: newUserId(), isStaff: true });
      other.clock.advance(400);
      expect((await client.get('/public')).body.code).toBe('mfa_enrollment_required');
      other.clock.advance(201);
      expect((await client.get('/me')).body.code).toBe('session_expired');
    } finally {
      await other.close();
    }
  });

  it('takes one statement to use, as ever', async () => {
    const { client } = await enroll(test);
    test.clock.advance(120);
    expect(await test.logger.statementsOf(() => client.get('/protected'))).toHaveLength(1);
  });

  it('is over for another instance too, which knows what is written', async () => {
    const user = await enroll(test);
    const sessions = test.app.get(AuthenticationSessionService);
    test.clock.advance(500);
    await user.client.get('/me');
    await writeActivity(test.app);
    forgetActivity(test.app);
    test.clock.advance(500);
    expect(await sessions.list(user)).toHaveLength(1);
    test.clock.advance(101);
    expect(await sessions.list(user)).toHaveLength(0);
    expect((await user.client.get('/me')).body.code).toBe('session_expired');
  });

  it('does not end a sign-in that is half done before its own end', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    test.clock.advance(700);
    const { status } = await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(status).toBe(200);
    expect((await half.get('/me')).status).toBe(200);
  });

  it('from before this was known counts from its beginning', async () => {
    const user = await enroll(test);
    await test.dataSource
      .getRepository(AuthenticationSession)
      .update({ userId: user.id }, { lastSeenAt: null });
    forgetActivity(test.app);
    test.clock.advance(541);
    expect((await user.client.get('/me')).status).toBe(401);
  });
});

describe('changes of factors', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { gracePeriodSeconds: 3600, changesMaxAgeSeconds: 120 } });
  });
  afterAll(() => test.close());

  it('have a limit of their own to how old a proof may be', async () => {
    const { client } = await enroll(test);
    test.clock.advance(61);
    expect((await client.get('/protected')).status).toBe(200);
    expect((await client.post('/mfa/recovery-codes')).body).toMatchObject({
      code: 'mfa_required',
      maxAge: 120,
    });
    expect((await client.delete('/mfa/sessions')).body.code).toBe('mfa_required');
  });
});

describe('an administrator who ends the sessions of everybody', () => {
  let test: TestApp;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    // More users than one batch holds.
    test = await startTestApp({ mfa: { retention: { batchSize: 2 } } });
    test.app.get(MfaEvents).on('mfa.session.ended', (event) => events.push(event));
  });
  afterAll(() => test.close());

  it('does so, with a reason and an event for each of them', async () => {
    const admin = test.app.get(MfaAdminService);
    const users: Enrolled[] = [];
    for (let i = 0; i < 5; i++) users.push(await enroll(test));
    const [first] = users as [Enrolled, ...Enrolled[]];
    const half = await halfSignIn(test, first);
    await expect(admin.endAllSessions(' ')).rejects.toThrow(TypeError);
    expect((await first.client.get('/me')).status).toBe(200);
    events.length = 0;
    expect(await admin.endAllSessions('A stolen backup', { actor: 'root' })).toBe(5);
    for (const { client } of users) expect((await client.get('/me')).body.code).toBe('session_expired');
    expect((await half.get('/mfa/session')).status).toBe(401);
    expect(events.map(({ userId }) => userId).sort()).toEqual(users.map(({ id }) => id).sort());
    expect(events[0]).toMatchObject({
      actor: { type: 'admin', id: 'root' },
      data: { scope: 'all', reason: 'admin', explanation: 'A stolen backup' },
    });
    expect(await admin.endAllSessions('Once more')).toBe(0);
    expect((await signInAgain(test, first)).cookies.size).toBe(1);
  });
});
