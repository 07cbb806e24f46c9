import { describe, expect, it } from '@jest/globals';
import { ForbiddenException, HttpException, ServiceUnavailableException } from '@nestjs/common';

import { isAway } from './is-away.js';
import { isRefusal } from './is-refusal.js';
import { messageOf } from './message-of.js';
import { MfaException } from './mfa-exception.js';

describe('an error', () => {
  it.each<[string, unknown, boolean]>([
    ['a database that does not answer', new MfaException('storage_unavailable'), true],
    ['others who keep winning', new MfaException('conflict'), true],
    ['a wrong code', new MfaException('incorrect_code'), false],
    ['another one that says 503', new ServiceUnavailableException(), false],
    ['what only looks like it', { code: 'conflict' }, false],
    ['nothing', undefined, false],
  ])('may be gone at the next try: %s', (_, error, expected) => {
    expect(isAway(error)).toBe(expected);
  });

  it.each<[string, unknown, boolean]>([
    ['403', new ForbiddenException(), true],
    ['499', new HttpException('', 499), true],
    ['500', new HttpException('', 500), false],
    ['503', new ServiceUnavailableException(), false],
    ['a plain error', new Error('boom'), false],
    ['what only looks like it', { getStatus: () => 403 }, false],
  ])('of the application is a refusal or a failure: %s', (_, error, expected) => {
    expect(isRefusal(error)).toBe(expected);
  });

  it('has its message logged; anything else that was thrown has none', () => {
    expect(messageOf(new Error('boom'))).toBe('boom');
    for (const thrown of ['boom', { message: 'boom' }, null]) expect(messageOf(thrown)).toBe('');
  });
});
