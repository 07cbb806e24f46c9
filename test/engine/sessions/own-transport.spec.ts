import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ForbiddenException, Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { MfaSessionTransport } from 'nestjs-mfa';
import { AuthenticationSessionService } from 'nestjs-mfa';

import { PAGES, startPageApp } from '../../pages/support.js';
import { PageClient } from '../../support/page-client.js';
import type { Enrolled, TestApp } from '../../support/test-app.js';
import { codeOf, enroll, newUserId, startTestApp } from '../../support/test-app.js';

const SAID = 'the session store is away';

/** Keeps the token in a store of the application's, by a header that says whose it is; each of its methods can be made to fail. */
class StoreTransport implements MfaSessionTransport {
  failing: keyof MfaSessionTransport | null = null;
  error: unknown = null;
  private readonly tokens = new Map<string, string>();

  async read(request: object): Promise<string | undefined> {
    await this.ask('read');
    return this.tokens.get(keyOf(request));
  }

  async write(request: object, _response: object | undefined, token: string): Promise<void> {
    await this.ask('write');
    this.tokens.set(keyOf(request), token);
  }

  async clear(request: object): Promise<void> {
    await this.ask('clear');
    this.tokens.delete(keyOf(request));
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  private async ask(method: keyof MfaSessionTransport): Promise<void> {
    if (this.failing === method) throw this.error;
  }
}

const keyOf = (request: object): string =>
  (request as { headers: Record<string, string | undefined> }).headers['x-store'] ?? '';

describe('a transport of the application’s that fails', () => {
  let test: TestApp;
  let user: Enrolled;
  const transport = new StoreTransport();
  beforeAll(async () => {
    test = await startPageApp({
      mfa: {
        session: { transport },
        pages: { loginUrl: '/sign-in' },
        globalGuard: true,
        requiredForStaff: true,
      },
    });
  });
  afterAll(() => test.close());

  let lastStore = 0;
  const newClient = () => test.client({ 'x-store': `store-${++lastStore}` });

  beforeEach(async () => {
    user = await enroll({ ...test, client: newClient });
    transport.error = new Error(SAID);
    test.logger.lines.length = 0;
  });
  afterEach(() => {
    transport.failing = null;
  });

  const logged = () => test.logger.lines.filter((line) => line.includes(SAID));
  const sessionsOf = ({ id }: { id: string }) => test.app.get(AuthenticationSessionService).list({ id });

  it.each([
    ['the guard that signs in', 'GET', '/me'],
    ['a route that needs a proof', 'GET', '/protected'],
    ['the global guard', 'GET', '/public'],
    ['a route of this module', 'GET', '/mfa/status'],
    ['one that changes something', 'POST', '/mfa/totp'],
    ['signing in', 'POST', '/login'],
    ['signing out', 'DELETE', '/mfa/session'],
  ])('refuses what asks whose a request is: %s', async (_, method, path) => {
    transport.failing = 'read';
    const body = path === '/login' ? JSON.stringify({ id: user.id }) : undefined;
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await user.client.send(method, path, body, type);
    expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.text).not.toContain(SAID);
    // Once, and where it was thrown.
    expect(logged()).toHaveLength(1);
    expect(logged()[0]).toMatch(/session\.transport.* at .*ask/s);
    transport.failing = null;
    expect((await user.client.get('/me')).status).toBe(200);
  });

  it.each(['GET', 'POST'])('says so on a page too, with %s', async (method) => {
    const browser = PageClient.of(user.client);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    transport.failing = 'read';
    const answer = await (method === 'GET'
      ? browser.get(PAGES)
      : browser.send('POST', `${PAGES}/sign-out`, '_csrf=x', form));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.text).toContain('not available at the moment');
    expect(logged()).toHaveLength(1);
  });

  it('ends the session whose token it did not keep', async () => {
    const before = (await sessionsOf(user)).length;
    const client = newClient();
    transport.failing = 'write';
    const login = await client.post('/login', { id: user.id });
    expect([login.status, login.body.code]).toEqual([503, 'storage_unavailable']);
    expect(logged()).toHaveLength(1);
    expect(await sessionsOf(user)).toHaveLength(before);

    transport.failing = null;
    await client.post('/login', { id: user.id });
    transport.failing = 'write';
    const proof = await client.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect([proof.status, proof.body.code]).toEqual([503, 'storage_unavailable']);
    transport.failing = null;
    // What is kept is the former token, which is dead.
    expect((await client.get('/me')).body.code).toBe('session_expired');
    expect(await sessionsOf(user)).toHaveLength(before);
  });

  it('does not keep a session from ending that is signed out of', async () => {
    transport.failing = 'clear';
    const { status, body } = await user.client.delete('/mfa/session');
    expect([status, body.code]).toEqual([503, 'storage_unavailable']);
    expect(logged()).toHaveLength(1);
    expect(await sessionsOf(user)).toHaveLength(0);
  });

  it('may refuse in words of its own', async () => {
    transport.error = new ForbiddenException('not from here');
    transport.failing = 'read';
    const { status, body } = await user.client.get('/me');
    expect([status, body.message]).toEqual([403, 'not from here']);
    expect(test.logger.lines.join()).not.toContain('session.transport');
  });

  it('may throw what is no error', async () => {
    transport.error = SAID;
    transport.failing = 'read';
    expect((await user.client.get('/me')).body.code).toBe('storage_unavailable');
    expect(logged()).toHaveLength(1);
  });

  it('tells nobody of another site’s request whose it was, and fails nothing by that', async () => {
    transport.failing = 'read';
    const foreign = { 'sec-fetch-site': 'cross-site', cookie: 'any=1' };
    const { body } = await newClient().post('/login', { id: newUserId() }, foreign);
    expect(body.code).toBe('cross_origin');
    await test.settled();
    expect(logged()).toHaveLength(1);
  });
});

/** As an application writes it that keeps sessions in a service of its own. */
@Injectable()
class InjectedTransport extends StoreTransport {
  constructor(@Inject(ModuleRef) readonly modules: ModuleRef) {
    super();
  }
}

class HalfTransport {
  read(): null {
    return null;
  }

  write(): undefined {
    return undefined;
  }
}

describe('a class of a transport', () => {
  it('is built with what its constructor asks for', async () => {
    const test = await startTestApp({ mfa: { session: { transport: InjectedTransport } } });
    try {
      const client = test.client({ 'x-store': 'injected' });
      const { headers } = await client.post('/login', { id: newUserId() });
      expect(headers.get('set-cookie')).toBeNull();
      expect((await client.get('/me')).status).toBe(200);
      expect((await test.client({ 'x-store': 'other' }).get('/me')).status).toBe(401);
    } finally {
      await test.close();
    }
  });

  it('without all its methods stops the boot', async () => {
    const transport = HalfTransport as unknown as typeof StoreTransport;
    await expect(startTestApp({ mfa: { session: { transport } } })).rejects.toThrow(
      '`session.transport`: HalfTransport must have the methods read, write, clear',
    );
  });
});
