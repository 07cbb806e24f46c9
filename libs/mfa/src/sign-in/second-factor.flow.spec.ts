import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaType } from '../core/policy/methods.js';
import { MFA_TYPES } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { MfaRequest, getMfaUser } from '../engine/rows/mfa-request.js';
import { SESSION_CLAIM } from '../engine/sessions/authentication-session.service.js';
import type { ProofSubject } from './second-factor.flow.js';
import { ProofPlans, ProofSubjects, SecondFactorFlow } from './second-factor.flow.js';

const ADA: MfaUser = { id: 'ada' };
const SOURCE = { actor: { type: 'user', id: 'ada' }, ip: null, userAgent: null };

const sessionOf = (status: 'pending' | 'authenticated') =>
  ({
    id: 's1',
    userId: 'ada',
    status,
    methods: [{ method: 'pwd', at: 1 }],
  }) as unknown as AuthenticationSession;
const PENDING = sessionOf('pending');
const SIGNED_IN = sessionOf('authenticated');

const rowOf = (type: MfaType, remaining: number | null = null) =>
  ({
    id: `the ${type}`,
    userId: 'ada',
    type,
    role: 'second_factor',
    remaining,
    name: type,
  }) as unknown as Authenticator;
const APP = rowOf('totp');
const KEY = rowOf('webauthn');

interface People {
  /** The user that the application finds on each look-up; an error if it can't tell. */
  found?: MfaUser | null | Error;
  rows?: Authenticator[];
}

function subjectsOf({ found = ADA, rows = [APP] }: People = {}) {
  const seen = { revoked: [] as unknown[], read: 0, onRecord: [] as unknown[] };
  const subjects = new ProofSubjects(
    {
      find: () => {
        seen.read += 1;
        return Promise.resolve(rows);
      },
    } as never,
    {
      renew: (session: AuthenticationSession) => Promise.resolve({ ...session, id: 'renewed' }),
      revoke: (session: object) => Promise.resolve(seen.revoked.push(session)),
    } as never,
    { usableTypes: (...given: unknown[]) => Promise.resolve(given) } as never,
    { supportedSecondFactors: (held: object[] = []) => ['totp', ...held] } as never,
    {
      onRecord: (user: MfaUser, types: string[]) => {
        seen.onRecord.push(types);
        return Promise.resolve({ ...user, onRecord: true });
      },
    } as never,
    {
      findUser: () => (found instanceof Error ? Promise.reject(found) : Promise.resolve(found)),
    } as never,
  );
  return { subjects, seen };
}

const contextOf = (session: AuthenticationSession | null, account: object | null = null) =>
  new MfaRequest({}, { user: session === PENDING ? null : ADA, session, account: account as never });

const subjectOf = (
  session: AuthenticationSession | null,
  extra: Partial<ProofSubject> = {},
): ProofSubject => ({
  user: ADA,
  session,
  isSignIn: session === PENDING,
  authenticators: [APP],
  ...extra,
});

