import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Logger } from '@nestjs/common';

import { TestClock } from '../../../../../test/support/clock.js';
import { newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';
import { KeySuspicions } from './key-suspicions.js';

const USER = { id: 'ada' };
const SOURCE = { ...APPLICATION_SOURCE, ip: '192.0.2.1' };
const KEY = newAuthenticator({
  id: 'key',
  userId: 'ada',
  type: 'webauthn',
  name: 'My key',
  createdAt: new Date(0),
});
const NAMED = { id: 'key', type: 'webauthn', name: 'My key' };
const clock = new TestClock();

const logged: string[] = [];
beforeAll(() => {
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: string) => void logged.push(text));
});
afterAll(() => void jest.restoreAllMocks());
beforeEach(() => void (logged.length = 0));

/** Suspicions under these options, and what came of them. */
function prepare(signCount: string, backupEligibilityChange = 'reject') {
  const done: unknown[] = [];
  const suspicions = new KeySuspicions(
    { options: { signCount, backupEligibilityChange } } as never,
    { claimCloned: ({ id }: { id: string }, at: Date) => ({ locks: id, at }) } as never,
    {
      record: (happening: object) => Promise.resolve(void done.push({ writes: [], ...happening })),
      commit: (writes: object[], happening: object) =>
        Promise.resolve(void done.push({ writes, ...happening })),
    } as never,
    {
      tellOnce: (user: object, source: object, event: object) => void done.push({ user, source, event }),
    } as never,
    clock,
  );
  return { suspicions, done };
}

describe('a key that may have been cloned', () => {
  const CLONED = { type: 'mfa.authenticator.cloned', data: { authenticator: NAMED } };

  it('is locked as of now, and told of', async () => {
    const { suspicions, done } = prepare('reject');
    expect(suspicions.refusesClones).toBe(true);
    await suspicions.noteClone(USER, KEY, SOURCE);
    const locked = { type: 'mfa.authenticator.locked', data: { authenticator: NAMED, reason: 'cloned' } };
    expect(done).toEqual([
      {
        writes: [{ locks: 'key', at: new Date(clock.now()) }],
        user: USER,
        source: SOURCE,
        events: [CLONED, locked],
      },
    ]);
    expect(logged).toEqual([expect.stringContaining('key went backwards')]);
  });

  it('is only told of where the application wants reports', async () => {
    const { suspicions, done } = prepare('report');
    expect(suspicions.refusesClones).toBe(false);
    await suspicions.noteClone(USER, KEY, SOURCE);
    expect(done).toEqual([{ writes: [], user: USER, source: SOURCE, events: [CLONED] }]);
  });
});

describe('a key whose backup eligibility changed', () => {
  const told = (backupEligible: boolean) => ({
    user: USER,
    source: SOURCE,
    event: {
      type: 'mfa.authenticator.backup_eligibility_changed',
      data: { authenticator: NAMED, backupEligible },
    },
  });

  it('is told of, and refused with the reason', () => {
    const { suspicions, done } = prepare('reject');
    expect(() => suspicions.noteEligibility(USER, KEY, true, SOURCE)).toThrow(
      expect.objectContaining({ code: 'webauthn_failed', details: { reason: 'backup_eligibility_changed' } }),
    );
    expect(done).toEqual([told(true)]);
    expect(logged).toEqual([expect.stringContaining('eligibility of authenticator key')]);
  });

  it('is only told of where the application wants reports', () => {
    const { suspicions, done } = prepare('reject', 'report');
    suspicions.noteEligibility(USER, KEY, false, SOURCE);
    expect(done).toEqual([told(false)]);
  });
});
