import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { NewSignIns } from './new-sign-ins.js';

const NOW = 1_800_000_000_000;
const ADA = { id: 'ada' };
const BEFORE = new Date(NOW - 1000);
const session = {
  id: 'session-1',
  userId: 'ada',
  methods: [
    { method: 'pwd', at: NOW },
    { method: 'totp', at: NOW },
  ],
};
const REQUEST = { ip: '192.0.2.1', headers: { 'user-agent': 'Firefox' } };
const RESPONSE = {};

const TOLD = {
  user: ADA,
  source: {
    actor: { type: 'user', id: 'ada' },
    ip: '192.0.2.1',
    userAgent: 'Firefox',
    sessionId: 'session-1',
  },
  events: [{ type: 'mfa.sign_in.new_browser', data: { methods: ['pwd', 'totp'] } }],
};
const REMEMBERED = ['remember', 'ada', REQUEST, RESPONSE];

interface World {
  isSignUp?: boolean;
  /** When the browser's cookie says that the user was here; an error if nobody can tell. */
  lastSignIn?: Date | null | Error;
  isNew?: boolean | Error;
  audit?: boolean;
  committed?: boolean;
  /** The user as the application finds them afterwards. */
  user?: object | null | Error;
  /** What fails. */
  failing?: 'record' | 'remember';
  error?: Error;
}

const settle = <T>(value: T | Error) =>
  value instanceof Error ? Promise.reject<T>(value) : Promise.resolve(value);

/** What is done after a sign-in. */
async function done({
  isSignUp = false,
  lastSignIn = null,
  isNew = true,
  audit = false,
  committed = true,
  user = ADA,
  failing,
  error = new Error('away'),
}: World = {}) {
  const calls: unknown[][] = [];
  const asked: unknown[][] = [];
  const call = (name: string, ...given: unknown[]) => {
    calls.push([name, ...given]);
    return name === failing ? Promise.reject(error) : Promise.resolve();
  };
  const signIns = new NewSignIns(
    {
      lastSignIn: (...given: unknown[]) => {
        expect(given).toEqual(['ada', REQUEST]);
        return settle(lastSignIn);
      },
      remember: (...given: unknown[]) => call('remember', ...given),
    } as never,
    { planClaim: (one: object) => ({ claims: one }) } as never,
    {
      record: (happening: object) => call('record', happening),
      commit: async (writes: object[], happening: object) => {
        await call('commit', writes, happening);
        return { committed };
      },
    } as never,
    {
      isNewSignIn: (...given: unknown[]) => {
        asked.push(given);
        return settle(isNew);
      },
      findUser: (id: string) => {
        expect(id).toBe('ada');
        return settle(user);
      },
    } as never,
    { audit: { enabled: audit } } as never,
  );
  const signIn = { session, request: REQUEST, response: RESPONSE, isSignUp } as never;
  await expect(signIns.done(ADA, signIn)).resolves.toBeUndefined();
  return { calls, asked };
}

describe('after a sign-in', () => {
  let logged: unknown[];
  beforeEach(() => {
    logged = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((text: unknown) => void logged.push(text));
  });
  afterEach(() => void jest.restoreAllMocks());

  it('the user is told of a new browser, which is known from then on', async () => {
    const { calls, asked } = await done();
    expect(calls).toEqual([['record', TOLD], REMEMBERED]);
    expect(asked).toEqual([[ADA, { session, request: REQUEST, lastSignInAt: null }]]);
    expect(logged).toEqual([]);
  });

  it('nobody is told where the application says that it is not new', async () => {
    const { calls, asked } = await done({ isNew: false, lastSignIn: BEFORE });
    expect(calls).toEqual([REMEMBERED]);
    expect(asked).toEqual([[ADA, { session, request: REQUEST, lastSignInAt: BEFORE }]]);
  });

  it('nobody is told of the browser in which the account was made', async () => {
    const { calls, asked } = await done({ isSignUp: true });
    expect(calls).toEqual([REMEMBERED]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['new', null, [['record', TOLD], REMEMBERED]],
    ['not new', BEFORE, [REMEMBERED]],
  ])('the cookie says that it is %s where the application fails to', async (_, lastSignIn, expected) => {
    const { calls } = await done({ isNew: new Error('no idea'), lastSignIn });
    expect(calls).toEqual(expected);
    expect(logged).toEqual([expect.stringContaining('no idea')]);
  });

  it('a browser is new where the cookie can’t be read', async () => {
    const { asked } = await done({ lastSignIn: new Error('no keys') });
    expect(asked).toEqual([[ADA, { session, request: REQUEST, lastSignInAt: null }]]);
    expect(logged).toEqual([expect.stringContaining('no keys')]);
  });

  it.each(['record', 'remember'] as const)('nothing fails by what fails to %s', async (failing) => {
    await done({ failing });
    expect(logged).toEqual([expect.stringContaining('ada signed in with: away')]);
  });

  it('a browser stays new of which the user could not be told', async () => {
    expect((await done({ failing: 'record' })).calls).toEqual([['record', TOLD]]);
  });

  it('anything may be thrown', async () => {
    await done({ failing: 'remember', error: 'words' as never });
    expect(logged).toEqual([expect.stringMatching(/: $/)]);
  });

  describe('where there is an audit trail', () => {
    const COMMIT = ['commit', [{ claims: session }], TOLD];

    it('the event is recorded with the session', async () => {
      expect((await done({ audit: true })).calls).toEqual([COMMIT, REMEMBERED]);
      expect((await done({ audit: true, user: null })).calls).toEqual([COMMIT, REMEMBERED]);
    });

    it.each<[string, World['user']]>([
      ['there is still a user', ADA],
      ['nobody can tell whether there is a user', new Error('away')],
    ])('the event is recorded although the session has ended, if %s', async (_, user) => {
      const { calls } = await done({ audit: true, committed: false, user });
      expect(calls).toEqual([COMMIT, ['record', TOLD], REMEMBERED]);
    });

    it('no event is recorded of a user who is gone', async () => {
      const { calls } = await done({ audit: true, committed: false, user: null });
      expect(calls).toEqual([COMMIT, REMEMBERED]);
    });
  });
});
