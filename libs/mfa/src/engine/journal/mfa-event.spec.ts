import { describe, expect, it } from '@jest/globals';

import { readUserAgent, sourceOfRequest } from '../rows/mfa-request.js';

describe('where a request comes from', () => {
  const request = (userAgent: string | string[] | undefined, rest: object = {}) => ({
    headers: { 'user-agent': userAgent },
    ...rest,
  });

  it('has a user agent without line breaks and other control characters', () => {
    expect(readUserAgent(request('Mozilla\r\nSet-Cookie: a=b\u0000\u001b[31m\u0085\u009fx\tend'))).toBe(
      'Mozilla  Set-Cookie: a=b  [31m  x end',
    );
    expect(readUserAgent(request('\u0001\r\n'.repeat(100)))).toBe(null);
  });

  it('has a user agent of 255 characters at most', () => {
    expect(readUserAgent(request('M'.repeat(10_240)))).toBe('M'.repeat(255));
    expect(readUserAgent(request(`${' '.repeat(10_240)}M`))).toBe('M');
  });

  it.each([
    ['none', undefined, null],
    ['an empty one', '', null],
    ['a repeated one', ['a', 'b'], 'a, b'],
  ])('copes with %s', (_, given, expected) => {
    expect(readUserAgent(request(given))).toBe(expected);
  });

  it.each<[string, object, string | null]>([
    ['Express', { ip: '192.0.2.1', socket: { remoteAddress: '192.0.2.2' } }, '192.0.2.1'],
    ['a handshake', { address: '2001:db8::1' }, '2001:db8::1'],
    ['a bare socket', { socket: { remoteAddress: '192.0.2.2' } }, '192.0.2.2'],
    ['nothing', {}, null],
    ['no text', { ip: 7 }, null],
    ['something too long', { ip: 'x'.repeat(10_000) }, 'x'.repeat(45)],
  ])('has an address, from %s', (_, rest, ip) => {
    expect(sourceOfRequest(request('agent', rest), 'ada', 'session')).toEqual({
      actor: { type: 'user', id: 'ada' },
      ip,
      userAgent: 'agent',
      sessionId: 'session',
    });
  });

  // With `trust proxy`, Express takes the address from X-Forwarded-For unchecked.
  it('has an address without control characters', () => {
    expect(sourceOfRequest(request('agent', { ip: '192.0.2.1\u0085\nforged' }), 'ada').ip).not.toMatch(
      /\p{Cc}/u,
    );
  });
});
