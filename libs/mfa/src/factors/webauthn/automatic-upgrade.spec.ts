import { describe, expect, it } from '@jest/globals';

import { TestClock } from '../../../../../test/support/clock.js';
import type { MfaException } from '../../core/errors/mfa-exception.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { AutomaticUpgrade } from './automatic-upgrade.js';

const NOW = new TestClock().now();
const FIVE_MINUTES = 300_000;

const upgrade = (options: object = {}) => new AutomaticUpgrade(options as never, new TestClock());
const session = (methods: object[], status = 'authenticated') =>
  ({ status, methods }) as unknown as AuthenticationSession;
const password = (age: number) => ({ method: 'pwd', at: NOW - age });

/** Why it is refused in that session. */
function refusal(given: AuthenticationSession | null | undefined, options: object = {}) {
  try {
    upgrade(options).assertAllowed(given);
  } catch (error) {
    return error as MfaException;
  }
  throw new Error('It was allowed');
}

describe('creating a passkey without asking', () => {
  it('is allowed within five minutes of the password', () => {
    expect(() => upgrade().assertAllowed(session([password(0)]))).not.toThrow();
    expect(() => upgrade().assertAllowed(session([password(FIVE_MINUTES)]))).not.toThrow();
  });

  it('goes by the newest password', () => {
    const records = [password(0), password(FIVE_MINUTES + 1)];
    expect(() => upgrade().assertAllowed(session(records))).not.toThrow();
    expect(() => upgrade().assertAllowed(session(records.reverse()))).not.toThrow();
  });

  it.each<[string, AuthenticationSession | null | undefined]>([
    ['an older password', session([password(FIVE_MINUTES + 1)])],
    ['another proof alone', session([{ method: 'webauthn', at: NOW }])],
    ['another first factor', session([{ method: 'federated', at: NOW, isFirst: true }])],
    [
      'a newer proof beside an old password',
      session([password(FIVE_MINUTES + 1), { method: 'otp', at: NOW }]),
    ],
    ['no proof', session([])],
    ['a session that is not finished', session([password(0)], 'pending')],
    ['no session', null],
    ['nothing', undefined],
  ])('is refused with %s', (_, given) => {
    const { code, details } = refusal(given);
    expect([code, details]).toStrictEqual(['reauthentication_required', { maxAge: 300 }]);
  });

  it('says where to enter the password again, if the application does', () => {
    const reauthenticateUrl = '/password';
    expect(refusal(null, { reauthenticateUrl }).details).toEqual({ maxAge: 300, reauthenticateUrl });
  });
});
