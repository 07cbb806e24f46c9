import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { totpCode } from 'nestjs-mfa/testing';

import type { Client } from '../support/client.js';
import './support/environment.js';
import { AppModule, useSessions } from './fastify.app.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD } from './support/users.js';

describe('an application on Fastify with @fastify/secure-session', () => {
  let test: StartedApplication;
  beforeAll(async () => {
    process.env['SESSION_KEY'] = randomBytes(32).toString('base64');
    test = await startApplication(AppModule, async (module, logger) => {
      const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger });
      await useSessions(app);
      return app;
    });
  });
  afterAll(() => test.app.close());

  const login = async (email: string, client = test.client()) => {
    return { client, answer: await client.post('/login', { email, password: PASSWORD }) };
  };

  /** Somebody with an authenticator app, signed in with it, and the way to sign in again. */
  const signedIn = async (email: string) => {
    const { client } = await login(email);
    const { body: setup } = await client.post('/mfa/totp');
    await client.post('/mfa/totp/activate', { code: totpCode(setup.secret, test.clock) });
    const again = async (from?: Client) => {
      test.clock.advance(30);
      const { client: other } = await login(email, from);
      const code = totpCode(setup.secret, test.clock);
      return { other, answer: await other.post('/mfa/authenticate', { code }) };
    };
    return { client, again };
  };

  it('keeps the token in its session, and nothing of it anywhere else', async () => {
    const { client, answer } = await login('ada@example.com');
    expect([answer.status, answer.body.status]).toEqual([200, 'authenticated']);
    expect([...client.cookies.keys()]).toEqual(['session']);
    expect(answer.body).not.toHaveProperty('sessionToken');
    expect((await client.get('/me')).body).toEqual({ email: 'ada@example.com', theme: 'light' });
    expect((await client.get('/reports')).body.code).toBe('mfa_enrollment_required');
  });

  it('takes a password alone for nobody, and keeps what else is in the session', async () => {
    const { again } = await signedIn('grace@example.com');
    const { client: half, answer } = await login('grace@example.com');
    expect(answer.body.status).toBe('mfa_required');
    expect((await half.get('/me')).status).toBe(401);
    expect((await half.get('/mfa/session')).body.status).toBe('mfa_required');
    await half.send('PUT', '/theme', { theme: 'dark' });
    const { answer: complete } = await again(half);
    expect([complete.status, complete.body.status]).toEqual([200, 'authenticated']);
    expect((await half.get('/reports')).body).toEqual({ turnover: 42 });
    expect((await half.get('/me')).body.theme).toBe('dark');
  });

  it('signs out of both, and a copy of the cookie is worth nothing afterwards', async () => {
    const { again } = await signedIn('barbara@example.com');
    for (const signOut of ['/logout', '/mfa/session']) {
      const { other } = await again();
      const copy = other.clone();
      const { status } = await other.send(signOut === '/logout' ? 'POST' : 'DELETE', signOut);
      expect([signOut, status]).toEqual([signOut, 204]);
      expect(other.cookies.size).toBe(0);
      expect((await copy.get('/me')).body.code).toBe('session_expired');
    }
  });

  it('is signed out from elsewhere', async () => {
    const { client, again } = await signedIn('frances@example.com');
    const { other } = await again();
    expect((await other.delete('/mfa/sessions')).status).toBe(204);
    expect((await client.get('/me')).status).toBe(401);
    expect((await other.get('/me')).status).toBe(200);
  });

  it('refuses what another site sends with the cookie', async () => {
    const { client } = await signedIn('hedy@example.com');
    const cross = { 'sec-fetch-site': 'cross-site' };
    expect((await client.post('/mfa/recovery-codes', undefined, cross)).body.code).toBe('cross_origin');
    expect((await client.post('/mfa/recovery-codes')).status).toBe(201);
  });
});
