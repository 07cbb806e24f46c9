import { describe, expect, it } from '@jest/globals';

import type { MfaPolicyDecision, MfaRequirement } from '../core/policy/policy.js';
import { getMfaSession } from '../engine/rows/mfa-request.js';
import { judgedBy } from './judgements.js';
import { MfaPolicyService } from './mfa-policy.service.js';

const NOW = 1_800_000_000_000;
const USER = { id: 'ada' };
const SESSION = { id: 's1', userId: 'ada', status: 'authenticated', methods: [{ method: 'pwd', at: NOW }] };
const ALLOWED: MfaPolicyDecision = { allow: true };
const REFUSED: MfaPolicyDecision = { allow: false, code: 'mfa_required', methods: ['totp'], maxAge: 300 };

interface World {
  user?: object | null;
  session?: object | null;
  decision?: MfaPolicyDecision;
  mustEnroll?: boolean;
  isOver?: boolean;
  options?: object;
}

/** The policy for requests of this user with this session, and what it has asked. */
function policyOf({
  user = USER,
  session = SESSION,
  decision = REFUSED,
  mustEnroll = true,
  isOver = false,
  options = {},
}: World = {}) {
  const asked: {
    requirement: MfaRequirement;
    user: unknown;
    session: unknown;
    hasGrace?: boolean;
    now?: number;
  }[] = [];
  const resolved: object[] = [];
  const spent: unknown[] = [];
  const demanded: unknown[] = [];
  const recent: unknown[] = [];
  const account = { state: null, authenticators: ['an app'] };
  const policy = new MfaPolicyService(
    {
      resolve: (request: object, how: object) => {
        resolved.push(how);
        return Promise.resolve({ request, user, session, account: null });
      },
      noteUse: (request: object) => resolved.push({ used: request }),
    } as never,
    {
      accountOf: () => Promise.resolve(account),
      decide: (requirement: MfaRequirement, context: { user: unknown; session: unknown }, how?: object) => {
        asked.push({ requirement, user: context.user, session: context.session, ...how });
        return Promise.resolve({ ...decision });
      },
    } as never,
    {
      spend: async (
        requirement: MfaRequirement,
        context: object,
        decide: (context: object, now: number) => Promise<MfaPolicyDecision>,
        told?: (session: object, before: object) => void,
      ) => {
        spent.push(requirement);
        const made = await decide(context, NOW + 1);
        if (made.allow) told?.({ ...SESSION, methods: ['spent'] }, SESSION);
        return made;
      },
    } as never,
    {
      isDemanded: (_user: object, read: object, context: object) => {
        demanded.push(read, context);
        return Promise.resolve(mustEnroll);
      },
      overdueTypes: () => Promise.resolve(mustEnroll ? ['totp'] : null),
      assertNotOverdue: (context: object) => {
        demanded.push(context);
        return Promise.resolve();
      },
    } as never,
    { assert: (...given: unknown[]) => Promise.resolve(recent.push(...given)) } as never,
    { isOver: () => isOver } as never,
    {
      acr: { high: { phishingResistant: true } },
      gracePeriodSeconds: 300,
      enrollmentGracePeriodSeconds: 0,
      session: { ttlSeconds: 1000, rememberTtlSeconds: 0 },
      ...options,
    } as never,
    { now: () => NOW },
  );
  return { policy, asked, resolved, spent, demanded, recent, account };
}

describe('the decision on a request', () => {
  it('is made of its user and session, and remembers whose it is', async () => {
    const { policy, asked, resolved } = policyOf();
    const request = {};
    const decision = await policy.decide({ maxAge: 5 }, request);
    expect(decision).toEqual(REFUSED);
    expect(judgedBy(decision)).toBe(USER);
    expect(asked).toEqual([{ requirement: { maxAge: 5 }, user: USER, session: SESSION }]);
    // Asking whether it may pass is no use of the session yet.
    expect(resolved).toEqual([{ operation: request, isUse: false, withAccount: false }]);
  });

  it('is on what the level of that name asks for', async () => {
    const { policy, asked } = policyOf();
    await policy.decide({ acr: 'high' }, {});
    expect(asked[0]?.requirement).toMatchObject({ phishingResistant: true });
  });

  it.each<[string, MfaRequirement, number, boolean]>([
    ['nothing of the kind', {}, 0, false],
    ['time to set up a factor', {}, 1, true],
    ['trusted browsers', { acceptTrustedDevice: true }, 0, true],
    ['no trusted browser', { acceptTrustedDevice: false }, 0, false],
    ['both', { acceptTrustedDevice: true }, 1, true],
  ])(
    'reads the account along where there may be %s',
    async (_, asked, enrollmentGracePeriodSeconds, withAccount) => {
      const { policy, resolved } = policyOf({ options: { enrollmentGracePeriodSeconds } });
      await policy.decide(asked, {});
      expect(resolved).toMatchObject([{ withAccount }]);
    },
  );

  it('is made once for an operation and a requirement', async () => {
    const { policy, asked } = policyOf();
    const [request, operation] = [{}, {}];
    await policy.decide({}, request, operation);
    await policy.decide({}, request, operation);
    expect(asked).toHaveLength(1);
    await policy.decide({ maxAge: 5 }, request, operation);
    await policy.decide({}, request, {});
    expect(asked).toHaveLength(3);
  });
});

