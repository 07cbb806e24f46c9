import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import type { MfaLoginResult, MfaSessionTransport, MfaSessionTransportOption } from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import type { ServerSessions } from '../support/server-session.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp, users } from '../support/test-app.js';
import { startPassportApp } from './passport-session.app.js';

describe('an application with Passport and a session on the server', () => {
  let sessions: ServerSessions;
  let test: TestApp;
  beforeAll(async () => {
    ({ test, sessions } = await startPassportApp({}));
  });
  afterAll(() => test.close());

  const who = async (client: Client) => (await client.get('/app/who')).body.id;
  const tokenOf = (client: Client): unknown =>
    sessions.kept.get(client.cookies.get('app.sid') ?? '')?.['mfaToken'];
  const signIn = async ({
    id,
    secret,
  }: Pick<Enrolled, 'id' | 'secret'>): Promise<[Client, MfaLoginResult]> => {
    const client = test.client();
    expect((await client.post('/app/login', { id })).body.status).toBe('mfa_required');
    const answer = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect(answer.status).toBe(200);
    test.clock.advance(30);
    return [client, answer.body];
  };

  it('signs in who has no second factor, and keeps the token where it is told', async () => {
    const client = test.client();
    const id = newUserId();
    const { status, body, headers } = await client.post('/app/login', { id });
    expect([status, body.status, body.welcome]).toEqual([200, 'authenticated', id]);
    expect(body).not.toHaveProperty('sessionToken');
    expect([...client.cookies.keys()]).toEqual(['app.sid']);
    expect(headers.get('x-mfa-session')).toBeNull();
    expect(tokenOf(client)).toMatch(/^[\w-]{43}$/);
    expect(await who(client)).toBe(id);
    expect((await client.get('/me')).body.id).toBe(id);
    expect((await client.get('/mfa/status')).body.enabled).toBe(false);
  });

  it('takes a password alone for nobody, everywhere', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    expect(await who(half)).toBeNull();
    for (const path of ['/me', '/mfa/status', '/protected/feed', '/protected']) {
      expect([path, (await half.get(path)).status]).toEqual([path, 401]);
    }
    const [client, { welcome }] = await signIn(user);
    expect(welcome).toBe(user.id);
    expect(await who(client)).toBe(user.id);
    expect((await client.get('/protected')).status).toBe(200);
  });

  it('changes the token and the id of the session with each proof', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const [sid, token] = [half.cookies.get('app.sid'), tokenOf(half)];
    await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(half.cookies.get('app.sid')).not.toBe(sid);
    expect(tokenOf(half)).not.toBe(token);
    expect(sessions.kept.has(sid ?? '')).toBe(false);
  });

  describe('a user who must enroll', () => {
    const mustEnroll = async () => {
      const id = newUserId();
      users.set(id, { id, isStaff: true });
      const client = test.client();
      expect((await client.post('/app/login', { id })).body.status).toBe('enrollment_required');
      return { id, client };
    };

    it('sets up the first factor, which signs in to Passport', async () => {
      const { id, client } = await mustEnroll();
      expect(await who(client)).toBeNull();
      expect((await client.get('/protected/feed')).status).toBe(403);
      const setup = await client.post('/mfa/totp');
      expect(setup.status).toBe(201);
      expect(await who(client)).toBeNull();
      const code = codeOf(setup.body.secret, test.clock);
      const { status, body } = await client.post('/mfa/totp/activate', { code });
      expect([status, body.welcome]).toEqual([201, id]);
      expect(await who(client)).toBe(id);
      expect((await client.get('/me')).body.id).toBe(id);
      expect((await client.get('/protected')).status).toBe(200);
    });

    it('is out after Passport’s own logout, before and after', async () => {
      const { client } = await mustEnroll();
      const { body: setup } = await client.post('/mfa/totp');
      await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
      const former = test.client({ cookie: `app.sid=${client.cookies.get('app.sid')}` });
      expect((await former.get('/me')).status).toBe(200);
      const half = await mustEnroll();
      for (const one of [client, half.client]) {
        expect((await one.post('/app/logout')).status).toBe(204);
        expect(tokenOf(one)).toBeUndefined();
        expect((await one.get('/me')).body.code).toBe('unauthenticated');
        expect((await one.post('/mfa/totp')).status).toBe(401);
      }
      // Nor does a copy of the cookie open anything: that session is gone.
      expect((await former.get('/me')).status).toBe(401);
    });
  });

  it('keeps what the application has in the session, at sign-in and at every step-up', async () => {
    const { id, secret } = await enroll(test);
    const client = test.client();
    await client.post('/app/cart', { item: 'a book' });
    const cart = async () => (await client.get('/app/cart')).body.items;
    await client.post('/app/login', { id });
    for (let proofs = 0; proofs < 3; proofs += 1) {
      const sid = client.cookies.get('app.sid');
      const code = codeOf(secret, test.clock);
      expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
      expect([await who(client), await cart()]).toEqual([id, ['a book']]);
      expect(client.cookies.get('app.sid')).not.toBe(sid);
      expect(sessions.kept.has(sid ?? '')).toBe(false);
      test.clock.advance(30);
    }
  });

  it('hands nothing of the session on to whoever signs in next', async () => {
    const client = test.client();
    await client.post('/app/login', { id: newUserId() });
    await client.post('/app/cart', { item: 'a book' });
    const next = newUserId();
    expect((await client.post('/app/login', { id: next })).body.status).toBe('authenticated');
    expect(await who(client)).toBe(next);
    expect((await client.get('/me')).body.id).toBe(next);
    expect((await client.get('/app/cart')).body.items).toEqual([]);
  });

  it('signs out of both, whichever was asked', async () => {
    const user = await enroll(test);
    const [first] = await signIn(user);
    expect((await first.delete('/mfa/session')).status).toBe(204);
    expect(await who(first)).toBeNull();
    expect((await first.get('/me')).status).toBe(401);
    const [second] = await signIn(user);
    await second.post('/app/logout');
    expect(await who(second)).toBeNull();
    expect((await second.get('/me')).body.code).toBe('unauthenticated');
    expect((await second.get('/protected')).status).toBe(401);
  });

  it('signs out from elsewhere', async () => {
    const user = await enroll(test);
    const [other] = await signIn(user);
    expect((await user.client.delete('/mfa/sessions')).status).toBe(204);
    expect((await other.get('/me')).body.code).toBe('session_expired');
    expect((await other.get('/mfa/status')).status).toBe(401);
    expect((await user.client.get('/me')).status).toBe(200);
  });

  it('takes neither cookie nor header for a session, and no stranger’s text for a token', async () => {
    const { client, id } = await enroll(test);
    const token = tokenOf(client) as string;
    const places: Record<string, string>[] = [{ 'x-mfa-session': token }, { cookie: `mfa_session=${token}` }];
    for (const headers of places) {
      expect((await test.client().get('/me', headers)).status).toBe(401);
    }
    for (const wrong of ['x', 17, {}, `${token}x`]) {
      const session = sessions.kept.get(client.cookies.get('app.sid') ?? '') as Record<string, unknown>;
      session['mfaToken'] = wrong;
      expect((await client.get('/me')).body.code).toBe('session_expired');
      session['mfaToken'] = token;
    }
    expect((await client.get('/me')).body.id).toBe(id);
  });

  it('refuses what another site sends, since the browser adds the cookie by itself', async () => {
    const { client } = await enroll(test);
    const cross = { 'sec-fetch-site': 'cross-site' };
    for (const headers of [
      cross,
      { ...cross, 'x-mfa-session': 'new' },
      { ...cross, authorization: 'Bearer x' },
    ]) {
      expect((await client.post('/mfa/recovery-codes', undefined, headers)).body.code).toBe('cross_origin');
      const signIn = await test.client().post('/app/login', { id: newUserId() }, headers);
      expect(signIn.body.code).toBe('cross_origin');
    }
  });
});

