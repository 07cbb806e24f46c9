import { describe, expect, it } from '@jest/globals';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { newAuthenticator } from '../rows/authenticator.entity.js';
import { APPLICATION_SOURCE, MfaRequest } from '../rows/mfa-request.js';
import type { NewFactor } from './add-authenticator.flow.js';
import { AddAuthenticatorFlow } from './add-authenticator.flow.js';
import type { ChangeOrigin, FactorState, PlannedChange } from './factor-change.js';

const NOW = 1_800_000_000_000;
const ADA = { id: 'ada' };
const SESSION = { id: 'current', status: 'authenticated', methods: [] as object[] } as AuthenticationSession;
const ISSUED = { session: { id: 'proven' }, token: 'token' };
const SOURCE = { ...APPLICATION_SOURCE, ip: '192.0.2.1' };
const CLAIM = { claim: 'code', query: 'code' } as never;

/** The request of a session with a password only, unless another one is given. */
const request = (session: AuthenticationSession | null = SESSION) =>
  new MfaRequest({ ip: '198.51.100.7' }, { user: ADA, session });

const row = (id: string, changed: Partial<Authenticator> = {}) =>
  newAuthenticator({
    id,
    userId: 'ada',
    type: 'totp',
    name: `The ${id}`,
    createdAt: new Date(0),
    ...changed,
  });
const PASSKEY = row('passkey', { type: 'webauthn', role: 'passwordless' });
const CODES = row('codes', { type: 'recovery_codes' });

/** An authenticator app that was just proven, unless something else is said. */
const factor = ({
  authenticator,
  ...changed
}: Omit<Partial<NewFactor>, 'authenticator'> & { authenticator?: object } = {}): NewFactor => ({
  authenticator: { id: 'new', userId: 'ada', type: 'totp', name: 'New app', ...authenticator },
  claims: [CLAIM],
  onLost: { code: 'incorrect_code' },
  ...changed,
});

const named = ({ id, type, name }: Pick<Authenticator, 'id' | 'type' | 'name'>) => ({ id, type, name });
const addedEvent = (isFirst: boolean, changed: object = {}) => ({
  type: 'mfa.authenticator.added',
  data: { authenticator: { id: 'new', type: 'totp', name: 'New app', ...changed }, isFirst },
});
const removedEvent = (of: Authenticator) => ({
  type: 'mfa.authenticator.removed',
  data: { authenticator: named(of), isLast: false },
});
const endedEvent = (scope: 'others' | 'all') => ({
  type: 'mfa.session.ended',
  data: { scope, reason: 'factors_changed' },
});
const PROOF_EVENT = { type: 'mfa.session.verified' };
const INSERTION = { inserts: 'new' };
const PROOF = { proves: 'new' };
const ends = (except: string) => ({ ends: 'ada', except });

interface World {
  state?: Partial<FactorState>;
  context?: MfaRequest;
  /** Without, there are none. */
  backup?: { areGiven: boolean } | null;
  /** Whether the adapter lets go of authenticators. */
  deletes?: boolean;
  options?: object;
  /** What ending late sessions throws. */
  failure?: Error;
}

/** A flow, with what it has done. */
function prepare({ state = {}, context, backup = null, deletes = true, options, failure }: World = {}) {
  const seen = {
    plans: [] as PlannedChange<unknown>[],
    origins: [] as ChangeOrigin[],
    inserted: [] as Authenticator[],
    /** Whose sessions were ended afterwards, except which. */
    late: [] as unknown[],
    proofs: [] as unknown[],
    asked: [] as unknown[],
  };
  const flow = new AddAuthenticatorFlow(
    {
      run: async (
        _: MfaUser,
        origin: ChangeOrigin,
        plan: (state: FactorState) => Promise<PlannedChange<unknown>>,
      ) => {
        seen.origins.push(origin);
        const session = context?.authenticatedSession ?? null;
        const planned = await plan({ userId: 'ada', authenticators: [], session, ...state });
        seen.plans.push(planned);
        return planned.result;
      },
    } as never,
    {
      planInsertion: (one: Authenticator) => {
        seen.inserted.push(one);
        return { inserts: one.id };
      },
      planReplacement: (old: Authenticator, next: Authenticator, own: object[], all: Authenticator[]) => {
        seen.inserted.push(next);
        return [{ replaces: old.id, by: next.id, own, of: all.map(({ id }) => id) }];
      },
    } as never,
    backup &&
      ({
        areGiven: () => Promise.resolve(backup.areGiven),
        planReplacement: ({ id }: MfaUser) =>
          Promise.resolve({ codes: ['a', 'b'], writes: [{ codesOf: id }] }),
      } as never),
    {
      planProof: (of: FactorState, { id }: Authenticator, facts: object, from: object) => {
        seen.proofs.push({ session: of.session, facts, from });
        return { issued: ISSUED, write: { proves: id }, events: [PROOF_EVENT] };
      },
      planEndingOthers: (userId: string, except: string) => ({ ends: userId, except }),
      revokeAll: ({ id }: MfaUser, except?: { id: string }) => {
        seen.late.push([id, except?.id]);
        return failure ? Promise.reject(failure) : Promise.resolve(0);
      },
    } as never,
    {
      generateAuthenticatorName: ({ id }: MfaUser, type: string) =>
        Promise.resolve(`${type} of ${String(id)}`),
      canDeleteAuthenticator: ({ id }: Authenticator, by: object) => {
        seen.asked.push([id, by]);
        return Promise.resolve(deletes);
      },
    } as never,
    {
      supportedTypes: ['totp', 'webauthn', 'recovery_codes'],
      requireVerifiedEmail: true,
      ...options,
    } as never,
    { now: () => NOW },
  );
  return { flow, seen };
}