describe('a proof that a request is to spend', () => {
  const once = { once: true };

  it('is spent, and the request goes on with the session as it is then', async () => {
    const { policy, spent } = policyOf({ decision: ALLOWED });
    const request = {};
    expect(await policy.decide(once, request)).toEqual(ALLOWED);
    expect(spent).toEqual([once]);
    expect(getMfaSession(request)?.methods).toEqual(['spent']);
  });

  it('is decided on at the time that it is spent at', async () => {
    const { policy, asked } = policyOf({ decision: ALLOWED });
    await policy.decide(once, {});
    await policy.check(USER, SESSION as never, { once: true });
    await policy.decide({}, {});
    expect(asked.map(({ now }) => now)).toEqual([NOW + 1, NOW + 1, undefined]);
  });

  it('is not missed when the same call is asked for again', async () => {
    const { policy, spent, asked } = policyOf({ decision: ALLOWED });
    const [request, call] = [{}, {}];
    await policy.decide({ once: true, maxAge: 5 }, request, {}, call);
    await policy.decide({ once: true, maxAge: 5 }, request, {}, call);
    expect(spent).toHaveLength(1);
    expect(asked.map(({ requirement }) => requirement)).toEqual(Array(2).fill({ once: true, maxAge: 5 }));
    await policy.decide(once, request, {}, {});
    expect(spent).toHaveLength(2);
  });

  it('is asked for again in another session, and where the first was refused', async () => {
    const world: World = { decision: ALLOWED, session: { ...SESSION, id: 'other' } };
    for (const one of [world, { session: null, decision: ALLOWED }, {}]) {
      const { policy, spent } = policyOf(one);
      const call = {};
      await policy.decide(once, {}, {}, call);
      await policy.decide(once, {}, {}, call);
      expect(spent).toHaveLength(2);
    }
  });

  it('is no matter for others', async () => {
    const { policy, spent } = policyOf();
    await policy.decide({}, {});
    expect(spent).toEqual([]);
  });
});

describe('the user of a request', () => {
  it('is found for the operation, which is no use of the session', async () => {
    const { policy, resolved } = policyOf();
    const [request, operation] = [{}, {}];
    expect(await policy.findUser(request, operation)).toBe(USER);
    await policy.findUser(request);
    expect(resolved).toEqual([
      { operation, isUse: false },
      { operation: request, isUse: false },
    ]);
    policy.noteUse(request);
    expect(resolved.at(-1)).toEqual({ used: request });
  });
});

describe('the decision outside guards', () => {
  it.each<[string, World, object | null, object | null, object | null]>([
    ['the user’s own', {}, USER, SESSION, SESSION],
    ['another user’s', {}, { id: 'bob' }, SESSION, null],
    ['over', { isOver: true }, USER, SESSION, null],
    ['not there', {}, USER, null, null],
    ['nobody’s', {}, null, SESSION, null],
  ])(
    'counts a session only where it is the user’s own and lives: %s',
    async (_, world, user, session, counted) => {
      const { policy, asked } = policyOf(world);
      await policy.check(user as never, session as never, { maxAge: 5 });
      expect(asked).toEqual([{ requirement: { maxAge: 5 }, user, session: counted }]);
    },
  );

  it('demands any second factor where nothing is said, and the level of a name', async () => {
    const { policy, asked } = policyOf();
    await policy.check(USER, null);
    await policy.check(USER, null, { acr: 'high' });
    expect(asked).toMatchObject([{ requirement: {} }, { requirement: { phishingResistant: true } }]);
  });

  it('spends a proof only where it is asked to', async () => {
    const { policy, spent } = policyOf({ decision: ALLOWED });
    await policy.check(USER, SESSION as never);
    expect(spent).toEqual([]);
    expect(await policy.check(USER, SESSION as never, { once: true })).toEqual(ALLOWED);
    expect(spent).toEqual([{ once: true }]);
  });
});

