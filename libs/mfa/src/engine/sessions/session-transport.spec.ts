import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ForbiddenException, Logger } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { createToken } from '../../core/crypto/tokens.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { presentedSession, replacementOf } from '../rows/mfa-request.js';
import type { SessionOccasion } from './session-transport.js';
import { SessionAnswers, SessionTransport } from './session-transport.js';

const NOW = 1_800_000_000_000;
const HEADER = 'x-session';
const TOKEN = createToken();
const COOKIE = {
  name: 'sid',
  sameSite: 'lax' as const,
  secure: true,
  domain: 'example.com',
  path: '/app',
};
const session = {
  id: 'session-1',
  methods: [{ method: 'pwd', at: NOW }],
  expiresAt: new Date(NOW + 60_000),
} as AuthenticationSession;
const ISSUED = { session, token: TOKEN };

type Headers = Record<string, string | string[]>;
const requestWith = (headers: Headers = {}, more: object = {}) => ({ method: 'POST', headers, ...more });

/** A response that keeps its headers. */
function newResponse() {
  const headers: Record<string, unknown> = {};
  return {
    headers,
    getHeader: (name: string) => headers[name],
    setHeader: (name: string, value: unknown) => (headers[name] = value),
  };
}

interface World {
  cookie?: typeof COOKIE | false;
  own?: object | null;
}

function transportOf({ cookie = COOKIE, own = null }: World = {}) {
  const checked: object[] = [];
  const transport = new SessionTransport(
    { session: { header: HEADER, cookie }, trustedOrigins: ['https://partner.example'] } as never,
    { now: () => NOW },
    { check: (request: object) => checked.push(request) } as never,
    own as never,
  );
  return { transport, checked };
}

const OWN = { read: () => null, write: () => undefined, clear: () => undefined };

describe('a request of another site', () => {
  it('is refused, unless that site is trusted', () => {
    const { transport } = transportOf();
    const from = (origin: string) => () =>
      transport.assertSameOrigin(requestWith({ origin, 'sec-fetch-site': 'cross-site' }));
    expect(from('https://evil.example')).toThrow(expect.objectContaining({ code: 'cross_origin' }));
    expect(from('https://partner.example')).not.toThrow();
  });
});

describe('a request that a browser may have been made to send', () => {
  const TAKEN = { cookie: `sid=${TOKEN}` };
  const BEARER = { authorization: 'Bearer abc' };

  it.each<[string, Headers, boolean, World?]>([
    ['has the cookie of the session', TAKEN, true],
    ['has that cookie, whatever else it has', { ...TAKEN, ...BEARER }, true],
    ['has no token at all', {}, true],
    ['has a cookie of the application’s alone', { cookie: 'theirs=1' }, true],
    ['has a stored password', { authorization: 'Basic YTpi' }, true],
    ['has a scheme without a token', { authorization: 'Bearer ' }, true],
    ['has a scheme that only ends like one', { authorization: 'NotBearer abc' }, true],
    ['has no bearer token', BEARER, false],
    ['has no bearer token, though a cookie of the application’s', { ...BEARER, cookie: 'theirs=1' }, false],
    ['has no token with a proof', { authorization: 'dpop  abc' }, false],
    ['has no header of the session', { ...TAKEN, [HEADER]: 'new' }, false],
    ['has no bearer token, where there is no cookie', { ...TAKEN, ...BEARER }, false, { cookie: false }],
    [
      'has any cookie, where the application carries the token',
      { ...BEARER, cookie: 'a=1' },
      true,
      { own: OWN },
    ],
    ['has no bearer token, where the application carries the token', BEARER, false, { own: OWN }],
    [
      'has the header alone, where the application carries the token',
      { [HEADER]: TOKEN },
      true,
      { own: OWN },
    ],
  ])('%s', (_, headers, expected, world = {}) => {
    expect(transportOf(world).transport.isForgeable(requestWith(headers))).toBe(expected);
  });
});

describe('a client that stores its token itself', () => {
  it.each<[string, Headers, boolean, World?]>([
    ['sends the header', { [HEADER]: 'new' }, true],
    ['does not send a cookie alone', { cookie: `sid=${TOKEN}` }, false],
    ['is any, where there is no cookie', {}, true, { cookie: false }],
    ['is none, where the application carries the token', { [HEADER]: TOKEN }, false, { own: OWN }],
  ])('%s', (_, headers, expected, world = {}) => {
    expect(transportOf(world).transport.usesHeader(requestWith(headers))).toBe(expected);
  });
});

