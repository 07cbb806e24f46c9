import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord } from '../core/policy/methods.js';
import { OwedFactors } from './owed-factors.js';

const USER = { id: 'ada' };
const PASSWORD: AuthenticationRecord = { method: 'pwd', at: 1 };
const TOTP: AuthenticationRecord = { method: 'totp', at: 1 };
const KEY: AuthenticationRecord = { method: 'webauthn', at: 1 };
const ACCOUNT = { state: 'state', authenticators: ['an app'] };
const OVERDUE = { isOverdue: true, deadline: null };

interface World {
  /** The methods whose proofs meet the profile. */
  meeting?: string[];
  /** Whether one of the user's factors meets it. */
  hasFitting?: boolean;
  duty?: object | null;
}

function owedOf({ meeting = ['pwd', 'webauthn'], hasFitting = false, duty = OVERDUE }: World = {}) {
  const asked: unknown[] = [];
  const owed = new OwedFactors(
    { find: (userId: string) => Promise.resolve(userId === 'ada' ? ACCOUNT : null) } as never,
    { usableTypes: (...given: unknown[]) => Promise.resolve(given) } as never,
    {
      duty: (...given: unknown[]) => {
        asked.push(given);
        return Promise.resolve(duty);
      },
      supportedSecondFactors: (held: AuthenticationRecord[]) => [
        'webauthn',
        ...held.map(({ method }) => method),
      ],
    } as never,
    {
      meets: ({ method }: AuthenticationRecord) => meeting.includes(method),
      hasFitting: () => {
        asked.push('fitting');
        return Promise.resolve(hasFitting);
      },
    } as never,
    { isMfaEnabled: (...given: unknown[]) => Promise.resolve(given[2] === ACCOUNT.authenticators) } as never,
  );
  return { owed, asked };
}

const scopeOf = (...methods: AuthenticationRecord[]) => ({ request: {}, session: { methods } as never });

describe('what is owed after the first factor', () => {
  it('hangs on what the application says of the factors that are kept', async () => {
    const { owed } = owedOf();
    const standing = await owed.standingOf(USER);
    expect(standing).toEqual({ account: ACCOUNT, isEnrolled: true });
    const session = { methods: [PASSWORD] } as never;
    expect(await owed.usableTypes(USER, standing, session)).toEqual([
      USER,
      ACCOUNT.authenticators,
      [PASSWORD],
    ]);
  });

  it('is a factor that may stand beside what was proven, of who must have one', async () => {
    const { owed, asked } = owedOf();
    const scope = scopeOf(PASSWORD);
    const account = ACCOUNT as never;
    expect(await owed.enrollmentOf(USER, { account }, scope)).toEqual({
      ...OVERDUE,
      methods: ['webauthn', 'pwd'],
    });
    expect(asked).toEqual([[USER, 'state', scope]]);
    expect(await owedOf({ duty: null }).owed.enrollmentOf(USER, { account }, scope)).toBeNull();
  });
});

describe('what a profile owes after the second factor', () => {
  const underProfile = async (world: World, ...records: AuthenticationRecord[]) => {
    const { owed, asked } = owedOf(world);
    return { methods: await owed.underProfile(USER, [], scopeOf(...records)), asked };
  };

  it('is one that meets it, where neither the proof nor anything of the user’s does', async () => {
    expect((await underProfile({}, PASSWORD, TOTP)).methods).toEqual(['webauthn', 'pwd', 'totp']);
  });

  it('is nothing where the proof meets it, about which nothing more is asked', async () => {
    expect(await underProfile({}, PASSWORD, KEY)).toEqual({ methods: null, asked: [] });
    expect(await underProfile({}, TOTP, KEY)).toEqual({ methods: null, asked: [] });
  });

  it('is nothing where the user has what meets it, which routes ask for', async () => {
    expect(await underProfile({ hasFitting: true }, PASSWORD, TOTP)).toEqual({
      methods: null,
      asked: ['fitting'],
    });
  });

  it.each([
    ['need not have one', null],
    ['has time left', { isOverdue: false, deadline: new Date(2) }],
  ])('is nothing where the user %s', async (_, duty) => {
    expect((await underProfile({ duty }, PASSWORD, TOTP)).methods).toBeNull();
  });
});
