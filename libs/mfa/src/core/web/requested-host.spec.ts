import { describe, expect, it } from '@jest/globals';

import { hostOf, isOnHost, protocolOf } from './requested-host.js';

describe('the host that was asked', () => {
  it('is what the framework says, else the header', () => {
    expect(hostOf({ host: 'app.example', headers: { host: 'proxy.example' } })).toBe('app.example');
    expect(hostOf({ headers: { host: 'app.example:8080' } })).toBe('app.example:8080');
    expect(hostOf({ headers: { ':authority': 'app.example' } })).toBe('app.example');
    expect(hostOf({ headers: { host: 'app.example', ':authority': 'other.example' } })).toBe('app.example');
    expect(hostOf({ host: 5, headers: { host: 'app.example' } })).toBe('app.example');
    expect(hostOf({ headers: {} })).toBeUndefined();
  });

  it.each([
    ['app.example', true],
    ['app.example:', true],
    ['[::1]:3000', true],
    ['[2001:DB8::1]', true],
    ['xn--bcher-kva.example', true],
    ['', false],
    ['user@app.example', false],
    ['app.example/path', false],
    ['app.example?x', false],
    ['app.example#x', false],
    ['app.example\\x', false],
    ['app example', false],
    ['app.example:80a', false],
    ['a:b:80', false],
    ['[::1', false],
    ['[g]', false],
    ['x[::1]', false],
  ])('%j is one: %p', (host, is) => {
    expect(hostOf({ headers: { host } })).toBe(is ? host : undefined);
  });

  it.each([
    ['https://app.example', 'app.example', true],
    ['https://app.example', 'app.example:443', true],
    ['http://app.example', 'app.example:443', false],
    ['https://app.example:8443', 'app.example', false],
    ['https://app.example', 'APP.example', true],
    ['https://app.example', 'evil.example', false],
    ['https://app.example', 'a b', false],
  ])('has %s on it: %s, %p', (url, host, is) => {
    expect(isOnHost(new URL(url), host)).toBe(is);
  });
});

describe('the protocol', () => {
  it.each([
    [{ protocol: 'https', socket: { encrypted: false } }, 'https'],
    [{ protocol: 5, socket: { encrypted: true } }, 'https'],
    [{ socket: { encrypted: true } }, 'https'],
    [{ socket: { encrypted: false } }, 'http'],
    [{ socket: {} }, 'http'],
    [{}, undefined],
  ])('of %j is %s', (request, protocol) => {
    expect(protocolOf(request)).toBe(protocol);
  });
});
