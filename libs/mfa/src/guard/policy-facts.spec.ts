import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord } from '../core/policy/methods.js';
import type { MfaRequirement } from '../core/policy/policy.js';
import { PolicyFacts } from './policy-facts.js';

const NOW = 1_800_000_000_000;
const USER = { id: 'ada' };
const PASSWORD: AuthenticationRecord = { method: 'pwd', at: NOW };
const TOTP: AuthenticationRecord = { method: 'totp', at: NOW };
const trusted = (authenticatorId: string): AuthenticationRecord => ({
  method: 'trusted_device',
  at: NOW,
  authenticatorId,
});
const sessionOf = (...methods: AuthenticationRecord[]) => ({ status: 'authenticated', methods });

interface World {
  /** The types that the user has enrolled. */
  types?: string[];
  mustEnroll?: boolean;
  /** Milliseconds since the epoch. */
  deadline?: number | null;
  devices?: string[];
  keys?: object[];
  weakTypes?: string[];
  isOpen?: boolean;
  /** What the profile adds to each requirement. */
  floor?: MfaRequirement;
}

/** The facts about a user with these properties. */
function factsOf({
  types = ['totp'],
  mustEnroll = false,
  deadline = null,
  devices = [],
  keys = [],
  weakTypes = [],
  isOpen = true,
  floor = {},
}: World = {}) {
  const asked: string[] = [];
  const note = <T>(name: string, answer: T): Promise<T> => {
    asked.push(name);
    return Promise.resolve(answer);
  };
  const account = { state: null, authenticators: types.map((type) => ({ type })) };
  const facts = new PolicyFacts(
    { find: () => note('account', account) } as never,
    {
      find: () =>
        note(
          'devices',
          devices.map((id) => ({ id })),
        ),
    } as never,
    { usableTypes: () => note('usable', types) } as never,
    {
      isOpen,
      raise: (requirement: MfaRequirement) => ({ ...requirement, ...floor }),
      weakTypes: () => note('weak', weakTypes),
    } as never,
    {
      isEnrolled: (_: object, rows: object[]) => Promise.resolve(rows.length > 0),
      mustEnroll: () => note('duty', mustEnroll),
      deadline: () => note('deadline', deadline),
    } as never,
    [{ type: 'webauthn', keyFacts: () => note('keys', keys) }] as never,
    { gracePeriodSeconds: 300, supportedTypes: ['totp', 'webauthn'] } as never,
    { now: () => NOW },
  );
  return { facts, asked, account };
}

/** The decision on a session, and what was asked for it. */
async function decide(
  requirement: MfaRequirement,
  session: object | null,
  world: World = {},
  { user = USER, ...how }: { user?: object | null; hasGrace?: boolean; now?: number } = {},
) {
  const { facts, asked } = factsOf(world);
  return { decision: await facts.decide(requirement, { user, session } as never, how), asked };
}

