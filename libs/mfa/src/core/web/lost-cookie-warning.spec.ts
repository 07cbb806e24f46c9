import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { LostCookieWarning } from './lost-cookie-warning.js';

describe('the warning that cookies are lost', () => {
  const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  beforeEach(() => void warn.mockClear());
  afterAll(() => void warn.mockRestore());

  const http = (headers: object = {}) => ({ protocol: 'http', headers });

  it('is given once, and says what to do', () => {
    const warning = new LostCookieWarning();
    for (const _ of [1, 2]) warning.check(http());
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/over plain http.*trust proxy.*NODE_ENV=development/)],
    ]);
  });

  it.each<[string, object, boolean]>([
    ['https', { protocol: 'https', headers: {} }, false],
    ['a proxy that says https', http({ 'x-forwarded-proto': 'https' }), false],
    ['the first of several proxies', http({ 'x-forwarded-proto': ' HTTPS , http' }), false],
    ['another one of them', http({ 'x-forwarded-proto': 'http, https' }), true],
    ['a proxy that says http', http({ 'x-forwarded-proto': 'http' }), true],
    ['no protocol, as with a WebSocket', { headers: {} }, false],
  ])('is not given without need: %s', (_, request, isGiven) => {
    const warning = new LostCookieWarning();
    warning.check(request);
    expect(warn).toHaveBeenCalledTimes(isGiven ? 1 : 0);
    // What was fine says nothing of the next request.
    warning.check(http());
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
