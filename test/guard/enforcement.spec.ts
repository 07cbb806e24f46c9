import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import type { MfaRequirementContext, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MfaPolicyService,
  MfaSessionGuard,
  RequireMfa,
  SkipMfa,
  readExternalMfa,
} from 'nestjs-mfa';

import type { Answer, Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { TestAdapter, codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

/** Demands a second factor of everybody in the finance department, and of others in the vault. */
class DepartmentAdapter extends TestAdapter {
  readonly asked: MfaRequirementContext[] = [];

  override isMfaRequired(user: MfaUser, context: MfaRequirementContext): boolean {
    this.asked.push(context);
    return (user as { department?: string }).department === 'finance';
  }
}

@UseGuards(MfaSessionGuard)
@Controller('app')
class AppController {
  @Get()
  anything(): object {
    return {};
  }

  @Get('onboarding')
  @SkipMfa()
  onboarding(): object {
    return {};
  }

  @Get('reports')
  @RequireMfa()
  reports(): object {
    return {};
  }

  @Post('transfer')
  @RequireMfa({ once: true })
  transfer(): object {
    return {};
  }
}

const signIn = async (
  test: TestApp,
  extra: object = {},
): Promise<{ client: Client; id: string; body: Answer['body'] }> => {
  const id = newUserId();
  const client = test.client();
  const { body } = await client.post('/login', { ...extra, id });
  return { client, id, body };
};

describe('a hook that says who must have a second factor', () => {
  it('is asked at sign-in, by the guards, and for the status', async () => {
    const test = await startTestApp({ adapter: DepartmentAdapter, controllers: [AppController] });
    const { client, body } = await signIn(test, { department: 'finance' });
    expect(body).toMatchObject({ status: 'enrollment_required', methods: ['totp'] });
    expect((test.adapter as DepartmentAdapter).asked[0]).toMatchObject({
      request: expect.anything(),
      session: { status: 'authenticated' },
    });
    expect((await client.get('/mfa/status')).body).toMatchObject({ required: true, enabled: false });
    expect((await client.get('/protected/feed')).body.code).toBe('mfa_enrollment_required');

    const other = await signIn(test, { department: 'sales', isStaff: true });
    expect(other.body.status).toBe('authenticated');
    expect((await other.client.get('/mfa/status')).body.required).toBe(false);
    expect((await other.client.get('/protected/feed')).status).toBe(200);
    await test.close();
  });

  it('makes the global guard ask, without any option', async () => {
    const test = await startTestApp({ adapter: DepartmentAdapter, mfa: { globalGuard: true } });
    const { client } = await signIn(test, { department: 'finance' });
    expect((await client.get('/public')).body.code).toBe('mfa_enrollment_required');
    const other = await signIn(test);
    expect((await other.client.get('/public')).status).toBe(200);
    await test.close();
  });

  it('refuses when it throws', async () => {
    class BrokenAdapter extends TestAdapter {
      override isMfaRequired(): never {
        throw new Error('the directory does not answer');
      }
    }
    const test = await startTestApp({ adapter: BrokenAdapter, controllers: [AppController] });
    const { client, id } = await signIn(test);
    expect((await client.get('/app')).status).toBeGreaterThanOrEqual(400);
    const { token } = await test.app
      .get(AuthenticationSessionService)
      .create({ id }, { status: 'authenticated', methods: [{ method: 'pwd', at: test.clock.now() }] });
    const other = test.client({ 'x-mfa-session': token });
    for (const path of ['/app', '/protected', '/protected/feed']) {
      expect((await other.get(path)).status).toBe(500);
    }
    await test.close();
  });
});

describe('a session of somebody who must enroll first', () => {
  it('reaches nothing but the routes that do it, and those that say so', async () => {
    const test = await startTestApp({ mfa: { requiredForStaff: true }, controllers: [AppController] });
    const { client, body } = await signIn(test, { isStaff: true });
    expect(body.status).toBe('enrollment_required');
    for (const path of ['/app', '/app/reports', '/me', '/protected', '/protected/feed']) {
      expect((await client.get(path)).body).toMatchObject({
        statusCode: 403,
        code: 'mfa_enrollment_required',
        methods: ['totp'],
      });
    }
    expect((await client.get('/app/onboarding')).status).toBe(200);
    for (const path of ['/mfa/status', '/mfa/authenticators', '/mfa/recovery-codes']) {
      expect((await client.get(path)).status).toBe(200);
    }
    const { body: setup } = await client.post('/mfa/totp');
    expect((await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) })).status).toBe(
      201,
    );
    for (const path of ['/app', '/app/reports', '/me', '/protected', '/protected/feed']) {
      expect((await client.get(path)).status).toBe(200);
    }
    await test.close();
  });

  it('is closed when the grace period ends, also in the middle of it', async () => {
    const test = await startTestApp({
      mfa: { requiredForStaff: true, enrollmentGracePeriodSeconds: 1000 },
      controllers: [AppController],
    });
    const { client, body } = await signIn(test, { isStaff: true });
    const deadline = new Date(test.clock.now() + 1_000_000).toISOString();
    expect(body).toMatchObject({ status: 'authenticated', enrollmentDeadline: deadline });
    expect((await client.get('/mfa/status')).body.enrollmentDeadline).toBe(deadline);
    expect((await client.get('/app')).status).toBe(200);
    test.clock.advance(1000);
    expect((await client.get('/app')).body.code).toBe('mfa_enrollment_required');
    expect((await client.get('/app/onboarding')).status).toBe(200);
    await test.close();
  });

  it('costs one statement to let pass or turn away, like any other', async () => {
    const test = await startTestApp({ mfa: { requiredForStaff: true }, controllers: [AppController] });
    const staff = await signIn(test, { isStaff: true });
    const user = await signIn(test);
    for (const { client } of [staff, user]) {
      expect(await test.logger.statementsOf(() => client.get('/app'))).toHaveLength(1);
    }
    await test.close();
  });

  it('is not shown a deadline once enrolled, nor without a duty', async () => {
    const test = await startTestApp({ mfa: { requiredForStaff: true, enrollmentGracePeriodSeconds: 1000 } });
    expect((await signIn(test)).body).not.toHaveProperty('enrollmentDeadline');
    const staff = await enroll(test, { isStaff: true });
    const half = await halfSignIn(test, staff);
    const { body } = await half.post('/mfa/authenticate', { code: codeOf(staff.secret, test.clock) });
    expect(body).not.toHaveProperty('enrollmentDeadline');
    await test.close();
  });
});

