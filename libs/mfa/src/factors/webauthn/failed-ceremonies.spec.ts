import { describe, expect, it } from '@jest/globals';

import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';
import { FailedCeremonies } from './failed-ceremonies.js';

const USER = { id: 'ada' };

/** Failures, and what was asked of the limiter and of the log of refusals. */
function prepare() {
  const calls: unknown[] = [];
  const failures = new FailedCeremonies(
    {
      assertRoom: (state: unknown) => void calls.push(['room', state]),
      take: (...of: unknown[]) => {
        calls.push(['take', ...of]);
        return Promise.resolve('attempt');
      },
      failed: (...of: unknown[]) => Promise.resolve(void calls.push(['failed', ...of])),
    } as never,
    { tellOnce: (...of: unknown[]) => void calls.push(['told', ...of]) } as never,
  );
  return { failures, calls };
}

describe('failed ceremonies', () => {
  it('need room among the user’s attempts', () => {
    const { failures, calls } = prepare();
    failures.assertRoom(null);
    expect(calls).toEqual([['room', null]]);
  });

  it('take an attempt, and are reported with it', async () => {
    const { failures, calls } = prepare();
    const event = { type: 'mfa.authenticator.failed', data: { types: ['webauthn'], afterFirstFactor: true } };
    await failures.count(USER, APPLICATION_SOURCE, event as never, { isKept: true });
    expect(calls).toEqual([
      ['take', USER, APPLICATION_SOURCE, { isKept: true }],
      ['failed', 'attempt', event],
    ]);
  });

  it('of a stranger take none, and are told of once', () => {
    const { failures, calls } = prepare();
    failures.tellOfStranger(USER, APPLICATION_SOURCE);
    const data = { types: ['webauthn'], afterFirstFactor: false };
    expect(calls).toEqual([['told', USER, APPLICATION_SOURCE, { type: 'mfa.authenticator.failed', data }]]);
  });
});
