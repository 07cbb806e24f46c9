import { describe, expect, it } from '@jest/globals';

import { createToken } from '../core/crypto/tokens.js';
import { TrustCookie } from './trust-cookie.js';

const NAME = 'mfa_trusted';

/** A browser that holds these tokens, and the cookie it gets. */
function give(held: readonly string[], token: string, former: string | null, secure = false) {
  const checked: object[] = [];
  const cookie = { name: NAME, secure, sameSite: 'lax', path: '/', domain: undefined };
  const trust = new TrustCookie(
    { trustedDevices: { cookie, ttlSeconds: 60 } } as never,
    { check: (request: object) => checked.push(request) } as never,
  );
  const request = { headers: held.length === 0 ? {} : { cookie: `${NAME}=${held.join('.')}` } };
  const headers = new Map<string, unknown>();
  const response = {
    getHeader: (name: string) => headers.get(name),
    setHeader: (name: string, value: unknown) => headers.set(name, value),
  };
  trust.write(request, response, token, former);
  return { given: String([...headers.values()][0]), checked, request };
}

describe('the cookie of a trusted browser', () => {
  const [first, second, next] = [createToken(), createToken(), createToken()];

  it('gets a token in front of those of other users', () => {
    expect(give([first, second], next, null).given).toMatch(`${NAME}=${next}.${first}.${second};`);
    expect(give([], next, null).given).toMatch(`${NAME}=${next};`);
  });

  it('gets it in place of the former one of the same user, and keeps the others', () => {
    expect(give([first, second], next, second).given).toMatch(`${NAME}=${next}.${first};`);
  });

  it('lives as long as the trust', () => {
    expect(give([], next, null).given).toContain('Max-Age=60');
  });

  it('is looked after where browsers may drop it: when it is Secure', () => {
    const { checked, request } = give([], next, null, true);
    expect(checked).toEqual([request]);
    expect(give([], next, null, false).checked).toEqual([]);
  });
});