describe('whose second factor is proven', () => {
  it('is who is half signed in, looked up anew', async () => {
    const { subjects, seen } = subjectsOf();
    const context = contextOf(PENDING);
    expect(await subjects.of(context)).toEqual(
      subjectOf(PENDING, { user: { ...ADA, onRecord: true } as MfaUser }),
    );
    // The user was just looked up, so the recipient of a code need not be looked up again.
    expect(seen.onRecord).toEqual([[]]);
    expect(getMfaUser(context.request)).toBe(ADA);
  });

  it.each([
    ['with a session', SIGNED_IN],
    ['without one', null],
  ])('is who is signed in, %s', async (_, session) => {
    const { subjects, seen } = subjectsOf({ found: null, rows: [APP, KEY] });
    expect(await subjects.of(contextOf(session))).toMatchObject({ session, isSignIn: false });
    expect(seen.onRecord).toEqual([['totp', 'webauthn']]);
  });

  it('is somebody whose factors are read once', async () => {
    const { subjects, seen } = subjectsOf({ rows: [] });
    const { authenticators } = await subjects.of(
      contextOf(SIGNED_IN, { state: null, authenticators: [KEY] }),
    );
    expect([authenticators, seen.read]).toEqual([[KEY], 0]);
  });

  it.each<[string, AuthenticationSession | null, unknown[]]>([
    ['with a session', SIGNED_IN, ['totp', ...SIGNED_IN.methods]],
    ['without one', null, ['totp']],
  ])('is nobody without a factor, %s', async (_, session, methods) => {
    const { subjects } = subjectsOf({ rows: [] });
    await expect(subjects.of(contextOf(session))).rejects.toMatchObject({
      code: 'mfa_enrollment_required',
      details: { methods },
    });
  });

  it.each([
    ['nobody', null],
    ['somebody else', { id: 'bob' }],
  ])('is nobody any more when the application finds %s, and the session is over', async (_, found) => {
    const { subjects, seen } = subjectsOf({ found });
    await expect(subjects.of(contextOf(PENDING))).rejects.toMatchObject({ code: 'session_expired' });
    expect(seen.revoked).toEqual([PENDING]);
    await expect(subjects.assertStillThere(SIGNED_IN)).rejects.toMatchObject({ code: 'session_expired' });
    expect(seen.revoked).toEqual([PENDING, SIGNED_IN]);
  });

  it('is there still, or can’t be told, and then the session is over too', async () => {
    const there = subjectsOf();
    await there.subjects.assertStillThere(SIGNED_IN);
    expect(there.seen.revoked).toEqual([]);
    const away = subjectsOf({ found: new Error('away') });
    await expect(away.subjects.assertStillThere(SIGNED_IN)).rejects.toThrow('away');
    expect(away.seen.revoked).toEqual([SIGNED_IN]);
  });

  it('is the same with the session as it is now, and nobody who had none', async () => {
    const { subjects } = subjectsOf();
    expect(await subjects.renew(subjectOf(SIGNED_IN))).toEqual(
      subjectOf({ ...SIGNED_IN, id: 'renewed' } as AuthenticationSession),
    );
    await expect(subjects.renew(subjectOf(null))).rejects.toMatchObject({ code: 'session_expired' });
  });

  it('can use what may stand beside the session, which need not be there', async () => {
    const { subjects } = subjectsOf();
    expect(await subjects.usableTypes(subjectOf(SIGNED_IN))).toEqual([ADA, [APP], SIGNED_IN.methods]);
    expect(await subjects.usableTypes(subjectOf(null))).toEqual([ADA, [APP], undefined]);
  });
});

function plansOf({ opens = [] as Authenticator[], fails = false } = {}) {
  const seen = { planned: [] as unknown[], trusted: [] as unknown[], commits: [] as unknown[] };
  const plans = new ProofPlans(
    { openedByProofOf: () => opens, claimOpening: ({ id }: Authenticator) => ({ opens: id }) } as never,
    {
      planProof: (...given: unknown[]) => {
        seen.planned.push(given);
        return { issued: { session: SIGNED_IN, token: 'new' }, write: 'gains', events: ['verified'] };
      },
    } as never,
    {
      plan: (...given: unknown[]) => {
        seen.trusted.push(given);
        return { writes: ['trusts'], events: ['trusted'] };
      },
    } as never,
    {
      commit: (...given: unknown[]) => {
        seen.commits.push(given);
        return fails ? Promise.reject(new Error('refused')) : Promise.resolve({ committed: true });
      },
    } as never,
  );
  return { plans, seen };
}

