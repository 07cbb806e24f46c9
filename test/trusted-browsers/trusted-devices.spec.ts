import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Post, Req, UseGuards } from '@nestjs/common';
import type { MfaEvent, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MfaAdminService,
  MfaEvents,
  MfaService,
  MfaSessionGuard,
  RequireMfa,
  TrustedDevicesService,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { register } from '../support/ceremonies.js';
import { rowsOf, sharedDatabase } from '../support/databases.js';
import type { Client } from '../support/client.js';
import { HELD, HoldBack, pointsFrom } from '../support/hold-back.js';
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

const COOKIE = 'mfa_trusted';

@Controller('trusting')
class TrustingController {
  @Get()
  @RequireMfa({ acceptTrustedDevice: true })
  open(): object {
    return {};
  }

  @Get('totp')
  @RequireMfa({ acceptTrustedDevice: true, methods: ['totp'] })
  totp(): object {
    return {};
  }
}

@Controller('password')
class PasswordController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Post()
  @UseGuards(MfaSessionGuard)
  changed(@Req() request: { user: MfaUser }): Promise<void> {
    return this.mfa.passwordChanged(request.user, { request, endSessions: true });
  }
}

describe('trusted browsers', () => {
  let test: TestApp;
  const events: MfaEvent[] = [];
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { trustedDevices: { enabled: true, maxPerUser: 3 } },
      controllers: [TrustingController],
    });
    test.app.get(MfaEvents).on('*', (event) => events.push(event));
  });
  afterAll(() => test.close());

  const authenticate = async (user: Enrolled, client: Client, body: object = { trustDevice: true }) => {
    test.clock.advance(60);
    return client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock), ...body });
  };

  /** A browser that the user trusts, signed out. */
  const trust = async (user: Enrolled): Promise<Client> => {
    const browser = await halfSignIn(test, user);
    expect((await authenticate(user, browser)).status).toBe(200);
    await browser.delete('/mfa/session');
    return browser;
  };

  const login = (user: Pick<Enrolled, 'id'>, browser: Client) => browser.post('/login', { id: user.id });

  it('stand in for no factor once the last one is gone', async () => {
    const user = await enroll(test);
    await test.app.get(MfaAdminService).requireEnrollment(user.id, 'policy');
    const browser = await trust(user);
    await login(user, browser);
    await authenticate(user, browser, {});
    expect((await browser.get('/me')).status).toBe(200);
    expect((await browser.delete(`/mfa/authenticators/${user.authenticatorId}`)).status).toBe(204);
    expect((await browser.get('/me')).body.code).toBe('mfa_enrollment_required');
    const { proven } = (await browser.get('/mfa/session')).body;
    expect(proven.map(({ method }: { method: string }) => method)).toEqual(['pwd']);
  });

  it('sign in without the second factor, and say so', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const { status, body } = await login(user, browser);
    expect([status, body.status]).toEqual([200, 'authenticated']);
    expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd', 'trusted_device']);
    expect((await browser.get('/me')).status).toBe(200);
    // Another browser of the same user owes it.
    expect((await login(user, test.client())).body.status).toBe('mfa_required');
  });

  it('owe the second factor while the clock is set back to before they were trusted', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    test.clock.advance(-86_400);
    expect((await login(user, browser)).body.status).toBe('mfa_required');
    test.clock.advance(86_400);
    expect((await login(user, browser)).body.status).toBe('authenticated');
  });

  it('never stand for a second factor, unless the route says so', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    await login(user, browser);
    for (const path of ['/protected', '/protected/maxage', '/protected/totp', '/trusting/totp']) {
      expect((await browser.get(path)).body).toMatchObject({ statusCode: 401, code: 'mfa_required' });
    }
    expect((await browser.get('/protected/phishing-resistant')).status).toBe(403);
    for (const path of ['/mfa/totp', '/mfa/recovery-codes']) {
      expect((await browser.post(path)).body.code).toBe('mfa_required');
    }
    expect((await browser.delete(`/mfa/authenticators/${user.authenticatorId}`)).body.code).toBe(
      'mfa_required',
    );
    expect((await browser.delete('/mfa/trusted-devices')).body.code).toBe('mfa_required');
    expect((await browser.get('/mfa/status')).body).toMatchObject({ verified: false, verifiedAt: null });

    expect((await browser.get('/trusting')).status).toBe(200);
    test.clock.advance(301);
    expect((await browser.get('/trusting')).body.code).toBe('mfa_required');
  });

  it('count on such a route only while they are trusted', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    await login(user, browser);
    const statements = await test.logger.statementsOf(() => browser.get('/trusting'));
    expect(statements.length).toBeLessThanOrEqual(2);
    await test.app.get(TrustedDevicesService).revokeAll({ id: user.id });
    expect((await browser.get('/trusting')).body.code).toBe('mfa_required');
    expect((await browser.get('/me')).status).toBe(200);
    // What was proven besides is not gone with the trust.
    expect((await authenticate(user, browser, {})).status).toBe(200);
    expect((await browser.get('/trusting')).status).toBe(200);
  });

  it('can’t be asked for together with phishing resistance', () => {
    expect(() => RequireMfa({ acceptTrustedDevice: true, phishingResistant: true })).toThrow(TypeError);
  });

  it('are kept in a cookie that scripts can’t read, and as a hash', async () => {
    const user = await enroll(test);
    const browser = await halfSignIn(test, user);
    const answer = await authenticate(user, browser);
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith(COOKIE)) as string;
    expect(cookie.split('; ').slice(1).sort()).toEqual([
      'HttpOnly',
      'Max-Age=1209600',
      'Path=/',
      'SameSite=Lax',
    ]);
    const token = browser.cookies.get(COOKIE) as string;
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(answer.body)).not.toContain(token);
    const rows = await rowsOf(test.dataSource, 'SELECT * FROM mfa_trusted_device');
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('get no cookie without asking, and none after a recovery code', async () => {
    const user = await enroll(test);
    const browser = await halfSignIn(test, user);
    await authenticate(user, browser, { trustDevice: false });
    expect(browser.cookies.has(COOKIE)).toBe(false);
    const other = await halfSignIn(test, user);
    await other.post('/mfa/authenticate', { code: user.recoveryCodes[0], trustDevice: true });
    expect((await other.get('/protected')).status).toBe(200);
    expect(other.cookies.has(COOKIE)).toBe(false);
    expect((await other.get('/mfa/trusted-devices')).body).toEqual([]);
  });

  it('change their token with every use; an old one voids the trust', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const thief = browser.clone();
    await login(user, browser);
    await browser.delete('/mfa/session');
    expect(browser.cookies.get(COOKIE)).not.toBe(thief.cookies.get(COOKIE));
    expect((await login(user, browser)).body.status).toBe('authenticated');
    const owner = browser.clone();
    await browser.delete('/mfa/session');
    const from = events.length;
    expect((await login(user, thief)).body.status).toBe('mfa_required');
    expect(events.slice(from).find(({ type }) => type === 'mfa.trusted_device.revoked')).toMatchObject({
      userId: user.id,
      data: { reason: 'reused' },
    });
    expect((await login(user, owner)).body.status).toBe('mfa_required');
  });

  describe('whose token is used twice', () => {
    const methodsOf = (body: { proven: { method: string }[] }) => body.proven.map(({ method }) => method);
    const mailsSince = (from: number) => test.adapter.notifications.slice(from).map(({ type }) => type);

    it('take the thief’s session along when the owner comes second, and the owner is told', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      const elsewhere = await trust(user);
      await login(user, elsewhere);
      const thief = owner.clone();
      expect(methodsOf((await login(user, thief)).body)).toEqual(['pwd', 'trusted_device']);
      // What the thief gains more, in sessions and in proofs, ends as well.
      const more = thief.clone();
      more.cookies.delete('mfa_session');
      expect((await login(user, more)).body.status).toBe('authenticated');
      expect((await authenticate(user, more, {})).status).toBe(200);
      for (const client of [thief, more]) expect((await client.get('/me')).status).toBe(200);

      test.clock.advance(11);
      const [fromEvent, fromMail] = [events.length, test.adapter.notifications.length];
      expect((await login(user, owner)).body.status).toBe('mfa_required');
      for (const client of [thief, more]) expect((await client.get('/me')).status).toBe(401);
      expect(events.slice(fromEvent).filter(({ type }) => /revoked|ended/.test(type))).toMatchObject([
        { type: 'mfa.trusted_device.revoked', userId: user.id, data: { reason: 'reused' } },
        { type: 'mfa.session.ended', userId: user.id, data: { scope: 'device', reason: 'trust_reused' } },
      ]);
      expect(mailsSince(fromMail)).toEqual(['trusted_device_reused']);
      // Neither the owner's sign-in nor other sessions and browsers are concerned.
      expect((await authenticate(user, owner, {})).status).toBe(200);
      for (const client of [user.client, elsewhere]) expect((await client.get('/me')).status).toBe(200);
      expect((await login(user, thief)).body.status).toBe('mfa_required');
    });

    it('gain the thief nothing when the owner was first, and end the owner’s session', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      const thief = owner.clone();
      await login(user, owner);
      test.clock.advance(11);
      expect((await login(user, thief)).body.status).toBe('mfa_required');
      expect((await owner.get('/me')).status).toBe(401);
      expect((await login(user, owner)).body.status).toBe('mfa_required');
    });

    it('are known by any token that they ever had', async () => {
      const user = await enroll(test);
      const thief = await trust(user);
      const owner = thief.clone();
      for (let use = 0; use < 5; use++) {
        expect((await login(user, thief)).body.status).toBe('authenticated');
        test.clock.advance(60);
      }
      expect((await login(user, owner)).body.status).toBe('mfa_required');
      expect((await thief.get('/me')).status).toBe(401);
      const rows = await rowsOf(test.dataSource, 'SELECT * FROM mfa_trusted_device WHERE user_id = ?', [
        user.id,
      ]);
      expect(rows).toEqual([]);
    });

    it('are known however often the thief signs in, since the trust is used up before', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      let thief = owner.clone();
      let used = 0;
      for (; ; used++) {
        const next = thief.clone();
        // Signing in again would end the session that the thief has.
        next.cookies.delete('mfa_session');
        if ((await login(user, next)).body.status !== 'authenticated') break;
        thief = next;
      }
      expect(used).toBe(101);
      expect((await thief.get('/me')).status).toBe(200);
      test.clock.advance(11);
      const from = test.adapter.notifications.length;
      expect((await login(user, owner)).body.status).toBe('mfa_required');
      expect(mailsSince(from)).toEqual(['trusted_device_reused']);
      expect((await thief.get('/me')).status).toBe(401);
    });

    it('are used up for their owner too, who trusts the browser anew', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      while ((await login(user, owner)).body.status === 'authenticated') test.clock.advance(1);
      expect((await authenticate(user, owner)).status).toBe(200);
      const from = test.adapter.notifications.length;
      expect((await login(user, owner)).body.status).toBe('authenticated');
      expect((await login(user, owner)).body.status).toBe('authenticated');
      expect(mailsSince(from)).toEqual([]);
    });

    it('are known when the browser was trusted anew meanwhile', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      const thief = owner.clone();
      await login(user, thief);
      // The owner has signed out, proves the second factor and trusts the browser again: it holds both tokens.
      const anew = owner.clone();
      anew.cookies.delete(COOKIE);
      await login(user, anew);
      expect((await authenticate(user, anew)).status).toBe(200);
      expect((await thief.get('/me')).status).toBe(200);
      const both = [anew, owner].map((client) => client.cookies.get(COOKIE)).join('.');
      anew.cookies.set(COOKIE, both);
      expect((await login(user, anew)).body.status).toBe('authenticated');
      expect((await thief.get('/me')).status).toBe(401);
    });

    it('end what came of them without leniency, however soon and from wherever the second use comes', async () => {
      const user = await enroll(test);
      for (const agent of ['node', 'node/24']) {
        const owner = await trust(user);
        const thief = owner.clone();
        await login(user, thief);
        const answer = await owner.post('/login', { id: user.id }, { 'user-agent': agent });
        expect(answer.body.status).toBe('mfa_required');
        expect((await thief.get('/me')).status).toBe(401);
      }
    });

    it('end nothing where two sign-ins are under way at once, of which one has it', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      const other = owner.clone();
      const answers = await Promise.all([owner, other].map((client) => login(user, client)));
      expect(answers.map(({ body }) => body.status as string).sort()).toEqual([
        'authenticated',
        'mfa_required',
      ]);
    });

    it('end a session that is started while this is found out', async () => {
      const user = await enroll(test);
      const owner = await trust(user);
      const thief = owner.clone();
      await login(user, thief);
      test.clock.advance(11);
      // The thief signs in once more after the sessions were read, and before they are ended.
      const sessions = test.app.get(AuthenticationSessionService);
      const list = sessions.listStartedFrom.bind(sessions);
      const late = thief.clone();
      late.cookies.delete('mfa_session');
      const lateAnswers: unknown[] = [];
      let reads = 0;
      sessions.listStartedFrom = async (...asked) => {
        const found = await list(...asked);
        reads += 1;
        if (reads === 1) lateAnswers.push((await login(user, late)).body.status);
        return found;
      };
      expect((await login(user, owner)).body.status).toBe('mfa_required');
      sessions.listStartedFrom = list;
      expect([reads, lateAnswers]).toEqual([2, ['authenticated']]);
      for (const client of [thief, late]) expect((await client.get('/me')).status).toBe(401);
    });

    it('take the thief’s session along behind however many others', async () => {
      const { orm, drop } = await sharedDatabase();
      const mfa = { trustedDevices: { enabled: true }, session: { maxPerUser: 20 } };
      const here = await startTestApp({ orm, mfa });
      // An instance that has counted none of the user's sessions yet.
      const there = await startTestApp({ orm, mfa });
      const user = await enroll(here);
      const thief = await halfSignIn(here, user);
      here.clock.advance(60);
      const code = codeOf(user.secret, here.clock);
      await thief.post('/mfa/authenticate', { code, trustDevice: true });
      for (const client of [user.client, thief]) await client.delete('/mfa/session');
      const owner = there.client();
      owner.cookies.set(COOKIE, thief.cookies.get(COOKIE) as string);
      expect((await login(user, thief)).body.status).toBe('authenticated');
      // The password is enough for these. They end no session, but are newer than it.
      for (let begun = 0; begun < 20; begun++) {
        here.clock.advance(1);
        await halfSignIn(here, user);
      }
      expect((await thief.get('/me')).status).toBe(200);
      there.clock.advance(200);
      expect((await login(user, owner)).body.status).toBe('mfa_required');
      expect((await thief.get('/me')).status).toBe(401);
      await there.app.close();
      await here.close();
      await drop();
    });

    it('are told of once, however many use the token', async () => {
      const user = await enroll(test);
      const browser = await trust(user);
      const copy = browser.clone();
      await login(user, browser);
      test.clock.advance(11);
      const from = test.adapter.notifications.length;
      await Promise.all(Array.from({ length: 10 }, () => login(user, copy.clone())));
      expect(mailsSince(from)).toEqual(['trusted_device_reused']);
    });
  });

  it('tell their owner when their cookie turns up in another kind of browser, once a window', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const from = test.adapter.notifications.length;
    for (let i = 0; i < 3; i++) {
      const copy = browser.clone();
      const { body } = await copy.post('/login', { id: user.id }, { 'user-agent': 'Firefox/150.0' });
      expect(body.status).toBe('mfa_required');
    }
    await test.settled();
    const [device] = await test.app.get(TrustedDevicesService).list({ id: user.id });
    expect(events.filter(({ userId, type }) => userId === user.id && /refused/.test(type))).toMatchObject([
      { type: 'mfa.trusted_device.refused', data: { deviceId: device?.id, reason: 'other_browser' } },
    ]);
    expect(test.adapter.notifications.slice(from).map(({ type }) => type)).toEqual(['trusted_device_copied']);
    expect((await login(user, browser)).body.status).toBe('authenticated');
  });

  it('let one of many uses of one token in', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    const answers = await Promise.all(Array.from({ length: 25 }, () => login(user, browser.clone())));
    expect(answers.filter(({ body }) => body.status === 'authenticated')).toHaveLength(1);
    expect(answers.filter(({ body }) => body.status === 'mfa_required')).toHaveLength(24);
  });

  it('are worth nothing to another user, in another kind of browser, or when forged', async () => {
    const user = await enroll(test);
    const other = await enroll(test);
    const browser = await trust(user);
    expect((await login(other, browser.clone())).body.status).toBe('mfa_required');

    const elsewhere = browser.clone();
    elsewhere.headers['user-agent'] = 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0';
    expect((await login(user, elsewhere)).body.status).toBe('mfa_required');
    delete elsewhere.headers['user-agent'];

    for (const value of ['A'.repeat(43), '', 'x', `${'A'.repeat(43)}.${'B'.repeat(43)}`, '%00', '"']) {
      const forger = test.client();
      forger.cookies.set(COOKIE, value);
      expect((await login(user, forger)).body.status).toBe('mfa_required');
    }
    expect((await login(user, browser)).body.status).toBe('authenticated');
  });

  it('cost a forger no more than one read, and none with a cookie of another shape', async () => {
    const user = await enroll(test);
    const readsOf = (cookie: string | null) =>
      test.logger.statementsOf(async () => {
        const forger = test.client();
        if (cookie !== null) forger.cookies.set(COOKIE, cookie);
        await login(user, forger);
      });
    const { length: without } = await readsOf(null);
    expect(await readsOf('x')).toHaveLength(without);
    expect(await readsOf(Array(9).fill('A'.repeat(43)).join('.'))).toHaveLength(without);
    expect(await readsOf('A'.repeat(43))).toHaveLength(without + 1);
  });

  it('survive an update of the browser', async () => {
    const user = await enroll(test);
    const browser = await halfSignIn(test, user);
    browser.headers['user-agent'] = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0.1.2';
    await authenticate(user, browser);
    await browser.delete('/mfa/session');
    browser.headers['user-agent'] = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/151.0.3.14';
    expect((await login(user, browser)).body.status).toBe('authenticated');
  });

  it('expire at a fixed time, however much they are used', async () => {
    const user = await enroll(test);
    const browser = await trust(user);
    test.clock.advance(1_209_600 - 1);
    expect((await login(user, browser)).body.status).toBe('authenticated');
    await browser.delete('/mfa/session');
    test.clock.advance(1);
    expect((await login(user, browser)).body.status).toBe('mfa_required');
    expect((await test.app.get(TrustedDevicesService).list({ id: user.id })).length).toBe(0);
  });

  it('can be shared by several users', async () => {
    const [ada, bob] = [await enroll(test), await enroll(test)];
    const browser = await trust(ada);
    await login(bob, browser);
    await authenticate(bob, browser);
    await browser.delete('/mfa/session');
    for (const user of [ada, bob, ada, bob]) {
      expect((await login(user, browser)).body.status).toBe('authenticated');
      await browser.delete('/mfa/session');
    }
    expect(browser.cookies.get(COOKIE)?.split('.')).toHaveLength(2);
  });

  it('make room for newer ones', async () => {
    const user = await enroll(test);
    const browsers = [];
    for (let i = 0; i < 4; i++) browsers.push(await trust(user));
    const states = [];
    for (const browser of browsers) states.push((await login(user, browser)).body.status);
    expect(states).toEqual(['mfa_required', 'authenticated', 'authenticated', 'authenticated']);
  });

  it('are listed and revoked by their owner alone', async () => {
    const [user, stranger] = [await enroll(test), await enroll(test)];
    const browser = await trust(user);
    await trust(user);
    await login(user, browser);
    await authenticate(user, browser, {});
    const { body: list } = await browser.get('/mfa/trusted-devices');
    expect(list).toHaveLength(2);
    expect(list.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
    expect(Object.keys(list[0]).sort()).toEqual(
      ['createdAt', 'current', 'expiresAt', 'id', 'ip', 'lastUsedAt', 'userAgent'].sort(),
    );
    expect(list[0]).toMatchObject({ ip: '127.0.0.1', userAgent: 'node' });
    const [first, second] = list.map(({ id }: { id: string }) => id);

    expect((await stranger.client.get('/mfa/trusted-devices')).body).toEqual([]);
    await authenticate(stranger, stranger.client, {});
    expect((await stranger.client.delete(`/mfa/trusted-devices/${first}`)).body.code).toBe('not_found');
    await stranger.client.delete('/mfa/trusted-devices');
    expect((await browser.get('/mfa/trusted-devices')).body).toHaveLength(2);

    expect((await browser.delete(`/mfa/trusted-devices/${first}`)).status).toBe(204);
    expect((await browser.delete(`/mfa/trusted-devices/${first}`)).status).toBe(404);
    expect((await browser.get('/mfa/trusted-devices')).body.map(({ id }: { id: string }) => id)).toEqual([
      second,
    ]);
    expect((await browser.delete('/mfa/trusted-devices')).status).toBe(204);
    expect((await browser.get('/mfa/trusted-devices')).body).toEqual([]);
    expect((await test.client().get('/mfa/trusted-devices')).status).toBe(401);
  });

  describe('are void', () => {
    it('after new recovery codes', async () => {
      const user = await enroll(test);
      const browser = await trust(user);
      const from = events.length;
      await authenticate(user, user.client, {});
      expect((await user.client.post('/mfa/recovery-codes')).status).toBe(201);
      expect(events.slice(from).filter(({ type }) => type === 'mfa.trusted_device.revoked')).toMatchObject([
        { userId: user.id, data: { deviceId: null, reason: 'factors_changed' } },
      ]);
      expect((await login(user, browser)).body.status).toBe('mfa_required');
    });

    it('after a factor was removed and set up again', async () => {
      const user = await enroll(test);
      const browser = await trust(user);
      await authenticate(user, user.client, {});
      await user.client.delete(`/mfa/authenticators/${user.authenticatorId}`);
      await user.client.post('/login', { id: user.id });
      const { body: setup } = await user.client.post('/mfa/totp');
      await user.client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      expect((await login(user, browser)).body.status).toBe('mfa_required');
    });

    it('after the password was changed, with the sign-ins that began with it', async () => {
      const user = await enroll(test);
      const browser = await trust(user);
      const half = await halfSignIn(test, user);
      await test.app.get(MfaService).passwordChanged({ id: user.id });
      expect((await login(user, browser)).body.status).toBe('mfa_required');
      expect(
        (await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) })).body.code,
      ).toBe('session_expired');
      expect((await user.client.get('/me')).status).toBe(200);
      await test.app.get(MfaService).passwordChanged({ id: user.id }, { endSessions: true });
      expect((await user.client.get('/me')).status).toBe(401);
    });

    it.each([
      ['a factor is removed', (id: string) => ({ method: 'DELETE', path: `/mfa/authenticators/${id}` })],
      ['the password is changed', () => ({ method: 'POST', path: '/password' })],
    ])('when %s, at whatever moment they sign in', async (_what, changing) => {
      const holdBack = new HoldBack();
      const held = await startTestApp({
        mfa: { webauthn: RELYING_PARTY, trustedDevices: { enabled: true } },
        controllers: [PasswordController],
        configure: holdBack.mark,
      });
      holdBack.watch(held.dataSource, held.adapter);
      try {
        let last = 0;
        for (const point of pointsFrom()) {
          const user = await enroll(held);
          const { body } = await register(user.client, new SoftwareAuthenticator());
          const browser = await halfSignIn(held, user);
          held.clock.advance(60);
          const code = codeOf(user.secret, held.clock);
          await browser.post('/mfa/authenticate', { code, trustDevice: true });
          await browser.delete('/mfa/session');
          const { method, path } = changing(body.authenticator.id as string);
          const answer = await holdBack.run(
            point,
            () => user.client.send(method, path, undefined, HELD),
            async () => void (await browser.post('/login', { id: user.id })),
          );
          expect([point, answer.answer.status]).toEqual([point, method === 'DELETE' ? 204 : 201]);
          expect([point, (await browser.get('/me')).status]).toEqual([point, 401]);
          if (!answer.reached) break;
          last = point;
        }
        expect(last).toBeGreaterThanOrEqual(4);
      } finally {
        await held.close();
      }
    });

    it('when the option is off', async () => {
      const off = await startTestApp();
      const user = await enroll(off);
      const browser = await halfSignIn(off, user);
      await browser.post('/mfa/authenticate', { code: codeOf(user.secret, off.clock), trustDevice: true });
      expect(browser.cookies.has(COOKIE)).toBe(false);
      expect((await browser.get('/mfa/trusted-devices')).body).toEqual([]);
      await off.close();
    });
  });

  it('may be trusted after a recovery code where the application allows it', async () => {
    const lax = await startTestApp({ mfa: { trustedDevices: { enabled: true, afterRecoveryCode: true } } });
    const user = await enroll(lax);
    const browser = await halfSignIn(lax, user);
    await browser.post('/mfa/authenticate', { code: user.recoveryCodes[0], trustDevice: true });
    await browser.delete('/mfa/session');
    expect((await browser.post('/login', { id: user.id })).body.status).toBe('authenticated');
    await lax.close();
  });

  it('do not open what staff must prove on every route', async () => {
    const strict = await startTestApp({
      mfa: { trustedDevices: { enabled: true }, requiredForStaff: true, globalGuard: true },
    });
    const id = newUserId();
    users.set(id, { id, isStaff: true });
    const staff = await enroll(strict, { isStaff: true });
    const browser = await halfSignIn(strict, staff);
    await browser.post('/mfa/authenticate', { code: codeOf(staff.secret, strict.clock), trustDevice: true });
    await browser.delete('/mfa/session');
    expect((await browser.post('/login', { id: staff.id })).body.status).toBe('authenticated');
    expect((await browser.get('/public')).body.code).toBe('mfa_required');
    await strict.close();
  });
});