describe('the facts of a decision', () => {
  it('are none without a user', async () => {
    const { decision, asked } = await decide(
      { acceptTrustedDevice: true },
      sessionOf(trusted('1')),
      {},
      { user: null },
    );
    expect([decision, asked]).toEqual([{ allow: false, code: 'unauthenticated' }, []]);
  });

  it('are the session alone where that is enough', async () => {
    const { decision, asked } = await decide({}, sessionOf(PASSWORD, TOTP));
    expect([decision, asked]).toEqual([{ allow: true }, []]);
  });

  it('are those of another time where that is given', async () => {
    const codes = await Promise.all(
      [NOW + 300_000, NOW + 300_001].map((now) => decide({}, sessionOf(PASSWORD, TOTP), {}, { now })),
    );
    expect(codes.map(({ decision }) => decision.allow)).toEqual([true, false]);
  });

  it('are what the user can use, where it is not', async () => {
    const { decision } = await decide({}, sessionOf(PASSWORD), { types: ['totp', 'totp', 'recovery_codes'] });
    expect(decision).toEqual({
      allow: false,
      code: 'mfa_required',
      methods: ['totp', 'totp', 'recovery_codes'],
      maxAge: 300,
    });
    const other = await decide({ methods: ['webauthn'] }, sessionOf(PASSWORD, TOTP));
    expect(other.decision).toEqual({
      allow: false,
      code: 'mfa_enrollment_required',
      reason: 'other_factor_needed',
      methods: ['webauthn'],
    });
  });

  it('are nothing of a session that waits for its second factor', async () => {
    const { decision } = await decide({}, { status: 'pending', methods: [TOTP] });
    expect(decision).toMatchObject({ code: 'mfa_required' });
  });

  it('are those of an account that was read already', async () => {
    const { facts, asked, account } = factsOf();
    await facts.decide(
      {},
      {
        user: USER,
        session: null,
        account: { ...account, authenticators: [] },
      },
    );
    expect(asked).not.toContain('account');
    expect((await decide({}, null)).asked).toContain('account');
  });

  it('are those of keys only where the requirement asks for a kind of key', async () => {
    const world = { types: ['webauthn'], keys: [{ backupEligible: true }] };
    const { decision, asked } = await decide({ deviceBound: true }, sessionOf(PASSWORD), world);
    expect(decision).toMatchObject({ code: 'mfa_enrollment_required', methods: ['webauthn'] });
    expect(asked).toContain('keys');
    expect((await decide({ userVerified: true }, sessionOf(PASSWORD), world)).asked).not.toContain('keys');
  });

  it('are raised to the floor of the profile, under which a weak factor is none', async () => {
    const raised = { isOpen: false, floor: { phishingResistant: true } };
    expect((await decide({}, sessionOf(PASSWORD, TOTP), raised)).decision).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['webauthn'],
    });
    const weak = await decide({}, sessionOf(PASSWORD), { isOpen: false, weakTypes: ['totp'] });
    expect(weak.decision).toMatchObject({ code: 'mfa_enrollment_required' });
    expect((await decide({}, sessionOf(PASSWORD))).asked).not.toContain('weak');
  });
});

describe('the time that is left to set up a factor', () => {
  const without = { types: [], deadline: NOW + 1 };

  it('lets users pass who have none, and no longer', async () => {
    expect((await decide({}, sessionOf(PASSWORD), without)).decision).toEqual({ allow: true });
    const late = await decide({}, sessionOf(PASSWORD), { ...without, deadline: NOW });
    expect(late.decision).toMatchObject({ code: 'mfa_enrollment_required', methods: ['totp', 'webauthn'] });
  });

  it('does not count, and does not begin, where it is asked without', async () => {
    const { decision, asked } = await decide({}, sessionOf(PASSWORD), without, { hasGrace: false });
    expect(decision).toMatchObject({ code: 'mfa_enrollment_required' });
    expect(asked).not.toContain('deadline');
  });

  it('is no question for who has a factor', async () => {
    const { decision, asked } = await decide({}, sessionOf(PASSWORD), { deadline: NOW + 1 });
    expect(decision).toMatchObject({ code: 'mfa_required' });
    expect(asked).not.toContain('deadline');
  });

  it('is not needed where users without one may pass, unless they must have one', async () => {
    const requirement = { allowUnenrolled: true };
    expect((await decide(requirement, sessionOf(PASSWORD), { types: [] })).decision).toEqual({ allow: true });
    const must = await decide(requirement, sessionOf(PASSWORD), { types: [], mustEnroll: true });
    expect(must.decision).toMatchObject({ code: 'mfa_enrollment_required' });
  });
});

describe('a trusted browser', () => {
  const requirement = { acceptTrustedDevice: true };

  it.each<[string, string[], boolean]>([
    ['is trusted still', ['1'], true],
    ['is one of several', ['2', '1'], true],
    ['is trusted no more', [], false],
    ['is another one', ['2'], false],
  ])('counts where it %s', async (_, devices, allow) => {
    const { decision } = await decide(requirement, sessionOf(PASSWORD, trusted('1')), { devices });
    expect(decision.allow).toBe(allow);
  });

  it('takes nothing along that was proven besides when it is trusted no more', async () => {
    const { decision } = await decide(requirement, sessionOf(PASSWORD, trusted('1'), TOTP));
    expect(decision).toEqual({ allow: true });
  });

  it('is looked for only where it may count and is there', async () => {
    expect((await decide({}, sessionOf(PASSWORD, trusted('1')))).asked).not.toContain('devices');
    expect((await decide(requirement, sessionOf(PASSWORD))).asked).not.toContain('devices');
    expect((await decide(requirement, sessionOf(trusted('1')))).asked).toContain('devices');
  });
});