describe('the token of a request', () => {
  const other = createToken();
  const malformed = (via: string) => ({ via, malformed: true });

  it.each<[string, Headers, object | null, World?]>([
    ['is none without header and cookie', {}, null],
    ['is in the header', { [HEADER]: TOKEN }, { via: 'header', token: TOKEN }],
    ['is none yet for a client that asks for one', { [HEADER]: 'new' }, null],
    ['is none of ours in the header', { [HEADER]: 'else' }, malformed('header')],
    ['is in the cookie', { cookie: `a=1; sid=${TOKEN}` }, { via: 'cookie', token: TOKEN }],
    ['is none of ours in the cookie', { cookie: 'sid=new' }, malformed('cookie')],
    ['is unclear with two cookies', { cookie: `sid=${TOKEN}; sid=${other}` }, malformed('cookie')],
    [
      'counts from the header alone',
      { [HEADER]: other, cookie: `sid=${TOKEN}` },
      { via: 'header', token: other },
    ],
    ['is not in the cookie for who asks for one', { [HEADER]: 'new', cookie: `sid=${TOKEN}` }, null],
    ['is not in the cookie, where there is none', { cookie: `sid=${TOKEN}` }, null, { cookie: false }],
    ['is in no cookie without a name', { cookie: `undefined=${TOKEN}` }, null, { cookie: false }],
  ])('%s', async (_, headers, expected, world = {}) => {
    const { transport } = transportOf(world);
    await expect(transport.read(requestWith(headers))).resolves.toEqual(expected);
    const token = expected && 'token' in expected ? expected.token : null;
    await expect(transport.readToken(requestWith(headers))).resolves.toBe(token);
  });

  it.each<[unknown, object | null]>([
    [null, null],
    [undefined, null],
    ['', null],
    ['else', malformed('own')],
    [42, malformed('own')],
    [[TOKEN], malformed('own')],
    [TOKEN, { via: 'own', token: TOKEN }],
  ])('is what the application’s own transport says, such as %j', async (said, expected) => {
    const given: object[] = [];
    const own = { ...OWN, read: (request: object) => (given.push(request), said) };
    const request = requestWith({ [HEADER]: other, cookie: `sid=${other}` });
    await expect(transportOf({ own }).transport.read(request)).resolves.toEqual(expected);
    expect(given).toEqual([request]);
  });
});

describe('a token that is handed out', () => {
  it('is set in a cookie that lives as long as the session, with the options’ attributes', async () => {
    const { transport, checked } = transportOf();
    const [request, response] = [requestWith(), newResponse()];
    await expect(transport.write(request, response, ISSUED)).resolves.toEqual({});
    const cookie = `sid=${TOKEN}; Max-Age=60; Domain=example.com; Path=/app; HttpOnly; Secure; SameSite=Lax`;
    expect(response.headers).toEqual({ 'set-cookie': [cookie] });
    expect(checked).toEqual([request]);
  });

  it('has a cookie that lives no shorter than the session, to the second', async () => {
    const response = newResponse();
    const expiresAt = new Date(NOW + 60_001);
    await transportOf().transport.write(requestWith(), response, {
      token: TOKEN,
      session: Object.assign(Object.create(session) as AuthenticationSession, { expiresAt }),
    });
    expect(String(response.headers['set-cookie'])).toContain('Max-Age=61;');
  });

  it('is looked after for being lost only where the cookie is for https', async () => {
    const { transport, checked } = transportOf({ cookie: { ...COOKIE, secure: false } });
    const response = newResponse();
    await transport.write(requestWith(), response, ISSUED);
    expect(checked).toEqual([]);
    expect(String(response.headers['set-cookie'])).not.toContain('Secure');
  });

  it.each<[string, Headers, World?]>([
    ['who asks for it', { [HEADER]: 'new' }],
    ['all, where there is no cookie', {}, { cookie: false }],
  ])('goes in header and body to %s', async (_, headers, world = {}) => {
    const { transport, checked } = transportOf(world);
    const response = newResponse();
    await expect(transport.write(requestWith(headers), response, ISSUED)).resolves.toEqual({
      sessionToken: TOKEN,
    });
    expect(response.headers).toEqual({ [HEADER]: TOKEN });
    expect(checked).toEqual([]);
  });

  it('is given to the application’s own transport alone', async () => {
    const given: unknown[] = [];
    const own = { ...OWN, write: (...all: unknown[]) => void given.push(all) };
    const [request, response] = [requestWith({ [HEADER]: 'new' }), newResponse()];
    const { transport } = transportOf({ own });
    await expect(transport.write(request, response, ISSUED)).resolves.toEqual({});
    expect(given).toEqual([[request, response, TOKEN, session.expiresAt]]);
    expect(response.headers).toEqual({});
  });
});