/** Adds the factor, and says what was planned. */
async function add(given: NewFactor, world: World = {}) {
  const { flow, seen } = prepare(world);
  const added = await flow.add(ADA, given, world.context);
  const [planned] = seen.plans;
  if (!planned) throw new Error('Nothing was planned');
  return { added, ...planned, ...seen };
}

describe('a factor that is added', () => {
  it('is stored with the time of its proof, which is its first use', async () => {
    const { added, inserted } = await add(factor({ authenticator: { data: 'sealed', lastStep: 7 } }));
    const at = new Date(NOW);
    const expected = row('new', {
      name: 'New app',
      data: 'sealed',
      lastStep: 7,
      createdAt: at,
      lastUsedAt: at,
    });
    expect(added.authenticator).toEqual(expected);
    expect(inserted).toEqual([expected]);
  });

  it('was never used if it was not proven', async () => {
    const { added } = await add(factor({ isUnproven: true }));
    expect(added.authenticator).toMatchObject({ createdAt: new Date(NOW), lastUsedAt: null });
  });

  it('gets a name from the adapter if it has none', async () => {
    const { added } = await add(factor({ authenticator: { name: undefined } }));
    expect(added.authenticator.name).toBe('totp of ada');
  });

  it('is checked against what the user has, before anything is planned', async () => {
    const state = { authenticators: [row('old')] };
    const refusal = new Error('one is enough');
    const check = ({ authenticators }: FactorState) =>
      authenticators.length > 0 ? Promise.reject(refusal) : undefined;
    await expect(add(factor({ check }), { state })).rejects.toBe(refusal);
    await expect(add(factor({ check }))).resolves.toMatchObject({ added: { isFirst: true } });
  });

  it('needs a proof that is good for adding, from where the caller or the request says', async () => {
    const context = request();
    const { origins } = await add(factor(), { context });
    expect(origins).toStrictEqual([{ context, purpose: 'adding' }]);
    const others = await add(factor({ source: SOURCE }));
    expect(others.origins).toStrictEqual([{ context: undefined, purpose: 'adding', source: SOURCE }]);
  });

  it('is inserted after what its proof claims, and before what comes along', async () => {
    const { writes, onLost } = await add(factor({ along: [{ along: 'key' } as never] }), {
      state: { authenticators: [row('old')] },
    });
    expect(writes).toEqual([CLAIM, INSERTION, { along: 'key' }]);
    expect(onLost).toEqual({ code: 'incorrect_code' });
  });
});

describe('a user’s first second factor', () => {
  it.each<[boolean, string, Authenticator[], object]>([
    [true, 'who had none', [], {}],
    [true, 'who had only a passkey for convenience', [PASSKEY], {}],
    [true, 'who had only codes', [CODES], {}],
    [false, 'who had one already', [row('old')], {}],
    [false, 'who adds a passkey for convenience', [], { type: 'webauthn', role: 'passwordless' }],
    [false, 'who adds codes', [], { type: 'recovery_codes' }],
  ])('(%p) is that of a user %s', async (isFirst, _, authenticators, authenticator) => {
    const { added, events, late } = await add(factor({ authenticator }), { state: { authenticators } });
    expect(added.isFirst).toBe(isFirst);
    const { role: __, ...shown } = authenticator as { role?: string };
    expect(events).toEqual([addedEvent(isFirst, shown), ...(isFirst ? [endedEvent('all')] : [])]);
    expect(late).toEqual(isFirst ? [['ada', undefined]] : []);
  });

  it('comes with recovery codes where users get them', async () => {
    const { added, writes } = await add(factor(), { backup: { areGiven: true } });
    expect(added.recoveryCodes).toEqual(['a', 'b']);
    expect(writes).toEqual([CLAIM, INSERTION, { codesOf: 'ada' }, ends('')]);
  });

  it.each<[string, World]>([
    ['users get none', { backup: { areGiven: false } }],
    ['there are none', { backup: null }],
    ['it is not the first', { backup: { areGiven: true }, state: { authenticators: [row('old')] } }],
  ])('comes without recovery codes where %s', async (_, world) => {
    const { added, writes } = await add(factor(), world);
    expect(added).not.toHaveProperty('recoveryCodes');
    expect(writes).not.toContainEqual({ codesOf: 'ada' });
  });

  it('ends the user’s other sessions, and those that start before it is stored', async () => {
    const { writes, events, late } = await add(factor(), { context: request() });
    expect(writes).toEqual([CLAIM, INSERTION, PROOF, ends('proven')]);
    expect(events).toEqual([addedEvent(true), PROOF_EVENT, endedEvent('others')]);
    expect(late).toEqual([['ada', 'proven']]);
  });

  it('reaches the user with the recovery codes even if ending late sessions fails', async () => {
    const world = { backup: { areGiven: true }, failure: new Error('no database') };
    const { added } = await add(factor(), world);
    expect(added.recoveryCodes).toEqual(['a', 'b']);
  });
});

