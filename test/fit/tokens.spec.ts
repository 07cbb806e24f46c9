import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JwtService } from '@nestjs/jwt';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import type { AuthenticationSession } from 'nestjs-mfa';
import { AuthenticationSessionService, MFA_CLOCK } from 'nestjs-mfa';
import { totpCode } from 'nestjs-mfa/testing';

import { Client } from '../support/client.js';
import './support/environment.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD, UsersService } from './support/users.js';
import { ApiModule, SignInModule, TokensService } from './tokens.app.js';

describe('an application with access and refresh tokens, and an API that reads them', () => {
  let signIn: StartedApplication;
  let api: INestApplication;
  beforeAll(async () => {
    signIn = await startApplication(SignInModule);
    const built = await Test.createTestingModule({ imports: [ApiModule] })
      .overrideProvider(MFA_CLOCK)
      .useValue(signIn.clock)
      .compile();
    api = built.createNestApplication({ forceCloseConnections: true, logger: false });
    await api.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await api.close();
    await signIn.app.close();
  });

  const reports = async (accessToken: string, path = '/reports') =>
    new Client(await api.getUrl(), { authorization: `Bearer ${accessToken}` }).get(path);
  const refresh = (refreshToken: string) => signIn.client().post('/auth/refresh', { refreshToken });

  /** Somebody with an authenticator app, who signs in with it. */
  const signedIn = async (email: string) => {
    const client = signIn.client();
    const login = () => client.post('/auth/login', { email, password: PASSWORD });
    const { body: first } = await login();
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: totpCode(setup.secret, signIn.clock) });
    const stepUp = async (by = client) => {
      signIn.clock.advance(30);
      return (await by.post('/mfa/authenticate', { code: totpCode(setup.secret, signIn.clock) })).body;
    };
    const { body: half } = await login();
    return { client, first, half, complete: await stepUp(), stepUp };
  };

  it('gives both with the second factor, and none before it', async () => {
    const { first, half, complete } = await signedIn('ada@example.com');
    expect(first).toMatchObject({ status: 'authenticated', accessToken: expect.any(String) });
    expect(half.status).toBe('mfa_required');
    expect(half).not.toHaveProperty('accessToken');
    expect(half).not.toHaveProperty('refreshToken');
    // The first sign-in proved a password.
    expect((await reports(first.accessToken, '/reports/titles')).status).toBe(200);
    expect((await reports(first.accessToken)).body.code).toBe('mfa_required');
    expect((await reports(complete.accessToken)).body).toEqual({ turnover: 42 });
    expect((await reports(complete.refreshToken)).status).toBe(401);
    expect((await refresh(complete.accessToken)).status).toBe(401);
  });

  it('carries a factor that was set up while signed in after the next refresh', async () => {
    const client = signIn.client({ 'x-mfa-session': 'new' });
    const { body: first } = await client.post('/auth/login', {
      email: 'radia@example.com',
      password: PASSWORD,
    });
    const header = { 'x-mfa-session': first.sessionToken };
    const { body: setup } = await client.post('/mfa/totp', undefined, header);
    const code = totpCode(setup.secret, signIn.clock);
    const { status, body } = await client.post('/mfa/totp/activate', { code }, header);
    expect([status, body.sessionToken]).toEqual([201, expect.any(String)]);
    expect(body).not.toHaveProperty('accessToken');
    expect((await reports(first.accessToken)).body.code).toBe('mfa_required');
    const { body: refreshed } = await refresh(first.refreshToken);
    expect((await reports(refreshed.accessToken)).body).toEqual({ turnover: 42 });
  });

  it('refreshes without making a proof any newer: a step-up does that', async () => {
    const { complete, stepUp } = await signedIn('grace@example.com');
    const refreshed = (await refresh(complete.refreshToken)).body.accessToken;
    const jwt = signIn.app.get(JwtService, { strict: false });
    const { mfa_at: at, amr } = jwt.decode<Record<string, unknown>>(complete.accessToken);
    expect(jwt.decode(refreshed)).toMatchObject({ mfa_at: at, amr });
    expect((await reports(refreshed)).status).toBe(200);
    signIn.clock.advance(301);
    const old = (await refresh(complete.refreshToken)).body.accessToken;
    const refused = await reports(old);
    expect([refused.status, refused.body.code]).toEqual([401, 'mfa_required']);
    expect((await reports(old, '/reports/titles')).status).toBe(200);
    await stepUp();
    // The refresh token from before the step-up names the same session.
    const { body: renewed } = await refresh(complete.refreshToken);
    expect((await reports(renewed.accessToken)).status).toBe(200);
  });

  it('refreshes no more once the session is over, wherever it was ended', async () => {
    const one = await signedIn('barbara@example.com');
    expect((await one.client.post('/auth/logout')).status).toBe(204);
    expect((await refresh(one.complete.refreshToken)).status).toBe(401);
    const [lost, found] = [await signedIn('frances@example.com'), signIn.client()];
    await found.post('/auth/login', { email: 'frances@example.com', password: PASSWORD });
    expect((await found.post('/auth/token')).status).toBe(401);
    const { refreshToken } = await lost.stepUp(found);
    expect((await found.delete('/mfa/sessions')).status).toBe(204);
    expect((await refresh(lost.complete.refreshToken)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('refreshes nobody whose account is gone', async () => {
    const { client, complete } = await signedIn('hedy@example.com');
    const users = signIn.app.get(UsersService, { strict: false });
    users.remove(users.findOrCreate('hedy@example.com').id);
    expect((await refresh(complete.refreshToken)).status).toBe(401);
    expect((await client.post('/auth/token')).status).toBe(401);
  });

  it('refreshes nothing for a sign-in that is half done', async () => {
    const email = 'margaret@example.com';
    await signedIn(email);
    await signIn.client().post('/auth/login', { email, password: PASSWORD });
    const { id } = signIn.app.get(UsersService, { strict: false }).findOrCreate(email);
    const sessions = await signIn.app.get(AuthenticationSessionService).list({ id });
    const half = sessions.find(({ status }) => status === 'pending') as AuthenticationSession;
    const token = await signIn.app.get(TokensService, { strict: false }).refreshToken(id, half);
    expect((await refresh(token)).status).toBe(401);
  });

  it('gives access tokens for the session itself', async () => {
    const { client } = await signedIn('katherine@example.com');
    const { body } = await client.post('/auth/token');
    expect((await reports(body.accessToken)).status).toBe(200);
    expect((await signIn.client().post('/auth/token')).body.code).toBe('unauthenticated');
  });
});