describe('what a proof brings', () => {
  it('is the session’s gain, with what the proof has shown', () => {
    const { plans, seen } = plansOf({ opens: [KEY] });
    const planned = plans.of(subjectOf(SIGNED_IN), APP, {}, { facts: { userVerified: true }, weak: true });
    expect(planned).toMatchObject({
      issued: { session: SIGNED_IN, token: 'new' },
      trust: null,
      opens: [KEY],
      codesLeft: null,
      writes: ['gains'],
      events: ['verified'],
    });
    expect(seen.planned).toEqual([
      [
        { userId: 'ada', session: SIGNED_IN },
        APP,
        { userVerified: true, weak: true },
        { ...SOURCE, sessionId: null },
      ],
    ]);
    plans.of(subjectOf(null), APP, {}, {});
    expect(seen.planned[1]).toEqual([
      { userId: 'ada', session: null },
      APP,
      {},
      { ...SOURCE, sessionId: null },
    ]);
    expect(seen.trusted).toEqual([]);
  });

  it('is trust in the browser along with it, where that is asked for', () => {
    const { plans, seen } = plansOf();
    const request = {};
    expect(plans.of(subjectOf(PENDING), APP, request, { trustDevice: true })).toMatchObject({
      writes: ['gains', 'trusts'],
      events: ['verified', 'trusted'],
    });
    expect(seen.trusted).toEqual([[ADA, 'totp', request]]);
  });

  it.each<[string, Authenticator, number | null]>([
    ['a recovery code', rowOf('recovery_codes', 10), 9],
    ['the last one', rowOf('recovery_codes', 1), 0],
    ['what is no recovery code, and counted', rowOf('totp', 10), null],
    ['what is not counted', APP, null],
  ])('tells how many recovery codes are left after %s', (_, row, codesLeft) => {
    expect(plansOf().plans.of(subjectOf(PENDING), row, {}, {}).codesLeft).toBe(codesLeft);
  });

  it('is a lock of another factor that opens after it, or stays', async () => {
    const { plans, seen } = plansOf();
    await plans.open(KEY, ADA, SOURCE as never);
    const authenticator = { id: KEY.id, type: 'webauthn', name: 'webauthn' };
    expect(seen.commits).toEqual([
      [
        [{ opens: KEY.id }],
        {
          user: ADA,
          source: SOURCE,
          events: [{ type: 'mfa.authenticator.unlocked', data: { authenticator, by: 'other_factor' } }],
        },
      ],
    ]);
    await expect(plansOf({ fails: true }).plans.open(KEY, ADA, SOURCE as never)).resolves.toBeUndefined();
  });
});

interface World {
  subject?: ProofSubject;
  /** Whether the profile demands nothing. */
  isOpen?: boolean;
  /** Whether a proof with these facts meets the profile, and whether one of the user's factors does. */
  meets?: (record: object) => boolean;
  hasFitting?: boolean;
  /** The types that the user must enroll first. */
  owed?: MfaType[] | null;
  /** The result of each commit; further ones succeed. */
  results?: object[];
  opens?: Authenticator[];
  codesLeft?: number | null;
  trusts?: boolean;
  isWeak?: boolean;
  /** Whether the first plan loses its claim on the session. */
  again?: boolean;
}