describe('the sessions of a user who adds a further factor', () => {
  const state = { authenticators: [row('old')] };

  it('stay', async () => {
    const { writes, events, late } = await add(factor(), { state, context: request() });
    expect(writes).toEqual([CLAIM, INSERTION, PROOF]);
    expect(events).toEqual([addedEvent(false), PROOF_EVENT]);
    expect(late).toEqual([]);
  });

  it('end where the caller says so, except the one that adds it', async () => {
    const given = factor({ endOtherSessions: true, isUnproven: true });
    const { writes, events, late } = await add(given, { state, context: request() });
    expect(writes).toEqual([CLAIM, INSERTION, ends('current')]);
    expect(events).toEqual([addedEvent(false), endedEvent('others')]);
    expect(late).toEqual([['ada', 'current']]);
  });

  it('end all where the application adds it and says so', async () => {
    const { writes, events, late } = await add(factor({ endOtherSessions: true }), { state });
    expect(writes).toEqual([CLAIM, INSERTION, ends('')]);
    expect(events).toEqual([addedEvent(false), endedEvent('all')]);
    expect(late).toEqual([['ada', undefined]]);
  });
});

describe('the proof of a factor that is added', () => {
  const PROVEN = { issued: ISSUED };
  const facts = { userVerified: true };

  it('is recorded in the session that adds it, with what it has shown', async () => {
    const context = request();
    const { added, proofs, startedSessionId } = await add(factor({ facts }), { context });
    expect(added).toMatchObject(PROVEN);
    expect(proofs).toEqual([{ session: SESSION, facts, from: context.source }]);
    expect(startedSessionId).toBeUndefined();
  });

  it('has shown nothing unless something is said', async () => {
    const { proofs } = await add(factor(), { context: request() });
    expect(proofs).toMatchObject([{ facts: {} }]);
    expect(proofs).not.toMatchObject([{ facts }]);
  });

  it('starts a session where a sign-up or a request without one has made it', async () => {
    const signUp = await add(factor({ source: SOURCE }));
    expect(signUp).toMatchObject({ added: PROVEN, startedSessionId: 'proven' });
    expect(signUp.proofs).toEqual([{ session: null, facts: {}, from: SOURCE }]);
    expect(signUp.events).toEqual([addedEvent(true), PROOF_EVENT, endedEvent('others')]);
    const context = request(null);
    const requested = await add(factor({ source: SOURCE }), { context });
    expect(requested).toMatchObject({ startedSessionId: 'proven', proofs: [{ from: context.source }] });
  });

  it('starts none where the application adds it', async () => {
    const { added, proofs, ...planned } = await add(factor());
    expect(added).not.toHaveProperty('issued');
    expect(proofs).toEqual([]);
    expect(planned).not.toHaveProperty('startedSessionId');
  });

  it('counts for nothing if there was none', async () => {
    const { proofs } = await add(factor({ isUnproven: true }), { context: request() });
    expect(proofs).toEqual([]);
  });

  it.each([
    ['nothing to a user without a second factor', [CODES], 0],
    ['as a proof to a user with one', [row('old'), CODES], 1],
  ])('counts for %s if it is a passkey for convenience', async (_, authenticators, count) => {
    const given = factor({ authenticator: { type: 'webauthn', role: 'passwordless' } });
    const { proofs } = await add(given, { state: { authenticators }, context: request() });
    expect(proofs).toHaveLength(count);
  });
});