describe('a token that is to be forgotten', () => {
  it('has its cookie deleted', async () => {
    const response = newResponse();
    await transportOf().transport.clear(requestWith(), response);
    expect(response.headers).toEqual({
      'set-cookie': ['sid=; Max-Age=0; Domain=example.com; Path=/app; HttpOnly; Secure; SameSite=Lax'],
    });
  });

  it('has none, where there is no cookie', async () => {
    const response = newResponse();
    await transportOf({ cookie: false }).transport.clear(requestWith(), response);
    expect(response.headers).toEqual({});
  });

  it('is forgotten by the application’s own transport', async () => {
    const given: unknown[] = [];
    const own = { ...OWN, clear: (...all: unknown[]) => void given.push(all) };
    const [request, response] = [requestWith(), newResponse()];
    await transportOf({ own }).transport.clear(request, response);
    expect(given).toEqual([[request, response]]);
    expect(response.headers).toEqual({});
  });
});

describe('the application’s own transport that fails', () => {
  let logged: unknown[][];
  beforeEach(() => {
    logged = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((...all: unknown[]) => void logged.push(all));
  });
  afterEach(() => void jest.restoreAllMocks());

  const failing = (error: Error) => {
    const fail = () => Promise.reject(error);
    return transportOf({ own: { read: fail, write: fail, clear: fail } }).transport;
  };
  const unavailable = (cause: unknown) => expect.objectContaining({ code: 'storage_unavailable', cause });

  it('refuses the request, and is logged once for each', async () => {
    const error = new Error('away');
    const transport = failing(error);
    const request = requestWith();
    await expect(transport.read(request)).rejects.toEqual(unavailable(error));
    await expect(transport.write(request, undefined, ISSUED)).rejects.toEqual(unavailable(error));
    await expect(transport.clear(request, undefined)).rejects.toEqual(unavailable(error));
    expect(logged).toEqual([[expect.any(String), error.stack]]);
    await expect(transport.read(requestWith())).rejects.toEqual(unavailable(error));
    expect(logged).toHaveLength(2);
  });

  it('may throw anything', async () => {
    const bare = Object.assign(new Error('bare'), { stack: undefined });
    await expect(failing(bare).read(requestWith())).rejects.toEqual(unavailable(bare));
    await expect(failing('words' as never).read(requestWith())).rejects.toEqual(unavailable('words'));
    expect(logged.map(([, text]) => text)).toEqual(['bare', 'words']);
  });

  it('may refuse the request in words of its own', async () => {
    const refusal = new ForbiddenException('not here');
    await expect(failing(refusal).read(requestWith())).rejects.toBe(refusal);
    expect(logged).toEqual([]);
  });
});