/** Takes the claims of an identity provider from a header, as an OpenID Connect strategy would leave them in the request. */
class ProviderAdapter extends TestAdapter {
  override trustExternalMfa(_user: MfaUser, request: { headers: Record<string, string> }): boolean | Date {
    const claims = request.headers['x-claims'];
    return claims === 'yes' ? true : readExternalMfa(claims ? JSON.parse(claims) : undefined);
  }
}

describe('a sign-in that an identity provider vouches for', () => {
  const start = (mfa: object = {}) =>
    startTestApp({
      adapter: ProviderAdapter,
      mfa: { requiredForStaff: true, ...mfa },
      controllers: [AppController],
    });
  const seconds = (test: TestApp) => Math.floor(test.clock.now() / 1000);

  it('owes nothing here, and passes the guard for as long as a second factor would', async () => {
    const test = await start();
    const claims = JSON.stringify({ amr: ['pwd', 'otp', 'mfa'], auth_time: seconds(test) - 100 });
    const client = test.client({ 'x-claims': claims });
    const { body } = await client.post('/login', { id: newUserId(), isStaff: true });
    expect(body.status).toBe('authenticated');
    expect(body.proven.map(({ method }: { method: string }) => method)).toEqual(['pwd', 'external']);
    for (const path of ['/app', '/app/reports', '/protected', '/protected/feed']) {
      expect((await client.get(path)).status).toBe(200);
    }
    expect((await client.get('/mfa/status')).body).toMatchObject({ enabled: false, verified: true });
    // Nobody said which factor it was.
    for (const path of ['/protected/totp', '/protected/phishing-resistant']) {
      expect((await client.get(path)).body.code).toBe('mfa_enrollment_required');
    }
    test.clock.advance(202);
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
    await test.close();
  });

  it('counts for so long after the provider asked, and no longer', async () => {
    const test = await start({ externalMfaMaxAgeSeconds: 3600 });
    const { id } = await enroll(test);
    for (const [age, status] of [
      [3600, 'authenticated'],
      [3601, 'mfa_required'],
      [86_400 * 365, 'mfa_required'],
    ] as const) {
      const claims = JSON.stringify({ amr: ['pwd', 'mfa'], auth_time: seconds(test) - age });
      const { body } = await test.client({ 'x-claims': claims }).post('/login', { id });
      expect([age, body.status]).toEqual([age, status]);
    }
    await test.close();
  });

  it('does not owe the factors that the user has here, and does not change them', async () => {
    const test = await start();
    const user = await enroll(test);
    const client = test.client({ 'x-claims': 'yes' });
    expect((await client.post('/login', { id: user.id })).body.status).toBe('authenticated');
    expect((await client.get('/protected')).status).toBe(200);
    expect((await client.post('/mfa/recovery-codes')).body.code).toBe('mfa_required');
    expect((await client.delete(`/mfa/authenticators/${user.authenticatorId}`)).body.code).toBe(
      'mfa_required',
    );
    await test.close();
  });

  it('is renewed by another one', async () => {
    const test = await start();
    const client = test.client({ 'x-claims': 'yes' });
    const id = newUserId();
    await client.post('/login', { id });
    test.clock.advance(301);
    expect((await client.get('/protected')).status).toBe(403);
    expect((await client.post('/reauthenticate', { id })).body.proven).toMatchObject([
      { method: 'pwd' },
      { method: 'external' },
    ]);
    expect((await client.get('/protected')).status).toBe(200);
    await test.close();
  });

  it('stays spent for as long as the provider says the same, and is renewed by a newer word', async () => {
    const test = await start();
    const id = newUserId();
    const told = (at: number) => ({ 'x-claims': JSON.stringify({ amr: ['pwd', 'mfa'], auth_time: at }) });
    const first = seconds(test) - 10;
    const client = test.client(told(first));
    await client.post('/login', { id });
    const transfer = async () => (await client.post('/app/transfer')).status;
    expect([await transfer(), await transfer()]).toEqual([201, 403]);
    for (const at of [first, first - 1]) {
      Object.assign(client.headers, told(at));
      expect((await client.post('/reauthenticate', { id })).status).toBe(200);
      expect([at, await transfer()]).toEqual([at, 403]);
    }
    Object.assign(client.headers, told(first + 1));
    await client.post('/reauthenticate', { id });
    expect([await transfer(), await transfer()]).toEqual([201, 403]);
    await test.close();
  });

  it.each([
    ['no claims', undefined],
    ['a password only', { amr: ['pwd'], auth_time: 'now' }],
    ['several channels, which are no factors', { amr: ['pwd', 'mca'], auth_time: 'now' }],
    ['no time', { amr: ['pwd', 'mfa'] }],
    ['a time in the future', { amr: ['mfa'], auth_time: 'later' }],
    ['a text in place of the list', { amr: 'mfa', auth_time: 'now' }],
    ['a text in place of the time', { amr: ['mfa'], auth_time: 'soon' }],
    ['nothing', null],
  ])('is one factor with %s', async (_, claims) => {
    const test = await start();
    const times: Record<string, number> = { now: seconds(test), later: seconds(test) + 3600 };
    const time = (claims as { auth_time?: string } | null | undefined)?.auth_time ?? '';
    const given = time in times ? { ...claims, auth_time: times[time] } : claims;
    const client = test.client(given === undefined ? {} : { 'x-claims': JSON.stringify(given) });
    const { body } = await client.post('/login', { id: newUserId(), isStaff: true });
    expect(body.status).toBe('enrollment_required');
    await test.close();
  });
});