describe('a factor that replaces another', () => {
  const old = row('old');
  const other = row('other');
  const state = { authenticators: [other, old] };
  const OWN = { claim: 'own', query: 'own' } as never;
  const replacement = (...own: object[]) => ({ replaces: 'old', by: 'new', own, of: ['other', 'old'] });

  it('removes it in the same commit, and ends the other sessions', async () => {
    const { writes, events, onLost, asked, late } = await add(factor({ replaces: 'old' }), { state });
    expect(writes).toEqual([CLAIM, replacement(), ends('')]);
    expect(events).toEqual([removedEvent(old), addedEvent(false), endedEvent('all')]);
    expect(onLost).toEqual({ code: 'incorrect_code', removal: 'not_found' });
    expect(asked).toEqual([['old', { by: 'user' }]]);
    expect(late).toEqual([]);
  });

  it('claims what its proof claims in tables of its own before the other’s rows are removed there', async () => {
    const given = { ownClaims: [OWN], along: [{ along: 'row' } as never] };
    const { writes } = await add(factor({ replaces: 'old', ...given }), { state });
    expect(writes).toEqual([CLAIM, replacement(OWN), { along: 'row' }, ends('')]);
    const alone = await add(factor(given), { state });
    expect(alone.writes).toEqual([CLAIM, INSERTION, OWN, { along: 'row' }]);
  });

  it('keeps its name, unless it has one of its own', async () => {
    const unnamed = factor({ replaces: 'old', authenticator: { name: undefined, data: 'sealed' } });
    const { added, events } = await add(unnamed, { state });
    expect(added.authenticator).toMatchObject({ id: 'new', name: 'The old', data: 'sealed' });
    expect(events[1]).toEqual(addedEvent(false, { name: 'The old' }));
    const named = await add(factor({ replaces: 'old' }), { state });
    expect(named.added.authenticator.name).toBe('New app');
  });

  it.each([
    ['is gone', 'gone'],
    ['is of another type', 'passkey'],
    ['was not named', null],
  ])('is added all the same if that one %s', async (_, replaces) => {
    const authenticators = [old, PASSKEY];
    const { writes, onLost } = await add(factor({ replaces }), { state: { authenticators } });
    expect(writes).toEqual([CLAIM, INSERTION]);
    expect(onLost).toEqual({ code: 'incorrect_code' });
  });

  it('is not added if the adapter keeps that one', async () => {
    await expect(add(factor({ replaces: 'old' }), { state, deletes: false })).rejects.toMatchObject({
      code: 'cannot_delete_authenticator',
    });
  });

  describe('is asked for before its set-up', () => {
    const assert = (given: { type: Authenticator['type']; id: string }, world: World = {}) =>
      prepare(world).flow.assertReplaceable([old, PASSKEY], given);

    it('and may be set up', async () => {
      await expect(assert({ type: 'totp', id: 'old' })).resolves.toBeUndefined();
    });

    it.each([
      ['not_found', { type: 'totp', id: 'gone' }, true],
      ['not_found', { type: 'totp', id: 'passkey' }, true],
      ['cannot_delete_authenticator', { type: 'totp', id: 'old' }, false],
    ] as const)('and is refused as %s: %j', async (code, given, deletes) => {
      await expect(assert(given, { deletes })).rejects.toMatchObject({ code });
    });
  });
});

describe('whether a factor may be enrolled', () => {
  const enroll = (user: MfaUser, type: Authenticator['type'] = 'totp', options = {}) =>
    prepare({ options }).flow.assertMayEnroll(user, type);

  it('depends on its type', () => {
    expect(() => enroll(ADA, 'webauthn')).not.toThrow();
    expect(() => enroll(ADA, 'email' as never)).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  it('depends on the email address, if it is known to be unverified and the options ask for it', () => {
    const unverified = { ...ADA, emailVerified: false };
    expect(() => enroll({ ...ADA, emailVerified: true })).not.toThrow();
    expect(() => enroll(unverified)).toThrow(expect.objectContaining({ code: 'unverified_email' }));
    expect(() => enroll(unverified, 'totp', { requireVerifiedEmail: false })).not.toThrow();
  });
});

describe('a factor that stands in for a second factor', () => {
  const stand = (type: Authenticator['type'], ...authenticators: Authenticator[]) =>
    prepare().flow.assertMayStandIn(type, authenticators);

  it('needs one to stand in for, and the refusal says which there are', () => {
    expect(() => stand('recovery_codes', CODES, PASSKEY)).toThrow(
      expect.objectContaining({
        code: 'mfa_enrollment_required',
        details: { methods: ['totp', 'webauthn'] },
      }),
    );
    expect(() => stand('recovery_codes', CODES, row('app'))).not.toThrow();
  });

  it('is none that needs no other', () => {
    expect(() => stand('totp')).not.toThrow();
  });
});