@Injectable()
class Memory {
  token: string | null = null;
}

@Module({ providers: [Memory], exports: [Memory] })
class MemoryModule {}

@Injectable()
class MemoryTransport implements MfaSessionTransport {
  constructor(@Inject(Memory) private readonly memory: Memory) {}

  read(): string | null {
    return this.memory.token;
  }

  write(_request: object, _response: object | undefined, token: string): void {
    this.memory.token = token;
  }

  clear(): void {
    this.memory.token = null;
  }
}

describe('a transport that is a class', () => {
  const start = (transport: MfaSessionTransportOption) =>
    startTestApp({ mfa: { session: { transport }, routes: { imports: [MemoryModule] } } });

  it('is built by Nest, with what it injects', async () => {
    const test = await start(MemoryTransport);
    const id = newUserId();
    await test.client().post('/login', { id });
    expect(test.app.get(Memory).token).toMatch(/^[\w-]{43}$/);
    expect((await test.client().get('/me')).body.id).toBe(id);
    await test.close();
  });

  it('is refused at boot when it lacks a method', async () => {
    class Half {
      read(): null {
        return null;
      }
    }
    await expect(start(Half as never)).rejects.toThrow(
      '`session.transport`: Half must have the methods read, write, clear',
    );
  });
});

describe('a transport that is an object, and answers later', () => {
  let test: TestApp;
  const tokens = new Map<string, string>();
  const idOf = (request: object) => (request as { headers: Record<string, string> }).headers['x-app'] ?? '';
  const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 1));
  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        session: {
          transport: {
            read: (request) => later(tokens.get(idOf(request)) ?? null),
            write: async (request, _response, token, expiresAt) => {
              expect(expiresAt).toBeInstanceOf(Date);
              await later(tokens.set(idOf(request), token));
            },
            clear: async (request) => {
              await later(tokens.delete(idOf(request)));
            },
          },
        },
      },
    });
  });
  afterAll(() => test.close());

  it('works on every route', async () => {
    const id = newUserId();
    const client = test.client({ 'x-app': id });
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, test.clock);
    const { status, body } = await client.post('/mfa/totp/activate', { code });
    expect([status, body.sessionToken]).toEqual([201, undefined]);
    expect((await client.get('/protected')).status).toBe(200);
    expect((await client.get('/mfa/sessions')).body).toMatchObject([{ current: true }]);
    expect((await client.delete('/mfa/session')).status).toBe(204);
    expect(tokens.has(id)).toBe(false);
    expect((await client.get('/me')).body.code).toBe('unauthenticated');
  });
});
