import { describe, expect, it } from '@jest/globals';

import type { AuthenticationRecord } from '../core/policy/methods.js';
import { DueEnrollment } from './due-enrollment.js';

const PASSWORD: AuthenticationRecord = { method: 'pwd', at: 1 };
const TOTP: AuthenticationRecord = { method: 'totp', at: 1 };
const KEY: AuthenticationRecord = { method: 'webauthn', at: 1 };
const OVERDUE = { isOverdue: true, deadline: null };

interface World {
  records?: AuthenticationRecord[];
  user?: object | null;
  isEnrolled?: boolean;
  /** Whether one of the user's factors meets the profile. */
  hasFitting?: boolean;
  /** The methods whose proofs meet the profile. */
  meeting?: string[];
  duty?: object | null;
}

/** A user who has signed in with a password alone, has no factor, and must have one. */
function dueOf({
  records = [PASSWORD],
  user = { id: 'ada' },
  isEnrolled = false,
  hasFitting = false,
  meeting = ['pwd', 'totp', 'webauthn'],
  duty = OVERDUE,
}: World) {
  const due = new DueEnrollment(
    {
      accountOf: () => Promise.resolve({ state: null, authenticators: [] }),
      isEnrolled: () => Promise.resolve(isEnrolled),
    } as never,
    {
      meets: ({ method }: AuthenticationRecord) => meeting.includes(method),
      hasFitting: () => Promise.resolve(hasFitting),
    } as never,
    {
      duty: () => Promise.resolve(duty),
      mustEnroll: () => Promise.resolve(duty !== null),
      supportedSecondFactors: (held: AuthenticationRecord[]) => ['totp', ...held.map(({ method }) => method)],
    } as never,
  );
  return { due, context: { user, session: { status: 'authenticated', methods: records } } as never };
}

const overdueTypes = ({ due, context }: ReturnType<typeof dueOf>) => due.overdueTypes(context);

describe('a second factor that has to be set up first', () => {
  it('is one of those that may stand beside what was proven', async () => {
    expect(await overdueTypes(dueOf({}))).toEqual(['totp', 'pwd']);
  });

  it.each<[string, World]>([
    ['nobody is there', { user: null }],
    ['the user need not have one', { duty: null }],
    ['there is time left', { duty: { isOverdue: false, deadline: new Date(2) } }],
    ['there is one', { isEnrolled: true, hasFitting: true }],
    ['one was proven here', { records: [PASSWORD, TOTP] }],
    [
      'one was proven here among others that count for nothing',
      { records: [PASSWORD, TOTP, KEY], meeting: ['webauthn'] },
    ],
  ])('is not owed where %s', async (_, world) => {
    expect(await overdueTypes(dueOf(world))).toBeNull();
    const { due, context } = dueOf(world);
    await expect(due.assertNotOverdue(context)).resolves.toBeUndefined();
  });

  it.each<[string, World]>([
    ['none of those that are there meets the profile', { isEnrolled: true }],
    ['the application says that there is none, whatever is kept here', { hasFitting: true }],
    ['what was proven does not meet the profile', { records: [PASSWORD, TOTP], meeting: ['webauthn'] }],
  ])('is owed where %s', async (_, world) => {
    const { due, context } = dueOf(world);
    const methods = await due.overdueTypes(context);
    expect(methods).toContain('totp');
    await expect(due.assertNotOverdue(context)).rejects.toMatchObject({
      code: 'mfa_enrollment_required',
      details: { methods },
    });
  });

  it('is demanded of who must have one', async () => {
    const account = { state: null, authenticators: [] };
    for (const [duty, isDemanded] of [
      [OVERDUE, true],
      [null, false],
    ] as const) {
      const { due, context } = dueOf({ duty });
      expect(await due.isDemanded({ id: 'ada' }, account, context)).toBe(isDemanded);
    }
  });
});
