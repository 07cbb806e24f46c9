/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord, MfaType } from '../../core/policy/methods.js';
import { SECOND_FACTOR_TYPES, registerFactorType } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import type { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { EnrollmentPolicy } from './enrollment-policy.js';

const NOW = 1_800_000_000_000;
const GRACE_SECONDS = 3600;
const ADA = { id: 7 };
const SESSION = { id: 'hers' } as AuthenticationSession;
/** When the grace period of a user who had not heard of it begins. */
const FIRST_TOLD = new Date(NOW - 1000);
const GRACE_END = FIRST_TOLD.getTime() + GRACE_SECONDS * 1000;

registerFactorType({ type: 'pager', channel: 'email' });

const stateOf = (changed: Partial<MfaUserState>) =>
  ({ enrollmentStartedAt: null, enrolledAt: null, enrollmentRequiredFrom: null, ...changed }) as MfaUserState;
const inMinutes = (minutes: number) => new Date(NOW + minutes * 60_000);
const demandedIn = (minutes: number) => stateOf({ enrollmentRequiredFrom: inMinutes(minutes) });

interface World {
  /** Whether the application requires a second factor of the user. */
  required?: boolean;
  graceSeconds?: number;
  supported?: readonly MfaType[];
}

function policyOf({ required = true, graceSeconds = GRACE_SECONDS, supported = [] }: World = {}) {
  const asked: unknown[][] = [];
  const starts: unknown[][] = [];
  const policy = new EnrollmentPolicy(
    {
      startEnrollmentGrace: (...origin: unknown[]) => {
        starts.push(origin);
        return Promise.resolve(FIRST_TOLD);
      },
    } as never,
    {
      isMfaRequired: (...about: unknown[]) => {
        asked.push(about);
        return required;
      },
      isMfaEnabled: (...about: unknown[]) => {
        asked.push(about);
        return true;
      },
    } as never,
    { enrollmentGracePeriodSeconds: graceSeconds, supportedTypes: supported } as never,
    { now: () => NOW },
  );
  return { policy, asked, starts };
}

describe('whether a user must enroll', () => {
  const mustEnroll = (required: boolean, state: MfaUserState | null) =>
    policyOf({ required }).policy.mustEnroll(ADA, state);

  it('is up to the application', async () => {
    for (const state of [null, stateOf({})]) {
      await expect(mustEnroll(true, state)).resolves.toBe(true);
      await expect(mustEnroll(false, state)).resolves.toBe(false);
    }
  });

  it('is up to an administrator from the time of the demand', async () => {
    await expect(mustEnroll(false, demandedIn(1))).resolves.toBe(false);
    await expect(mustEnroll(true, demandedIn(1))).resolves.toBe(true);
    await expect(mustEnroll(false, demandedIn(0))).resolves.toBe(true);
    await expect(mustEnroll(false, demandedIn(-1))).resolves.toBe(true);
  });

  it('is asked with what prompts the question', async () => {
    const { policy, asked } = policyOf();
    await policy.mustEnroll(ADA, null, { session: SESSION });
    await policy.mustEnroll(ADA, null);
    expect(asked).toEqual([
      [ADA, { session: SESSION }],
      [ADA, {}],
    ]);
  });
});

it('leaves to the application who is enrolled, given what was read', async () => {
  const { policy, asked } = policyOf();
  await expect(policy.isEnrolled(ADA, [])).resolves.toBe(true);
  expect(asked).toEqual([[ADA, undefined, []]]);
});

describe('the deadline for protected routes', () => {
  it('is the end of the grace period, which begins now if it has not', async () => {
    const { policy, starts } = policyOf();
    const state = stateOf({});
    await expect(policy.deadline(ADA, state, { session: SESSION })).resolves.toBe(GRACE_END);
    await expect(policy.deadline(ADA, null)).resolves.toBe(GRACE_END);
    expect(starts).toEqual([
      ['7', state, SESSION],
      ['7', null, null],
    ]);
  });

  it('is no later than the demand of an administrator', async () => {
    const deadline = (minutes: number) => policyOf().policy.deadline(ADA, demandedIn(minutes));
    await expect(deadline(5)).resolves.toBe(inMinutes(5).getTime());
    await expect(deadline(500)).resolves.toBe(GRACE_END);
  });

  it.each<[string, World, MfaUserState | null]>([
    ['without a grace period', { graceSeconds: 0 }, null],
    ['for who had a second factor before', {}, stateOf({ enrolledAt: inMinutes(-5) })],
  ])('is none %s', async (_, world, state) => {
    const { policy, starts } = policyOf(world);
    await expect(policy.deadline(ADA, state)).resolves.toBeNull();
    expect(starts).toEqual([]);
  });
});

describe('the duty to enroll', () => {
  const dutyOf = (world: World, state: MfaUserState | null, ...rest: [object?, boolean?]) => {
    const [context = {}, starts] = rest;
    return policyOf(world).policy.duty(ADA, state, context, starts);
  };

  it('is none if nobody demands it', async () => {
    await expect(dutyOf({ required: false }, null)).resolves.toBeNull();
    await expect(dutyOf({ required: false }, stateOf({}))).resolves.toBeNull();
  });

  it('lasts until the grace period ends', async () => {
    await expect(dutyOf({}, null)).resolves.toEqual({ deadline: new Date(GRACE_END), isOverdue: false });
    // Two seconds after it began, one of them has passed.
    await expect(dutyOf({ graceSeconds: 2 }, null)).resolves.toMatchObject({ isOverdue: false });
    await expect(dutyOf({ graceSeconds: 1 }, null)).resolves.toEqual({
      deadline: new Date(NOW),
      isOverdue: true,
    });
  });

  it('is overdue at once without a grace period, even if an administrator demands it later', async () => {
    const overdue = { deadline: null, isOverdue: true };
    await expect(dutyOf({ graceSeconds: 0 }, null)).resolves.toEqual(overdue);
    await expect(dutyOf({ graceSeconds: 0 }, demandedIn(5))).resolves.toEqual(overdue);
    await expect(dutyOf({}, stateOf({ enrolledAt: inMinutes(-5) }))).resolves.toEqual(overdue);
  });

  it('has the deadline of an administrator, if only they demand it, or sooner than the application', async () => {
    const until = (minutes: number, isOverdue: boolean) => ({ deadline: inMinutes(minutes), isOverdue });
    await expect(dutyOf({ required: false }, demandedIn(500))).resolves.toEqual(until(500, false));
    await expect(dutyOf({ required: false, graceSeconds: 0 }, demandedIn(5))).resolves.toEqual(
      until(5, false),
    );
    await expect(dutyOf({}, demandedIn(5))).resolves.toEqual(until(5, false));
    await expect(dutyOf({}, demandedIn(-5))).resolves.toEqual(until(-5, true));
    await expect(dutyOf({}, demandedIn(500))).resolves.toMatchObject({ deadline: new Date(GRACE_END) });
  });

  it('starts the grace period of the application’s demand for this session, and no other', async () => {
    const { policy, starts, asked } = policyOf();
    const state = stateOf({});
    await policy.duty(ADA, state, { session: SESSION });
    await policy.duty(ADA, state, {});
    expect(starts).toEqual([
      ['7', state, SESSION],
      ['7', state, null],
    ]);
    expect(asked).toEqual([
      [ADA, { session: SESSION }],
      [ADA, {}],
    ]);
    const other = policyOf({ required: false });
    await other.policy.duty(ADA, demandedIn(5), {});
    expect(other.starts).toEqual([]);
  });

  it('can be looked at without starting it', async () => {
    const { policy, starts } = policyOf();
    const begun = stateOf({ enrollmentStartedAt: inMinutes(-5) });
    for (const [state, start] of [
      [null, 0],
      [stateOf({}), 0],
      [begun, -5],
    ] as const) {
      const deadline = new Date(inMinutes(start).getTime() + GRACE_SECONDS * 1000);
      await expect(policy.duty(ADA, state, {}, false)).resolves.toEqual({ deadline, isOverdue: false });
    }
    expect(starts).toEqual([]);
  });
});

describe('the second factors that a user can enroll', () => {
  it('are those that are supported, in the order of lists', () => {
    const [first, ...others] = SECOND_FACTOR_TYPES;
    expect(others.length).toBeGreaterThan(1);
    const all = policyOf({ supported: [...SECOND_FACTOR_TYPES].reverse() }).policy;
    expect(all.supportedSecondFactors()).toEqual(SECOND_FACTOR_TYPES);
    const one = policyOf({ supported: [first as MfaType, 'recovery_codes'] }).policy;
    expect(one.supportedSecondFactors()).toEqual([first]);
  });

  it('are none whose codes go where the first factor went', () => {
    const { policy } = policyOf({ supported: SECOND_FACTOR_TYPES });
    const after = (record: object) =>
      policy.supportedSecondFactors([{ at: NOW, ...record } as AuthenticationRecord]);
    expect(after({ method: 'pwd' })).toEqual(SECOND_FACTOR_TYPES);
    expect(after({ method: 'email', isFirst: true })).toEqual(
      SECOND_FACTOR_TYPES.filter((type) => type !== ('pager' as MfaType)),
    );
  });
});