describe('the answer to a sign-in', () => {
  const USER = { id: 'ada' };

  interface Ending {
    completeLogin?: DefaultMfaAdapter['completeLogin'];
    isThere?: boolean;
    /** What the transport fails with. */
    failure?: Error;
    /** Whether the database fails too. */
    isAway?: boolean;
    enabled?: boolean;
  }

  function answersOf({ completeLogin, isThere = true, failure, isAway, enabled = true }: Ending = {}) {
    const calls: unknown[][] = [];
    const adapter = Object.create(DefaultMfaAdapter.prototype) as DefaultMfaAdapter;
    if (completeLogin) adapter.completeLogin = completeLogin;
    const answers = new SessionAnswers(
      {
        write: (...given: unknown[]) => {
          calls.push(['write', ...given]);
          return failure ? Promise.reject(failure) : Promise.resolve({ sessionToken: TOKEN });
        },
      } as never,
      {
        isThere: (id: string) => {
          calls.push(['look', id]);
          return Promise.resolve(isThere);
        },
        revoke: ({ id }: { id: string }) => {
          calls.push(['revoke', id]);
          return isAway ? Promise.reject(new Error('away')) : Promise.resolve();
        },
      } as never,
      {
        done: (user: object, done: object) => {
          calls.push(['done', user, done]);
          return Promise.resolve();
        },
      } as never,
      adapter,
      { newSignIn: { enabled } } as never,
    );
    const exchange = { request: {}, response: {} };
    const written = ['write', exchange.request, exchange.response, ISSUED];
    return { answers, calls, exchange, written };
  }

  const ANSWER = {
    proven: [{ method: 'pwd', at: new Date(NOW) }],
    sessionToken: TOKEN,
    expiresAt: session.expiresAt,
  };
  const EXTRA = () => Promise.resolve({ accessToken: 'theirs', status: 'mine' });

  it('says what was proven and until when, and the request has the session then', async () => {
    const { answers, calls, exchange, written } = answersOf();
    await expect(answers.complete(USER, ISSUED, exchange)).resolves.toEqual({
      ...ANSWER,
      status: 'authenticated',
    });
    expect(calls).toEqual([written]);
    expect(replacementOf(exchange.request)).toEqual({ session });
  });

  it('has what the application adds, which replaces nothing', async () => {
    const given: unknown[] = [];
    const completeLogin = (...all: unknown[]) => (given.push(all), EXTRA());
    const { answers, calls, exchange, written } = answersOf({ completeLogin });
    await expect(answers.complete(USER, ISSUED, exchange)).resolves.toEqual({
      accessToken: 'theirs',
      ...ANSWER,
      status: 'authenticated',
    });
    expect(given).toEqual([[USER, session, exchange.request, exchange.response]]);
    expect(calls).toEqual([['look', 'session-1'], written]);
  });

  it('is a refusal when the session ended while the application was asked', async () => {
    const { answers, calls, exchange } = answersOf({ completeLogin: EXTRA, isThere: false });
    await expect(answers.complete(USER, ISSUED, exchange)).rejects.toMatchObject({ code: 'session_expired' });
    expect(calls).toEqual([['look', 'session-1']]);
  });

  it('is the application’s refusal, which ends the session', async () => {
    const refusal = new ForbiddenException();
    const { answers, calls, exchange } = answersOf({ completeLogin: () => Promise.reject(refusal) });
    await expect(answers.complete(USER, ISSUED, exchange)).rejects.toBe(refusal);
    expect(calls).toEqual([['revoke', 'session-1']]);
  });

  it.each([false, true])(
    'is a failure when the token can’t be handed out, which ends the session (database away: %s)',
    async (isAway) => {
      const failure = new Error('no place for it');
      const { answers, calls, exchange, written } = answersOf({ failure, isAway });
      await expect(answers.complete(USER, ISSUED, exchange, 'sign_in')).rejects.toBe(failure);
      expect(calls).toEqual([written, ['revoke', 'session-1']]);
      expect(presentedSession(exchange.request)).toBeUndefined();
      expect(replacementOf(exchange.request)).toEqual({ session: null });
    },
  );

  it.each<[SessionOccasion, boolean]>([
    ['sign_in', false],
    ['sign_up', true],
  ])('comes with news of the browser after a %s', async (occasion, isSignUp) => {
    const { answers, calls, exchange, written } = answersOf();
    await expect(answers.handOver(USER, ISSUED, exchange, occasion)).resolves.toEqual(ANSWER);
    expect(calls).toEqual([written, ['done', USER, { session, ...exchange, isSignUp }]]);
  });

  it.each<[string, SessionOccasion, boolean]>([
    ['after a further proof', 'proof', true],
    ['where nobody wants it', 'sign_in', false],
  ])('comes without that %s', async (_, occasion, enabled) => {
    const { answers, calls, exchange, written } = answersOf({ enabled });
    await answers.handOver(USER, ISSUED, exchange, occasion);
    expect(calls).toEqual([written]);
  });
});
