/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaType } from '../../core/policy/methods.js';
import { registerFactorType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { NewFactor } from '../../engine/changes/add-authenticator.flow.js';
import type { FactorState, PlannedChange } from '../../engine/changes/factor-change.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { APPLICATION_SOURCE, MfaRequest } from '../../engine/rows/mfa-request.js';
import { FactorSetupFlow } from './factor-setup.flow.js';

const USER: MfaUser = { id: 'ada' };
const EXPIRES = new Date(1_800_000_000_000);
const FAILURE = { type: 'mfa.enrollment.failed', data: { type: 'pager' } };

registerFactorType({ type: 'pager', channel: 'pager', maxPerUser: 2 } as never);
registerFactorType({ type: 'badge', judgedBy: 'own_tables' } as never);

/** Only what this class looks at. */
const row = (type: string, id = '', text = '') =>
  ({ type, id, data: JSON.stringify({ text }) }) as unknown as Authenticator;
/** A request of Ada's, in an authenticated session unless it says otherwise. */
const requestIn = (
  id: string,
  { status = 'authenticated', methods = [{ method: 'pwd' }] as object[] } = {},
) =>
  new MfaRequest(
    { ip: '192.0.2.1' },
    { user: USER, session: { id, userId: 'ada', status, methods } as never },
  );

interface World {
  rows?: Authenticator[];
  /** The rows when the change is made. */
  later?: Authenticator[];
  hasState?: boolean;
  /** What the factor says to the first code. */
  verdict?: unknown;
  setup?: object | null;
  /** Thrown where the factor would be added. */
  refusal?: Error;
  mayNot?: 'enroll' | 'stand in' | 'replace';
  /** Whether an authenticator with this data works. */
  isUsable?: (data: string) => boolean;
}

function prepare(world: World = {}) {
  const { rows = [], later = rows, hasState = true, verdict = {}, refusal, mayNot, isUsable } = world;
  const { setup = { id: 'setup-1', userId: 'ada', type: 'pager', data: '{"text":"begun"}' } } = world;
  const seen = {
    begun: [] as unknown[],
    ensured: [] as unknown[],
    changes: [] as { origin: object; planned: PlannedChange<unknown> }[],
    looked: [] as unknown[],
    judged: [] as unknown[],
    added: [] as { user: MfaUser; factor: NewFactor; context: unknown }[],
    attempts: [] as unknown[],
  };
  const settle =
    (name: string) =>
    (_: unknown, ...events: object[]) => {
      seen.attempts.push([name, ...events]);
      return Promise.resolve();
    };
  const factor = {
    begin: (request: object, body: object) => {
      seen.begun.push([request, body]);
      return Promise.resolve({ data: 'begun', expiresAt: EXPIRES, answer: { shown: true } });
    },
    activate: (...given: unknown[]) => {
      seen.judged.push(given);
      return verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict);
    },
    ...(isUsable && { isUsable: (_: MfaUser, { data }: { data: string }) => isUsable(data) }),
  };
  const flow = new FactorSetupFlow(
    {
      find: (type: string) => (type === 'gone' ? undefined : factor),
      onRecord: (user: MfaUser) => Promise.resolve({ ...user, email: 'on record' }),
    } as never,
    {
      findSetup: (...looked: unknown[]) => {
        seen.looked.push(looked);
        return Promise.resolve(setup);
      },
      planSetup: (planned: object) => ({ stores: planned }),
      claimSetup: ({ id }: { id: string }) => ({ claims: id }),
    } as never,
    new FactorData({
      encrypt: (text: string, context: object) => JSON.stringify({ text, ...context }),
      decrypt: (text: string) => (JSON.parse(text) as { text: string }).text,
    } as never),
    { find: () => Promise.resolve({ state: hasState ? {} : null, authenticators: rows }) } as never,
    { ensure: (...ensured: unknown[]) => Promise.resolve(void seen.ensured.push(ensured)) } as never,
    {
      assertMayEnroll: () => {
        if (mayNot === 'enroll') throw new MfaException('unverified_email');
      },
      assertMayStandIn: () => {
        if (mayNot === 'stand in') throw new MfaException('mfa_enrollment_required');
      },
      assertReplaceable: () => {
        if (mayNot === 'replace') throw new MfaException('cannot_delete_authenticator');
        return Promise.resolve();
      },
      add: async (user: MfaUser, added: NewFactor, context?: MfaRequest) => {
        seen.added.push({ user, factor: added, context });
        await added.check?.({ userId: 'ada', authenticators: later, session: null });
        if (refusal) throw refusal;
        return { authenticator: added.authenticator, isFirst: true };
      },
    } as never,
    {
      run: async (
        _: MfaUser,
        origin: object,
        plan: (state: FactorState) => Promise<PlannedChange<unknown>>,
      ) => {
        const planned = await plan({ userId: 'ada', authenticators: later, session: null });
        seen.changes.push({ origin, planned });
        return planned.result;
      },
    } as never,
    {
      take: (user: MfaUser, source: object, origin: object) => {
        seen.attempts.push(['taken', source, origin]);
        return Promise.resolve({ user });
      },
      judging: (_: unknown, failure: object, judge: () => Promise<unknown>) => {
        seen.attempts.push(['judged', failure]);
        return judge();
      },
      failed: settle('failed'),
      giveBackAfter: (error: MfaException) => settle(`given back after ${error.code}`)({}),
      refund: () => 'refund',
    } as never,
  );
  const begin = (context?: MfaRequest, type = 'pager', body = {}) =>
    flow.begin(USER, type as MfaType, body, context);
  const activate = (given: object = {}, context?: MfaRequest, type = 'pager') =>
    flow.activate(USER, type as MfaType, { code: '123456', ...given }, context);
  return { begin, activate, ...seen };
}

