import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fetch } from 'nestjs-mfa/browser';
import { createMfaClient, withStepUp } from 'nestjs-mfa/browser';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, newUserId, startTestApp } from '../support/test-app.js';

const sessionHeader = 'x-mfa-session';
const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('the browser client with the header transport', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  const connect = (fetch?: Fetch) =>
    createMfaClient({ baseUrl: `${test.url}/mfa`, sessionHeader, ...(fetch ? { fetch } : {}) });

  const login = (fetch: Fetch, id: string) =>
    fetch(`${test.url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
    });

  it('asks for a token, keeps it and follows its changes', async () => {
    const { id, secret } = await enroll(test);
    const mfa = connect();
    expect(mfa.sessionToken).toBeNull();
    const response = await login(mfa.fetch, id);
    const { sessionToken } = (await response.json()) as { sessionToken: string };
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(mfa.sessionToken).toBe(sessionToken);

    const { sessionToken: next } = await mfa.authenticate({ code: codeOf(secret, test.clock) });
    expect(next).not.toBe(sessionToken);
    expect(mfa.sessionToken).toBe(next);
    await expect(mfa.status()).resolves.toMatchObject({ verified: true });
    expect((await mfa.fetch(new Request(`${test.url}/protected`))).status).toBe(200);

    await mfa.endSession();
    expect(mfa.sessionToken).toBeNull();
    await expect(mfa.status()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('forgets the token when it ends its own session by its id, and of no other', async () => {
    const { id, client, secret } = await enroll(test);
    const mfa = connect();
    await login(mfa.fetch, id);
    await mfa.authenticate({ code: codeOf(secret, test.clock) });
    const sessions = await mfa.listSessions();
    expect(sessions.map(({ current }) => current)).toEqual([true, false]);
    const { sessionToken } = mfa;
    await mfa.endSessionOf(sessions[1]?.id ?? '');
    expect(mfa.sessionToken).toBe(sessionToken);
    expect((await client.get('/me')).status).toBe(401);
    await mfa.endSessionOf(sessions[0]?.id ?? '');
    expect(mfa.sessionToken).toBeNull();
  });

  it('keeps the token of a sign-in that came while it asked whether its own session has ended', async () => {
    const { id, secret } = await enroll(test);
    let signIn: (() => Promise<unknown>) | null = null;
    const mfa = connect(async (...given) => {
      const answer = await fetch(...given);
      const [url] = given;
      if (signIn && new Request(url).url.endsWith('/session')) {
        const now = signIn;
        signIn = null;
        await now();
      }
      return answer;
    });
    const finish = async () => {
      await login(mfa.fetch, id);
      await mfa.authenticate({ code: codeOf(secret, test.clock) });
    };
    test.clock.advance(60);
    await finish();
    const [own] = (await mfa.listSessions()).filter(({ current }) => current);
    const before = mfa.sessionToken;
    test.clock.advance(60);
    signIn = finish;
    await mfa.endSessionOf(own?.id ?? '');
    expect(mfa.sessionToken).not.toBe(before);
    expect((await mfa.status()).verified).toBe(true);
  });

  it('signs in again after the session has ended elsewhere', async () => {
    const { id } = await enroll(test);
    const mfa = connect();
    await login(mfa.fetch, id);
    const old = mfa.sessionToken;
    await createMfaClient({
      baseUrl: `${test.url}/mfa`,
      headers: { [sessionHeader]: String(old) },
    }).endSession();
    await expect(mfa.status()).rejects.toMatchObject({ code: 'session_expired' });
    await login(mfa.fetch, id);
    expect(mfa.sessionToken).not.toBe(old);
  });

  it('takes the token from the body where the header is hidden, or from the application', async () => {
    const { id, secret } = await enroll(test);
    // As a browser with an API on another origin that exposes no headers.
    const mfa = connect(async (input, init) => {
      const response = await fetch(input, init);
      return new Response(response.status === 204 ? null : await response.text(), {
        status: response.status,
      });
    });
    const { sessionToken } = (await (await login(mfa.fetch, id)).json()) as { sessionToken: string };
    expect(mfa.sessionToken).toBeNull();
    mfa.sessionToken = sessionToken;
    await mfa.authenticate({ code: codeOf(secret, test.clock) });
    expect(mfa.sessionToken).not.toBe(sessionToken);
    await expect(mfa.status()).resolves.toMatchObject({ verified: true });
  });

  it('keeps the headers of a request beside its own', async () => {
    const seen: Headers[] = [];
    const mfa = connect((_input, init) => {
      seen.push(new Headers(init?.headers));
      return Promise.resolve(new Response());
    });
    const headers = { accept: 'text/csv' };
    await mfa.fetch(`${test.url}/protected`, { headers });
    await mfa.fetch(new Request(`${test.url}/protected`, { headers }));
    expect(seen.map((one) => [one.get('accept'), one.get(sessionHeader)])).toEqual([
      ['text/csv', 'new'],
      ['text/csv', 'new'],
    ]);
  });

  it('never sends the token to another origin', async () => {
    const seen: (string | string[] | undefined)[] = [];
    const stranger = createServer((request, response) => {
      seen.push(request.headers[sessionHeader]);
      response.writeHead(200, { [sessionHeader]: 'planted' }).end();
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    try {
      const mfa = connect();
      await login(mfa.fetch, newUserId());
      const token = mfa.sessionToken;
      await mfa.fetch(`http://127.0.0.1:${port}/elsewhere`);
      await mfa.fetch(new Request(`http://127.0.0.1:${port}/elsewhere`));
      expect(seen).toEqual([undefined, undefined]);
      expect(mfa.sessionToken).toBe(token);
    } finally {
      stranger.closeAllConnections();
      stranger.close();
    }
  });

  describe('that is redirected', () => {
    it.each([
      [302, 'GET'],
      [303, 'POST'],
      [307, 'POST'],
      [308, 'GET'],
    ])('by a %i to another origin takes token, body and headers nowhere (%s)', async (status, method) => {
      const seen: string[] = [];
      const stranger = createServer((request, response) => {
        seen.push(request.url ?? '');
        response.writeHead(200, { [sessionHeader]: 'planted' }).end('{}');
      });
      const home = createServer((request, response) => {
        const location = `http://127.0.0.1:${portOf(stranger)}${request.url}`;
        response.writeHead(status, { location }).end();
      });
      for (const server of [stranger, home]) {
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      }
      const url = `http://127.0.0.1:${portOf(home)}`;
      try {
        const mfa = createMfaClient({ baseUrl: `${url}/mfa`, sessionHeader });
        mfa.sessionToken = 'a token';
        const own = `${url}/reports`;
        const init = { method, ...(method === 'POST' ? { body: '{}' } : {}) };
        await expect(mfa.fetch(own, init)).rejects.toThrow('fetch failed');
        await expect(mfa.fetch(own, { ...init, redirect: 'follow' })).rejects.toThrow('fetch failed');
        await expect(mfa.fetch(new Request(own, init))).rejects.toThrow('fetch failed');
        // Who looks at the redirect without following it may do so.
        expect((await mfa.fetch(own, { ...init, redirect: 'manual' })).status).toBe(status);
        expect((await mfa.fetch(new Request(own, { ...init, redirect: 'manual' }))).status).toBe(status);
        await expect(mfa.authenticate({ code: '123456' })).rejects.toMatchObject({ code: 'network' });
        const keyed = createMfaClient({ baseUrl: `${url}/mfa`, headers: { 'x-api-key': 'a key' } });
        await expect(keyed.authenticate({ code: '123456' })).rejects.toMatchObject({ code: 'network' });
        expect(seen).toEqual([]);
        expect(mfa.sessionToken).toBe('a token');
      } finally {
        for (const server of [stranger, home]) {
          server.closeAllConnections();
          server.close();
        }
      }
    });
  });

  it('steps up: the repeated request carries the new token', async () => {
    const { id, secret } = await enroll(test);
    const mfa = connect();
    await login(mfa.fetch, id);
    await mfa.authenticate({ code: codeOf(secret, test.clock) });
    test.clock.advance(3600);
    const fetch = withStepUp(mfa.fetch, async () => {
      await mfa.authenticate({ code: codeOf(secret, test.clock) });
    });
    expect((await fetch(`${test.url}/protected`)).status).toBe(200);
  });
});