function flowOf({
  subject = subjectOf(PENDING),
  isOpen = true,
  meets = () => true,
  hasFitting = false,
  owed = null,
  results = [],
  opens = [],
  codesLeft = null,
  trusts = false,
  isWeak = false,
  again = false,
}: World) {
  const done: unknown[] = [];
  const seen = {
    verified: [] as unknown[][],
    planned: [] as unknown[][],
    commits: [] as unknown[][],
    handed: [] as unknown[][],
  };
  const trust = trusts ? { giveCookie: (response: object) => done.push(['trusts', response]) } : null;
  const flow = new SecondFactorFlow(
    {
      verify: async (
        user: object,
        code: string,
        rows: object[],
        how: { along: (...given: unknown[]) => { again: () => Promise<unknown> } },
      ) => {
        seen.verified.push([user, code, rows, how]);
        const along = how.along(APP, isWeak);
        if (again) await along.again();
        return along;
      },
    } as never,
    {
      of: () => Promise.resolve(subject),
      renew: (one: ProofSubject) =>
        Promise.resolve({ ...one, session: { ...(one.session as AuthenticationSession), id: 'renewed' } }),
      assertStillThere: (session: object) => Promise.resolve(done.push(['there', session])),
    } as never,
    {
      of: (...given: unknown[]) => {
        seen.planned.push(given);
        const [{ session }] = given as [ProofSubject];
        return {
          issued: { session: session ?? SIGNED_IN, token: 'new' },
          writes: ['gains'],
          events: ['verified'],
          trust,
          opens,
          codesLeft,
        };
      },
      open: (row: Authenticator, _user: object, { sessionId }: { sessionId: string }) =>
        Promise.resolve(done.push(['opens', row.id, sessionId])),
    } as never,
    {
      isOpen,
      meets: (record: object) => meets(record),
      hasFitting: () => Promise.resolve(hasFitting),
      admitted: (rows: object[]) => Promise.resolve(['admitted', ...rows]),
    } as never,
    {
      underProfile: (...given: unknown[]) => {
        done.push(['profile', given[2]]);
        return Promise.resolve(owed);
      },
    } as never,
    {
      complete: (...given: unknown[]) => {
        seen.handed.push(given);
        return Promise.resolve({ status: 'authenticated' });
      },
      handOver: (...given: unknown[]) => {
        seen.handed.push(given);
        return Promise.resolve({ proven: [] });
      },
    } as never,
    {
      started: ({ session }: { session: object }) => Promise.resolve(done.push(['counts', session])),
    } as never,
    {
      commit: (...given: unknown[]) => {
        seen.commits.push(given);
        return Promise.resolve(results.shift() ?? { committed: true });
      },
    } as never,
  );
  const exchange = { request: {}, response: {} };
  const context = new MfaRequest(exchange.request, { response: exchange.response });
  const lost = new MfaException('incorrect_code');
  return {
    byCode: (wishes?: object) => flow.authenticateByCode(context, '123456', wishes),
    finish: (facts?: object, wishes?: object) =>
      flow.finish(
        subject,
        { authenticator: KEY, claims: ['uses'] as never, ...(facts ? { facts } : {}) },
        lost,
        exchange,
        wishes,
      ),
    exchange,
    context,
    done,
    lost,
    ...seen,
  };
}

describe('a proof by a code', () => {
  it('is looked for among the factors that the profile admits', async () => {
    const { byCode, verified } = flowOf({});
    expect(await byCode()).toEqual({ status: 'authenticated' });
    expect(verified).toMatchObject([
      [
        ADA,
        '123456',
        ['admitted', APP],
        { source: { ...SOURCE, sessionId: 's1' }, types: MFA_TYPES, afterFirstFactor: true },
      ],
    ]);
  });

  it.each<[string, ProofSubject, object]>([
    ['a step-up', subjectOf(SIGNED_IN), { afterFirstFactor: false, source: { ...SOURCE, sessionId: 's1' } }],
    [
      'one without a session',
      subjectOf(null),
      { afterFirstFactor: false, source: { ...SOURCE, sessionId: null } },
    ],
  ])('finishes no sign-in where it is %s', async (_, subject, how) => {
    const { byCode, verified } = flowOf({ subject });
    await byCode();
    expect(verified[0]?.[3]).toMatchObject({ ...how, types: MFA_TYPES });
  });

  it.each<[boolean, boolean, object]>([
    [true, false, { trustDevice: true, weak: true }],
    [true, true, { trustDevice: true }],
    [false, false, { trustDevice: true }],
    [false, true, { trustDevice: true }],
  ])(
    'that is weak (%p) where the profile demands nothing (%p) is planned as such',
    async (isWeak, isOpen, wishes) => {
      const { byCode, planned, context } = flowOf({ isWeak, isOpen });
      await byCode({ trustDevice: true });
      expect(planned).toEqual([[subjectOf(PENDING), APP, context.request, wishes]]);
    },
  );

  it('is planned anew with the session as it is, where that has changed', async () => {
    const { byCode, planned, handed } = flowOf({ again: true });
    await byCode();
    const sessions = planned.map(([subject]) => (subject as ProofSubject).session?.id);
    expect(sessions).toEqual(['s1', 'renewed']);
    expect(handed[0]?.[1]).toMatchObject({ session: { id: 'renewed' } });
  });
});