describe('beginning to set up a factor', () => {
  it('asks the factor, and stores what it says for the session', async () => {
    const { begin, begun, changes, ensured } = prepare();
    const context = requestIn('session-1');
    await expect(begin(context, 'pager', { to: '17' })).resolves.toEqual({ shown: true });
    const user = { id: 'ada', email: 'on record' };
    expect(begun).toEqual([[{ user, sessionId: 'session-1' }, { to: '17' }]]);
    const [{ origin, planned }] = changes as [{ origin: object; planned: PlannedChange<unknown> }];
    expect(origin).toEqual({ context, purpose: 'adding', isKept: true });
    // What the user can prove is the same as before, so nothing that depends on it ends.
    expect(planned).toMatchObject({ keepsFactors: true, events: [] });
    const [{ stores }] = planned.writes as unknown as [{ stores: { id: string; data: string } }];
    expect(stores).toMatchObject({
      userId: 'ada',
      type: 'pager',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sessionId: 'session-1',
      expiresAt: EXPIRES,
    });
    expect(JSON.parse(stores.data)).toEqual({
      text: 'begun',
      purpose: 'pager',
      userId: 'ada',
      recordId: stores.id,
    });
    expect(ensured).toEqual([]);
  });

  it('by the application is for the user that it passes, and no session', async () => {
    const { begin, begun, changes } = prepare();
    await begin();
    expect(begun).toEqual([[{ user: USER, sessionId: '' }, {}]]);
    expect(changes[0]?.planned.writes).toMatchObject([{ stores: { sessionId: '' } }]);
  });

  it('makes the state on which messages are counted, if there is none', async () => {
    const ofApplication = prepare({ hasState: false });
    await ofApplication.begin();
    expect(ofApplication.ensured).toEqual([['ada', null]]);
    const context = requestIn('session-1');
    const ofUser = prepare({ hasState: false });
    await ofUser.begin(context);
    expect(ofUser.ensured).toEqual([['ada', context.session]]);
    const ofPending = prepare({ hasState: false });
    await ofPending.begin(requestIn('session-1', { status: 'pending' }));
    expect(ofPending.ensured).toEqual([['ada', null]]);
  });

  it.each<[string, World, string, string]>([
    ['there is no such factor', {}, 'gone', 'not_found'],
    ['the user may not enroll it', { mayNot: 'enroll' }, 'pager', 'unverified_email'],
    ['it would stand in for nothing', { mayNot: 'stand in' }, 'pager', 'mfa_enrollment_required'],
    ['the user has two', { rows: [row('pager'), row('pager')] }, 'pager', 'already_enabled'],
    ['the user has one', { rows: [row('badge')] }, 'badge', 'already_enabled'],
    ['the user has one of an unknown type', { rows: [row('other')] }, 'other', 'already_enabled'],
  ])('is refused before anything is sent if %s', async (_, world, type, code) => {
    const { begin, begun, ensured } = prepare(world);
    await expect(begin(undefined, type)).rejects.toMatchObject({ code });
    expect([...begun, ...ensured]).toEqual([]);
  });

  it('is refused if another one was added meanwhile', async () => {
    const { begin, changes } = prepare({ rows: [row('badge')], later: [row('pager'), row('pager')] });
    await expect(begin()).rejects.toMatchObject({ code: 'already_enabled' });
    expect(changes).toEqual([]);
  });

  it('is refused over the channel by which the user has signed in', async () => {
    const over = requestIn('session-1', { methods: [{ method: 'pager', isFirst: true }] });
    const { begin, activate, begun, judged } = prepare();
    const refusal = {
      code: 'invalid_request',
      details: { message: [expect.stringContaining('you signed in over the channel of this factor')] },
    };
    await expect(begin(over)).rejects.toMatchObject(refusal);
    await expect(activate({}, over)).rejects.toMatchObject(refusal);
    expect([...begun, ...judged]).toEqual([]);
    await expect(begin(over, 'badge')).resolves.toBeDefined();
  });
});

