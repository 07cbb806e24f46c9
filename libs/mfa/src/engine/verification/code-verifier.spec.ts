import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { KeyServiceError } from '../keys/key-wrapper.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import type { AlongProof, CodeVerification } from './code-verifier.js';
import { CodeVerifier } from './code-verifier.js';

const USER = { id: 'ada' };
const CODE = '123456';
const USE = { claim: 'authenticator', query: 'use' };
const OTHER = { claim: 'challenge', query: 'other' };
const SOURCE = { ...APPLICATION_SOURCE, ip: '192.0.2.1', sessionId: 'pending' };
const CAP = 10;

/** Only what this class looks at. */
const row = (changed: Partial<Authenticator> = {}) =>
  ({
    id: 'app',
    type: 'totp',
    name: 'An app',
    data: 'sealed',
    remaining: null,
    failures: 0,
    lockedAt: null,
    suspendedAt: null,
    unlockCodes: 0,
    lastStep: null,
    ...changed,
  }) as Authenticator;
const locked = (changed: Partial<Authenticator> = {}) =>
  row({ failures: CAP, lockedAt: new Date(0), lastStep: 100, ...changed });

const isLocked = ({ lockedAt, suspendedAt }: Authenticator) => lockedAt !== null || suspendedAt !== null;

interface World {
  /** What the factor says, or throws; by the id of the row where that matters. */
  verdict?: unknown;
  verdicts?: Record<string, unknown>;
  /** The type of the factor. */
  factor?: string;
  rows?: Authenticator[];
  /** The claims that are lost to faster requests, one a commit; further ones are committed. */
  lost?: string[];
  /** The rows when they are read again. */
  after?: Authenticator[];
  /** Whether codes unlock; and whether the next one is the last that is needed, or comes too soon. */
  byCodes?: boolean;
  opens?: boolean;
  isTooSoon?: boolean;
  /** What the database answers to every commit. */
  refusal?: MfaException;
}

