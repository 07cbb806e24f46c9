import { describe, expect, it } from '@jest/globals';

import { readCookieList, writeCookieList } from './cookie-list.js';
import {
  addSetCookie,
  assertSameOrigin,
  cookieName,
  hasBegun,
  hasBody,
  isShallow,
  readCookies,
  readHeader,
  responseOf,
  setHeader,
} from './http-message.js';

const asked = (headers: object, more: object = {}) => ({ headers, ...more });

/** A response of Express or Node, and one of Fastify, both recording what was set. */
function nodeResponse(present?: string | string[]) {
  const set = new Map<string, unknown>(present === undefined ? [] : [['set-cookie', present]]);
  return {
    set,
    setHeader: (name: string, value: unknown) => set.set(name, value),
    getHeader: (name: string) => set.get(name),
  };
}
const fastifyResponse = () => {
  const set: [string, unknown][] = [];
  return { set, header: (name: string, value: unknown) => set.push([name, value]) };
};

describe('a header', () => {
  it('is one text, however often it came', () => {
    expect(readHeader(asked({ accept: 'a' }), 'accept')).toBe('a');
    expect(readHeader(asked({ accept: ['a', 'b'] }), 'accept')).toBe('a, b');
    expect(readHeader(asked({}), 'accept')).toBeUndefined();
    expect(readHeader({}, 'accept')).toBeUndefined();
  });

  it('is set in the way of the framework, and nowhere without a response', () => {
    const node = nodeResponse();
    setHeader(node, 'a', 'b');
    expect([...node.set]).toEqual([['a', 'b']]);
    const fastify = fastifyResponse();
    setHeader(fastify, 'a', 'b');
    expect(fastify.set).toEqual([['a', 'b']]);
    expect(() => setHeader(undefined, 'a', 'b')).not.toThrow();
    expect(() => setHeader({}, 'a', 'b')).not.toThrow();
  });
});

describe('a body', () => {
  it.each([
    [asked({}), false],
    [asked({ 'content-length': '0' }), false],
    [asked({ 'content-length': '1' }), true],
    [asked({ 'transfer-encoding': 'chunked' }), true],
    [asked({ 'transfer-encoding': 'chunked', 'content-length': '0' }), true],
    [asked({}, { stream: { endAfterHeaders: true } }), false],
    [asked({}, { stream: { endAfterHeaders: false } }), true],
    [asked({}, { stream: {} }), false],
    [asked({}, { raw: { stream: { endAfterHeaders: false } } }), true],
    [asked({ 'content-length': '0' }, { stream: { endAfterHeaders: false } }), false],
  ])('is announced by %j: %p', (request, has) => {
    expect(hasBody(request)).toBe(has);
  });

  it.each([
    [0, true],
    [20, true],
    [21, false],
  ])('of %i levels is shallow: %p', (depth, is) => {
    const nest = (wrap: (inner: unknown) => object) =>
      Array.from({ length: depth }).reduce<unknown>((inner) => wrap(inner), 'x');
    expect(isShallow(nest((inner) => ({ a: null, inner })))).toBe(is);
    expect(isShallow(nest((inner) => [1, inner]))).toBe(is);
  });
});

describe('cookies', () => {
  it('have all of their different values read', () => {
    const of = (cookie: string) => readCookies(asked({ cookie }), 'sid');
    expect(of('a=1; sid=x; b=2')).toEqual(['x']);
    expect(of('sid=x; sid=y; sid=x')).toEqual(['x', 'y']);
    expect(of('other-sid=x; sidecar=y')).toHaveLength(0);
    expect(of('sid=%C3%BC')).toEqual(['ü']);
    expect(readCookies(asked({}), 'sid')).toEqual([]);
  });

  it('are added to those that are set already, and kept from scripts', () => {
    const cookie = { name: 'sid', value: 'x', path: '/', maxAge: 60, secure: true, sameSite: 'lax' as const };
    const line = 'sid=x; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax';
    for (const [present, before] of [
      [undefined, []],
      ['a=1', ['a=1']],
      [
        ['a=1', 'b=2'],
        ['a=1', 'b=2'],
      ],
    ] as const) {
      const node = nodeResponse(present as string | string[] | undefined);
      addSetCookie(node, cookie);
      expect(node.set.get('set-cookie')).toEqual([...before, line]);
    }
    const fastify = fastifyResponse();
    addSetCookie(fastify, cookie);
    expect(fastify.set).toEqual([['set-cookie', line]]);
    expect(() => addSetCookie(undefined, cookie)).not.toThrow();
    expect(() => addSetCookie({}, cookie)).not.toThrow();
  });

  it.each([
    ['sid', { secure: false, path: '/' }, 'sid'],
    ['__Host-sid', { secure: false, path: '/' }, 'sid'],
    ['__secure-sid', { secure: false, path: '/' }, 'sid'],
    ['x__Host-sid', { secure: false, path: '/' }, 'x__Host-sid'],
    ['sid', { secure: true, path: '/' }, '__Host-sid'],
    ['__Secure-sid', { secure: true, path: '/' }, '__Host-sid'],
    ['sid', { secure: true, path: '/app' }, '__Secure-sid'],
    ['sid', { secure: true, path: '/', domain: 'example.com' }, '__Secure-sid'],
  ])('have the strongest prefix that they can: %s, %j', (name, scope, expected) => {
    expect(cookieName(name, scope)).toBe(expected);
  });

  it('with an entry for each user have room for eight, the newest first', () => {
    const of = (...cookies: string[]) =>
      readCookieList(asked({ cookie: cookies.map((one) => `list=${one}`).join('; ') }), 'list', (text) =>
        /^[a-z]$/.test(text),
      );
    expect(of('a.b')).toEqual(['a', 'b']);
    expect(of('a.b.c.d.e.f.g.h')).toHaveLength(8);
    expect(of('a.b.c.d.e.f.g.h.i')).toEqual([]);
    expect(of('a.B')).toEqual([]);
    expect(of('a', 'b')).toEqual([]);
    expect(of('')).toEqual([]);
    expect(of()).toEqual([]);
    expect(writeCookieList('a', ['b', 'c'])).toBe('a.b.c');
    expect(writeCookieList('z', [...'abcdefgh'])).toBe('z.a.b.c.d.e.f.g');
  });
});