describe('completing the set-up of a factor', () => {
  it('adds what the factor says, with its own statements', async () => {
    const verdict = { step: 7, remaining: 3, data: 'proven', claims: ['own claim'], writes: ['own write'] };
    const { activate, added, attempts, judged, looked } = prepare({ verdict });
    const context = requestIn('session-1');
    await activate({ code: '12 34 56', name: 'Mine', endOtherSessions: true }, context);
    const user = { id: 'ada', email: 'on record' };
    expect(looked).toEqual([['ada', 'pager', 'session-1']]);
    expect(judged).toEqual([
      ['123456', { data: 'begun', authenticatorId: 'setup-1' }, { user, sessionId: 'session-1' }],
    ]);
    const [one] = added;
    expect(one).toMatchObject({ user, context });
    expect(one?.factor).toMatchObject({
      authenticator: {
        id: 'setup-1',
        userId: 'ada',
        type: 'pager',
        name: 'Mine',
        lastStep: 7,
        remaining: 3,
        data: JSON.stringify({ text: 'proven', purpose: 'pager', userId: 'ada', recordId: 'setup-1' }),
      },
      claims: [{ claims: 'setup-1' }],
      onLost: { 'factor-setup': 'no_pending_setup', 'factor:pager': 'incorrect_code' },
      ownClaims: [{ query: 'own claim', claim: 'factor:pager' }],
      along: [{ query: 'own write' }, 'refund'],
      endOtherSessions: true,
    });
    expect(attempts).toEqual([
      ['taken', context.source, { isKept: true }],
      ['judged', FAILURE],
    ]);
  });

  it('by the application is for the user that it passes, and adds no more than was said', async () => {
    const { activate, added, attempts } = prepare();
    await activate();
    const [one] = added;
    expect(one?.user).toBe(USER);
    expect(one?.factor).toMatchObject({
      authenticator: { lastStep: null, remaining: null, data: expect.stringContaining('"text":""') },
      endOtherSessions: false,
    });
    expect(one?.factor.authenticator).not.toHaveProperty('name');
    expect(attempts[0]).toEqual(['taken', APPLICATION_SOURCE, { isKept: true }]);
  });

  it.each<[string, World, object, string, string]>([
    ['there is no such factor', {}, {}, 'gone', 'not_found'],
    ['the user may not enroll it', { mayNot: 'enroll' }, {}, 'pager', 'unverified_email'],
    ['there is no code', {}, { code: undefined }, 'pager', 'invalid_request'],
    ['the code is no text', {}, { code: ['123456'] }, 'pager', 'invalid_request'],
    ['the code is none', {}, { code: '12345' }, 'pager', 'invalid_request'],
    ['nothing was begun', { setup: null }, {}, 'pager', 'no_pending_setup'],
  ])('is refused if %s, which is no attempt', async (_, world, given, type, code) => {
    const { activate, attempts } = prepare(world);
    const details =
      code === 'invalid_request'
        ? { message: ['code must be 6 to 16 digits, or 8 to 40 letters and digits'] }
        : {};
    await expect(activate(given, undefined, type)).rejects.toMatchObject({ code, details });
    expect(attempts).toEqual([]);
  });

  it('fails with a wrong code, which is a guess', async () => {
    const { activate, attempts, added } = prepare({ verdict: 'wrong' });
    await expect(activate()).rejects.toMatchObject({ code: 'incorrect_code' });
    expect(attempts.slice(2)).toEqual([['failed', FAILURE]]);
    expect(added).toEqual([]);
  });

  it('fails with a factor that says what no factor says', async () => {
    const { activate, added } = prepare({ verdict: true });
    await expect(activate()).rejects.toThrow(TypeError);
    expect(added).toEqual([]);
  });

  it.each<[string, Error, unknown[]]>([
    ['a guess if a claim of the factor is lost', new MfaException('incorrect_code'), [['failed', FAILURE]]],
    [
      'no guess if another request was faster',
      new MfaException('no_pending_setup'),
      [['given back after no_pending_setup']],
    ],
    ['an attempt if nobody knows what has happened', new Error('no database'), []],
  ])('is %s', async (_, refusal, settled) => {
    const { activate, attempts } = prepare({ refusal });
    await expect(activate()).rejects.toBe(refusal);
    expect(attempts.slice(2)).toEqual(settled);
  });

  it('needs room when it is done as well', async () => {
    const { activate } = prepare({ later: [row('pager'), row('pager')] });
    await expect(activate()).rejects.toMatchObject({ code: 'already_enabled' });
    await expect(prepare({ later: [row('pager'), row('badge')] }).activate()).resolves.toBeDefined();
  });
});