/** A verifier with a factor that gives this verdict, and what it has done. */
function prepare({
  verdict,
  verdicts = {},
  factor = 'totp',
  lost = [],
  after = [],
  byCodes = true,
  opens = false,
  isTooSoon = false,
  refusal,
}: World) {
  const losing = [...lost];
  const calls: unknown[] = [];
  /** Whom the factor was asked for, and whom everything that was reported comes from. */
  const scopes: unknown[] = [];
  const origins: unknown[] = [];
  const note = (name: string) => (): Promise<void> => {
    calls.push(name);
    return Promise.resolve();
  };
  const judge = {
    type: factor,
    verify: (code: string, { id }: Authenticator, scope: object) => {
      calls.push(`asked ${code} ${id}`);
      scopes.push(scope);
      const answer = verdicts[id] ?? verdict;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const verifier = new CodeVerifier(
    [judge as never],
    {
      isLocked,
      hasWaited: (one: Authenticator) => one.failures >= CAP && !isLocked(one),
      find: () => Promise.resolve(after),
    } as never,
    {
      isEnabled: byCodes,
      isTooSoon: () => isTooSoon,
      progress: ({ unlockCodes }: Authenticator) => ({ codesLeft: 3 - unlockCodes }),
      claimCode: ({ id, unlockCodes }: Authenticator, step: number) => ({
        write: { claim: 'authenticator', query: `count ${id} ${step}` },
        opens,
        progress: { codesLeft: 2 - unlockCodes },
      }),
    } as never,
    {
      record: (_: object, wrong: Authenticator[]) => note(`wrong ${wrong.map(({ id }) => id).join()}`)(),
    } as never,
    { note: note('unreadable') } as never,
    {
      note: (user: object, id: string, source: object) => {
        calls.push(`tampered ${id}`);
        origins.push({ user, source });
      },
    } as never,
    {
      take: (_: object, __: object, { isKept }: { isKept: boolean }) => {
        calls.push(isKept ? 'taken' : 'taken without a row');
        return Promise.resolve({});
      },
      failed: note('failed'),
      giveBack: note('given back'),
      giveBackAfter: (error: MfaException) => note(`given back after ${error.code}`)(),
      refund: () => 'refund',
    } as never,
    {
      commit: (writes: unknown[], { events, ...origin }: { events: object[] }) => {
        calls.push({ writes, events });
        origins.push(origin);
        if (refusal) return Promise.reject(refusal);
        const claim = losing.shift();
        return Promise.resolve(claim ? { committed: false, lost: claim } : { committed: true });
      },
    } as never,
  );
  return { verifier, calls, scopes, origins };
}

/** Verifies a code in this world. */
async function verify(input: unknown, world: World, verification: CodeVerification = {}) {
  const { rows = [row()], after = rows } = world;
  const { verifier, ...done } = prepare({ ...world, after });
  const [outcome, details] = await verifier
    .verify(USER, input, rows, verification)
    .then(({ id }) => [id, {}] as const)
    .catch((error: MfaException) => [error.code, error.details] as const);
  return { ...done, outcome, details };
}

const RIGHT = { use: USE, others: [OTHER] };
const NAMED = { id: 'app', type: 'totp', name: 'An app' };
const USED = { type: 'mfa.authenticator.used', data: { authenticator: NAMED } };
const unlocked = (by: string) => ({
  type: 'mfa.authenticator.unlocked',
  data: { authenticator: NAMED, by },
});
const COMMITTED = { writes: [USE, OTHER, 'refund'], events: [USED] };

describe('a code', () => {
  it.each([undefined, 123456, '', 'not a code!'])(
    'that cannot be one (%p) costs no attempt',
    async (input) => {
      await expect(verify(input, {})).resolves.toMatchObject({
        calls: [],
        outcome: 'invalid_request',
        details: { message: ['code must be 6 to 16 digits, or 8 to 40 letters and digits'] },
      });
    },
  );

  it('that is right is claimed with all that it demands, and costs no attempt', async () => {
    const { calls, outcome } = await verify('123 456', { verdict: RIGHT });
    expect(calls).toEqual(['taken', `asked ${CODE} app`, COMMITTED]);
    expect(outcome).toBe('app');
  });

  it.each<[string, unknown]>([
    ['is wrong', 'wrong'],
    ['is refused by a factor with an exception', new MfaException('incorrect_code')],
  ])('that %s counts against the authenticator', async (_, verdict) => {
    const { calls, outcome } = await verify(CODE, { verdict });
    expect(calls.slice(2)).toEqual(['wrong app']);
    expect(outcome).toBe('incorrect_code');
  });

  it('that is none of this authenticator’s counts against the user only', async () => {
    const { calls, outcome } = await verify(CODE, { verdict: 'not_applicable' });
    expect([calls.at(-1), outcome]).toEqual(['wrong ', 'incorrect_code']);
  });

  it.each<[string, unknown, string[], string]>([
    ['a forged row', 'forged', ['tampered app', 'given back'], 'incorrect_code'],
    ['a damaged row', new Error('damaged'), ['unreadable', 'given back'], 'incorrect_code'],
    ['no key service', new KeyServiceError('away'), ['given back'], 'storage_unavailable'],
    ['no database', new MfaException('storage_unavailable'), ['given back'], 'storage_unavailable'],
  ])('that meets %s costs no attempt', async (_, verdict, told, code) => {
    const { calls, outcome } = await verify(CODE, { verdict });
    expect([calls.slice(2), outcome]).toEqual([told, code]);
  });

  it.each<[string, unknown]>([
    ['cannot be read', 'forged'],
    ['waits for a key service', new KeyServiceError('away')],
  ])('that is wrong for one authenticator counts, even if another %s', async (_, other) => {
    const rows = [row({ id: 'other' }), row()];
    const { calls, outcome } = await verify(CODE, { rows, verdicts: { other, app: 'wrong' } });
    expect([calls.at(-1), outcome]).toEqual(['wrong app', 'incorrect_code']);
  });

  it('is judged for the user and the session of the request', async () => {
    const scopesOf = async (source?: typeof SOURCE | typeof APPLICATION_SOURCE) =>
      (await verify(CODE, { verdict: RIGHT }, source ? { source } : {})).scopes;
    await expect(scopesOf(SOURCE)).resolves.toEqual([{ user: USER, sessionId: 'pending' }]);
    for (const source of [APPLICATION_SOURCE, undefined])
      await expect(scopesOf(source)).resolves.toEqual([{ user: USER, sessionId: '' }]);
  });

  it.each<[string, unknown]>([
    ['used', RIGHT],
    ['found to be forged', 'forged'],
  ])('names the request in which an authenticator was %s', async (_, verdict) => {
    const originsOf = async (verification: CodeVerification) =>
      (await verify(CODE, { verdict }, verification)).origins;
    await expect(originsOf({ source: SOURCE })).resolves.toEqual([{ user: USER, source: SOURCE }]);
    await expect(originsOf({})).resolves.toEqual([{ user: USER, source: APPLICATION_SOURCE }]);
  });

  it('reports that an authenticator was opened by waiting, with the proof', async () => {
    const { calls } = await verify(CODE, { verdict: RIGHT, rows: [row({ failures: CAP })] });
    expect(calls.at(-1)).toEqual({ ...COMMITTED, events: [unlocked('time'), USED] });
  });

  it('is tried only on authenticators of the types that may verify', async () => {
    const { calls } = await verify(CODE, { verdict: RIGHT }, { types: ['recovery_codes'] });
    expect(calls).toEqual(['taken', 'wrong ']);
    const other = row({ id: 'codes', type: 'recovery_codes' });
    expect((await verify(CODE, { verdict: RIGHT, rows: [other] })).calls).toEqual(['taken', 'wrong ']);
    expect((await verify(CODE, { verdict: RIGHT, rows: [] })).calls[0]).toBe('taken without a row');
  });
});

describe('a right code whose commit is refused', () => {
  it.each<[string, World]>([
    ['is a proof', { verdict: RIGHT }],
    ['unlocks', { verdict: { ...RIGHT, step: 101 }, rows: [locked()], opens: true }],
    ['helps to unlock', { verdict: { ...RIGHT, step: 101 }, rows: [locked()] }],
  ])('is given back where it %s, and says why', async (_, world) => {
    const refusal = new MfaException('storage_unavailable');
    const { calls, outcome } = await verify(CODE, { ...world, refusal });
    expect([calls.at(-1), outcome]).toEqual(['given back after storage_unavailable', 'storage_unavailable']);
  });
});

describe('a right code whose claim is lost', () => {
  it.each<[string, string, Authenticator[]]>([
    ['was used by a faster request', 'authenticator', [row()]],
    ['has lost another claim, whatever the row says', 'challenge', [row({ data: 'anew' })]],
    ['belongs to an authenticator that was removed', 'authenticator', [row({ id: 'b', data: 'anew' })]],
  ])('is wrong if it %s', async (_, lost, after) => {
    const { calls, outcome } = await verify(CODE, { verdict: RIGHT, lost: [lost], after });
    expect([calls.at(-1), outcome]).toEqual(['wrong app', 'incorrect_code']);
  });

  it.each<[string, Partial<Authenticator>]>([
    ['another code of its set was used', { remaining: 9 }],
    ['its secret was encrypted anew', { data: 'anew' }],
  ])('is tried again if %s', async (_, changed) => {
    const { calls, outcome } = await verify(CODE, {
      verdict: RIGHT,
      lost: ['authenticator'],
      after: [row({ id: 'b' }), row(changed)],
    });
    expect(calls.filter((call) => call === `asked ${CODE} app`)).toHaveLength(2);
    expect(outcome).toBe('app');
  });
});

describe('what goes with a proof', () => {
  const STARTED = { type: 'mfa.session.started' } as never;
  const STORED = { claim: 'session', query: 'start' } as never;
  const refuse = () => Promise.reject(new MfaException('session_expired'));
  const starting = (changed: Partial<AlongProof> = {}): AlongProof => ({
    writes: [STORED],
    events: [STARTED],
    sessionId: 'started',
    again: refuse,
    ...changed,
  });

  it('is committed with it, in its session', async () => {
    const along = () => starting();
    const { calls, origins, outcome } = await verify(CODE, { verdict: RIGHT }, { source: SOURCE, along });
    expect(calls.slice(2)).toEqual([{ writes: [USE, OTHER, STORED, 'refund'], events: [USED, STARTED] }]);
    expect(origins).toEqual([{ user: USER, source: { ...SOURCE, sessionId: 'started' } }]);
    expect(outcome).toBe('app');
  });

  it.each([
    [{ isWeak: true }, true],
    [{ isWeak: false }, false],
    [{}, false],
  ])('depends on the authenticator and on whether it is weak (%j)', async (weakness, isWeak) => {
    const told: unknown[] = [];
    const along = (...facts: unknown[]) => {
      told.push(facts);
      return starting();
    };
    await verify(CODE, { verdict: { ...RIGHT, ...weakness } }, { along });
    expect(told).toEqual([[row(), isWeak]]);
  });

  it('is planned again, as often as something else has changed', async () => {
    const plans = ['second', 'third'].map((query) => starting({ writes: [{ query } as never] }));
    const again = () => Promise.resolve({ ...(plans.shift() ?? starting()), again });
    const { calls, outcome } = await verify(
      CODE,
      { verdict: RIGHT, lost: ['session', 'session'] },
      { along: () => starting({ again }) },
    );
    const extras = calls.slice(2).map((call) => (call as { writes: unknown[] }).writes[2]);
    expect(extras).toEqual([STORED, { query: 'second' }, { query: 'third' }]);
    expect(outcome).toBe('app');
  });

  it('refuses the request if nothing is left to do, and the code is not wrong', async () => {
    const { calls, outcome } = await verify(
      CODE,
      { verdict: RIGHT, lost: ['session'] },
      { along: () => starting() },
    );
    expect(calls.slice(3)).toEqual([]);
    expect(outcome).toBe('session_expired');
  });

  it.each(['authenticator', 'challenge'])(
    'is not planned again if the proof itself is lost (%s)',
    async (lost) => {
      const world = { verdict: RIGHT, lost: [lost] };
      const { calls, outcome } = await verify(CODE, world, { along: () => starting() });
      expect(calls.slice(3)).toEqual(['wrong app']);
      expect(outcome).toBe('incorrect_code');
    },
  );
});

describe('a right code for a locked authenticator', () => {
  const STEP = { ...RIGHT, step: 101, isWeak: true };
  const COUNT = { claim: 'authenticator', query: 'count app 101' };
  const COUNTED = { writes: [COUNT, OTHER, 'refund'], events: [] };
  const unlock = (world: World, verification: CodeVerification = {}) =>
    verify(CODE, { verdict: STEP, rows: [locked()], ...world }, verification);

  it('counts towards unlocking with all that it demands, and costs no attempt', async () => {
    const { calls, origins, outcome, details } = await unlock({}, { source: SOURCE });
    expect(calls.slice(2)).toEqual([COUNTED]);
    expect(origins).toEqual([{ user: USER, source: SOURCE }]);
    expect([outcome, details]).toEqual(['authenticator_locked', { unlock: { codesLeft: 2 } }]);
  });

  it('counts outside a request, too', async () => {
    await expect(unlock({})).resolves.toMatchObject({
      origins: [{ user: USER, source: APPLICATION_SOURCE }],
    });
  });

  it('counts if no step was used yet, even the first one', async () => {
    const { calls } = await unlock({ verdict: { ...STEP, step: 0 }, rows: [locked({ lastStep: null })] });
    expect(calls.slice(2)).toEqual([
      { ...COUNTED, writes: [{ ...COUNT, query: 'count app 0' }, OTHER, 'refund'] },
    ]);
  });

  it('is a proof if it is the last one that is needed', async () => {
    const { calls, outcome } = await unlock({ opens: true });
    expect(calls.slice(2)).toEqual([{ ...COUNTED, events: [unlocked('codes'), USED] }]);
    expect(outcome).toBe('app');
  });

  it('is committed with what it is for if it is the last one, and only then', async () => {
    const told: unknown[] = [];
    const writes = [{ query: 'start' } as never];
    const along: CodeVerification['along'] = (...facts) => {
      told.push(facts);
      return { writes, events: [], sessionId: 'started', again: () => Promise.reject(new Error('never')) };
    };
    expect((await unlock({}, { along })).calls.slice(2)).toEqual([COUNTED]);
    expect(told).toEqual([]);
    const { calls } = await unlock({ opens: true }, { along });
    expect(calls[2]).toMatchObject({ writes: [COUNT, OTHER, ...writes, 'refund'] });
    expect(told).toEqual([[locked(), true]]);
  });

  it.each<[string, World]>([
    ['the authenticator is suspended', { rows: [locked({ suspendedAt: new Date(0) })] }],
    ['codes do not unlock', { byCodes: false }],
    ['it has no time step', { verdict: RIGHT }],
    [
      'codes of its type have no time steps',
      { factor: 'recovery_codes', rows: [locked({ type: 'recovery_codes' })] },
    ],
  ])('is wrong if %s', async (_, world) => {
    const { calls, outcome } = await unlock(world);
    expect([calls.slice(2), outcome]).toEqual([['wrong app'], 'incorrect_code']);
  });

  it.each<[string, World, string]>([
    ['is a failure if its step was used', { verdict: { ...STEP, step: 100 } }, 'failed'],
    ['is a failure if a later step was used', { verdict: { ...STEP, step: 99 } }, 'failed'],
    [
      'is a failure if its step was used, however soon',
      { verdict: { ...STEP, step: 100 }, isTooSoon: true },
      'failed',
    ],
    ['costs no attempt if it comes too soon', { isTooSoon: true }, 'given back'],
  ])('%s, and shows the progress', async (_, world, told) => {
    const { calls, outcome, details } = await unlock(world);
    expect(calls.slice(2)).toEqual([told]);
    expect([outcome, details]).toEqual(['authenticator_locked', { unlock: { codesLeft: 3 } }]);
  });

  describe.each([
    ['that is counted', false],
    ['that opens it', true],
  ])('%s', (_, opens) => {
    const other = locked({ id: 'b' });

    it('costs no attempt if another request used it first, and shows what that has counted', async () => {
      const after = [other, locked({ unlockCodes: 1 })];
      const { calls, outcome, details } = await unlock({ opens, lost: ['authenticator'], after });
      expect(calls.slice(3)).toEqual(['given back']);
      expect([outcome, details]).toEqual(['authenticator_locked', { unlock: { codesLeft: 2 } }]);
    });

    it.each<[string, Authenticator[]]>([
      ['has unlocked it', [other, row()]],
      ['has removed it', [other]],
    ])('is incorrect, but costs no attempt, if another request %s', async (__, after) => {
      const { calls, outcome } = await unlock({ opens, lost: ['authenticator'], after });
      expect([calls.slice(3), outcome]).toEqual([['given back'], 'incorrect_code']);
    });

    it('is wrong if another claim of the factor is lost', async () => {
      const { calls, outcome } = await unlock({ opens, lost: ['challenge'] });
      expect([calls.slice(3), outcome]).toEqual([['wrong app'], 'incorrect_code']);
    });
  });
});

describe('the question whether a code is right', () => {
  const isRight = (world: World, input: unknown = CODE, type = 'totp') =>
    prepare(world).verifier.isRight(USER, input, world.rows ?? [row()], type as never);

  it('is answered with yes only for a factor of the type that is asked for', async () => {
    await expect(isRight({ verdict: RIGHT })).resolves.toBe(true);
    await expect(isRight({ verdict: RIGHT }, CODE, 'recovery_codes')).resolves.toBe(false);
  });

  it('is answered with no for a wrong code, and for what cannot be one', async () => {
    await expect(isRight({ verdict: 'wrong' })).resolves.toBe(false);
    await expect(isRight({ verdict: RIGHT }, 'not a code!')).resolves.toBe(false);
  });

  it('is not answered if the code cannot be judged', async () => {
    await expect(isRight({ verdict: { ...RIGHT, step: 101 }, rows: [locked()] })).rejects.toMatchObject({
      code: 'authenticator_locked',
    });
    await expect(isRight({ verdict: new KeyServiceError('away') })).rejects.toMatchObject({
      code: 'storage_unavailable',
    });
  });
});