describe('a proof that was verified elsewhere', () => {
  it('is recorded with its claims, all or nothing', async () => {
    const { finish, commits, planned, exchange } = flowOf({});
    expect(await finish({ userVerified: true }, { trustDevice: true })).toEqual({ status: 'authenticated' });
    expect(planned).toEqual([
      [subjectOf(PENDING), KEY, exchange.request, { trustDevice: true, facts: { userVerified: true } }],
    ]);
    expect(commits).toEqual([
      [
        ['uses', 'gains'],
        {
          user: ADA,
          source: { ...SOURCE, sessionId: 's1' },
          events: [expect.objectContaining({ type: 'mfa.authenticator.used' }), 'verified'],
        },
      ],
    ]);
  });

  it('is planned anew where the session has changed, and refused where it was used already', async () => {
    const changed = flowOf({ results: [{ committed: false, lost: SESSION_CLAIM }] });
    await changed.finish();
    expect(changed.planned.map(([subject]) => (subject as ProofSubject).session?.id)).toEqual([
      's1',
      'renewed',
    ]);
    const used = flowOf({ results: [{ committed: false, lost: 'authenticator' }] });
    await expect(used.finish()).rejects.toBe(used.lost);
    expect([used.commits.length, used.handed]).toEqual([1, []]);
  });

  it('signs nobody in below the profile who has what meets it', async () => {
    const meets = (record: { method?: string; userVerified?: boolean }) =>
      record.method === 'webauthn' && record.userVerified === true;
    const below = flowOf({ meets, hasFitting: true });
    await expect(below.finish({ userVerified: false })).rejects.toBe(below.lost);
    expect(below.commits).toEqual([]);
    await expect(flowOf({ meets, hasFitting: true }).finish()).rejects.toBeInstanceOf(MfaException);
    for (const [hasFitting, userVerified] of [
      [true, true],
      [false, false],
    ]) {
      const passing = flowOf({ meets, hasFitting });
      expect(await passing.finish({ userVerified })).toEqual({ status: 'authenticated' });
    }
  });
});

describe('after a proof', () => {
  it.each<[string, ProofSubject, string, unknown[]]>([
    ['a sign-in is counted', subjectOf(PENDING), 'sign_in', [['counts', PENDING]]],
    ['a step-up is not', subjectOf(SIGNED_IN), 'proof', []],
    ['a session that starts with it is', subjectOf(null), 'proof', [['counts', SIGNED_IN]]],
    [
      'a passkey’s is, of a user who is there still',
      subjectOf(null, { isSignIn: true }),
      'sign_in',
      [
        ['there', SIGNED_IN],
        ['counts', SIGNED_IN],
      ],
    ],
  ])('%s', async (_, subject, occasion, expected) => {
    const { finish, done, handed, exchange } = flowOf({ subject });
    await finish();
    expect(done).toEqual(expected);
    expect(handed).toEqual([
      [ADA, { session: subject.session ?? SIGNED_IN, token: 'new' }, exchange, occasion],
    ]);
  });

  it('locks open, and the browser is trusted', async () => {
    const { finish, done, exchange } = flowOf({ opens: [APP], trusts: true });
    await finish();
    expect(done).toEqual([
      ['counts', PENDING],
      ['opens', APP.id, 's1'],
      ['trusts', exchange.response],
    ]);
  });

  it.each([[0], [9]])('the client is told that %i recovery codes are left', async (codesLeft) => {
    expect(await flowOf({ codesLeft }).byCode()).toEqual({
      status: 'authenticated',
      remainingRecoveryCodes: codesLeft,
    });
  });

  it('a factor that the profile owes comes before the application’s part', async () => {
    const { finish, done, handed, exchange } = flowOf({ isOpen: false, owed: ['webauthn'] });
    expect(await finish()).toEqual({ status: 'enrollment_required', methods: ['webauthn'], proven: [] });
    expect(done).toContainEqual(['profile', { request: exchange.request, session: PENDING }]);
    expect(handed).toEqual([[ADA, { session: PENDING, token: 'new' }, exchange, 'sign_in']]);
    const paid = flowOf({ isOpen: false });
    expect(await paid.finish()).toEqual({ status: 'authenticated' });
  });
});