describe('an authenticator whose destination is no longer on record', () => {
  const works = row('pager', 'works', 'here');
  const isVoid = row('pager', 'void', 'moved');
  const isUsable = (data: string) => {
    if (data === 'broken') throw new Error('not to be read');
    if (data === 'away') throw new MfaException('storage_unavailable');
    return data !== 'moved';
  };

  it('makes room for a new one, which replaces it', async () => {
    const { begin, activate, begun, added } = prepare({ rows: [works, isVoid], isUsable });
    await begin();
    expect(begun).toHaveLength(1);
    await activate();
    expect(added[0]?.factor.replaces).toBe('void');
  });

  it('stays while there is room beside it', async () => {
    const { activate, added } = prepare({ rows: [isVoid], isUsable });
    await activate();
    expect(added[0]?.factor.replaces).toBeNull();
  });

  it('stays if the adapter keeps it, and no message is sent', async () => {
    const { begin, begun } = prepare({ rows: [works, isVoid], isUsable, mayNot: 'replace' });
    await expect(begin()).rejects.toMatchObject({ code: 'cannot_delete_authenticator' });
    expect(begun).toEqual([]);
  });

  it('makes room for one alone', async () => {
    const later = [works, row('pager', 'new', 'here'), isVoid];
    const { activate } = prepare({ rows: [works, isVoid], later, isUsable });
    await expect(activate()).rejects.toMatchObject({ code: 'already_enabled' });
  });

  it.each<[string, World, string, string]>([
    ['all work', { rows: [works, works], isUsable }, 'pager', 'already_enabled'],
    [
      'one can’t be read',
      { rows: [works, row('pager', '', 'broken')], isUsable },
      'pager',
      'already_enabled',
    ],
    [
      'it can’t be told now',
      { rows: [works, row('pager', '', 'away')], isUsable },
      'pager',
      'storage_unavailable',
    ],
    ['the factor doesn’t tell', { rows: [works, isVoid] }, 'pager', 'already_enabled'],
    ['nothing is sent', { rows: [row('badge', '', 'moved')], isUsable }, 'badge', 'already_enabled'],
    [
      'it is of another type',
      { rows: [works, works, row('badge', '', 'moved')], isUsable },
      'pager',
      'already_enabled',
    ],
  ])('is none where %s', async (_, world, type, code) => {
    const { begin, begun } = prepare(world);
    await expect(begin(undefined, type)).rejects.toMatchObject({ code });
    expect(begun).toEqual([]);
  });
});