describe('the response', () => {
  it('is found with the request where the framework keeps it', () => {
    const res = {};
    expect(responseOf({ res })).toBe(res);
    expect(() => responseOf({})).toThrow('pass the response too');
  });

  it.each<[string, object | undefined, boolean]>([
    ['Express or Node, before', { headersSent: false }, false],
    ['Express or Node, after', { headersSent: true }, true],
    ['Fastify, before', { sent: false, raw: { headersSent: false } }, false],
    ['Fastify, after', { sent: true, raw: { headersSent: false } }, true],
    [
      'Fastify, whose handler wrote to the response of Node',
      { sent: false, raw: { headersSent: true } },
      true,
    ],
    ['a message handler', undefined, false],
  ])('has begun or not: %s', (_, response, begun) => {
    expect(hasBegun(response)).toBe(begun);
  });
});

describe('a request of the same origin', () => {
  const HOST = { host: 'app.example' };
  const allows = (request: object, trusted?: string[]): boolean => {
    try {
      assertSameOrigin(request, trusted);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'cross_origin' });
      return false;
    }
  };

  it.each([
    ['GET', true],
    ['head', true],
    ['OPTIONS', true],
    ['POST', false],
    ['PUT', false],
    ['DELETE', false],
    [undefined, false],
  ])('need not be what only reads: %s passes from elsewhere: %p', (method, passes) => {
    const headers = { ...HOST, 'sec-fetch-site': 'cross-site' };
    expect(allows(asked(headers, method === undefined ? {} : { method }))).toBe(passes);
  });

  it.each([
    ['same-origin', true],
    ['none', true],
    ['same-site', false],
    ['cross-site', false],
    ['', false],
  ])('is what the browser says it is: %j passes: %p', (site, passes) => {
    expect(allows(asked({ ...HOST, 'sec-fetch-site': site }))).toBe(passes);
    expect(allows(asked({ ...HOST, 'sec-fetch-site': site, origin: 'https://app.example' }))).toBe(passes);
  });

  it.each([
    [undefined, {}, true],
    ['https://app.example', {}, true],
    ['http://app.example', {}, true],
    ['http://app.example', { protocol: 'https' }, false],
    ['https://app.example', { protocol: 'http' }, true],
    ['https://app.example', { protocol: 'https' }, true],
    ['https://evil.example', {}, false],
    ['https://app.example:8443', {}, false],
    ['ftp://app.example', {}, false],
    ['null', {}, false],
    ['', {}, false],
  ])('is told by its origin where no browser says more: %j, %j passes: %p', (origin, more, passes) => {
    expect(allows(asked({ ...HOST, ...(origin === undefined ? {} : { origin }) }, more))).toBe(passes);
  });

  it('may come from an origin that is trusted, and from none where no host is known', () => {
    const headers = { ...HOST, origin: 'https://spa.example', 'sec-fetch-site': 'cross-site' };
    expect(allows(asked(headers), ['https://spa.example'])).toBe(true);
    expect(allows(asked(headers), ['https://other.example'])).toBe(false);
    for (const origin of ['https://app.example', 'https://undefined']) {
      expect(allows(asked({ origin }))).toBe(false);
    }
  });
});