describe('the decision on what a client asks of an authorization server', () => {
  const ask = { acrValues: 'high' };

  it.each<[string, World, object | null, object | null]>([
    ['the user’s own', {}, SESSION, SESSION],
    ['another user’s', {}, { ...SESSION, userId: 'bob' }, null],
    ['over', { isOver: true }, SESSION, null],
    ['not there', {}, null, null],
  ])(
    'counts a session only where it is the user’s own and lives, and no time that is left: %s',
    async (_, world, session, counted) => {
      const { policy, asked } = policyOf(world);
      const decision = await policy.checkAuthorization(USER, session as never, ask);
      expect(decision).toMatchObject({ isSatisfied: false, acr: 'high' });
      expect(asked).toMatchObject([{ user: USER, session: counted, hasGrace: false }]);
    },
  );

  it.each([
    [{ ttlSeconds: 1000, rememberTtlSeconds: 0 }, 1000],
    [{ ttlSeconds: 1000, rememberTtlSeconds: 5000 }, 5000],
  ])('takes a proof of as long ago as a session can be: %j', async (session, maxAge) => {
    const { policy, asked } = policyOf({ options: { session } });
    await policy.checkAuthorization(USER, SESSION as never, ask);
    expect(asked[0]?.requirement).toMatchObject({ maxAge });
  });

  it('owes a factor that has to be set up first', async () => {
    const owed = { allow: false, code: 'mfa_enrollment_required', methods: ['totp'] };
    expect(await policyOf().policy.checkAuthorization(USER, SESSION as never, {})).toEqual({
      isSatisfied: false,
      owed,
    });
    const free = await policyOf({ mustEnroll: false }).policy.checkAuthorization(USER, SESSION as never, {});
    expect(free).toEqual({ isSatisfied: true, authTime: new Date(NOW) });
  });
});

describe('what the global guard asks', () => {
  it('is nothing without a user, and of who need not have a factor', async () => {
    const nobody = policyOf({ user: null });
    const passed = await nobody.policy.decideGlobally({});
    expect([passed, judgedBy(passed), nobody.asked]).toEqual([ALLOWED, null, []]);
    const free = policyOf({ mustEnroll: false });
    const decision = await free.policy.decideGlobally({});
    expect([decision, judgedBy(decision), free.asked]).toEqual([ALLOWED, USER, []]);
  });

  it('is a factor that was proven in this session, however long ago, of who must have one', async () => {
    const { policy, asked, resolved, demanded, account } = policyOf();
    const request = {};
    expect(await policy.decideGlobally(request)).toEqual(REFUSED);
    expect(asked).toEqual([{ requirement: { maxAge: 1000 }, user: USER, session: SESSION }]);
    expect(resolved).toEqual([{ operation: request, withAccount: true, isUse: false }]);
    expect(demanded[0]).toBe(account);
  });

  it('is asked once for an operation', async () => {
    const { policy, asked } = policyOf();
    const [request, operation] = [{}, {}];
    await policy.decideGlobally(request, operation);
    await policy.decideGlobally(request, operation);
    expect(asked).toHaveLength(1);
    await policy.decide({}, request, operation);
    expect(asked).toHaveLength(2);
  });
});

describe('a recent proof', () => {
  it('is demanded of a user, for what they are about to do', async () => {
    const { policy, recent, account } = policyOf();
    const context = { user: USER } as never;
    await policy.assertRecent(context, 'adding');
    await policy.assertRecent(context);
    expect(recent).toEqual([
      context,
      account.authenticators,
      'adding',
      context,
      account.authenticators,
      undefined,
    ]);
    await expect(policy.assertRecent({ user: null } as never)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('is no matter of what has to be set up first, which is asked apart', async () => {
    const { policy, demanded } = policyOf();
    const context = { user: USER } as never;
    await policy.assertNotOverdue(context);
    expect(demanded).toEqual([context]);
    expect(policy.defaultMaxAge).toBe(300);
  });
});