describe('the decision outside guards', () => {
  it('is the guard’s', async () => {
    const test = await startTestApp();
    const policy = test.app.get(MfaPolicyService);
    const sessions = test.app.get(AuthenticationSessionService);
    const user = await enroll(test);
    const other = await enroll(test);
    const sessionOf = ({ client }: { client: Client }) =>
      sessions.verify(client.cookies.get('mfa_session') ?? '');
    const own = await sessionOf(user);
    test.clock.advance(-60);
    await expect(policy.check(user, own)).resolves.toEqual({ allow: true });
    await expect(policy.check(user, own, { phishingResistant: true })).resolves.toMatchObject({
      allow: false,
      code: 'mfa_enrollment_required',
    });
    await expect(policy.check(user, null)).resolves.toMatchObject({ allow: false, code: 'mfa_required' });
    await expect(policy.check(user, await sessionOf(other))).resolves.toMatchObject({ code: 'mfa_required' });
    await expect(policy.check(null, own)).resolves.toEqual({ allow: false, code: 'unauthenticated' });
    test.clock.advance(301);
    await expect(policy.check(user, own)).resolves.toMatchObject({ code: 'mfa_required' });
    test.clock.advance(43_200);
    await expect(policy.check(user, own, { maxAge: 86_400 })).resolves.toMatchObject({
      code: 'mfa_required',
    });
    await test.close();
  });
});
