/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { registerFactorType } from '../../core/policy/methods.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaRequest } from '../../engine/rows/mfa-request.js';
import { FactorChallengeFlow } from './factor-challenge.flow.js';

const USER = { id: 'ada' };
const EXPIRES = new Date(1_800_000_000_000);
const CONTEXT = new MfaRequest({});

registerFactorType({ type: 'pager', channel: 'pager' } as never);

interface Row extends Partial<Authenticator> {
  isForged?: boolean;
  rests?: boolean;
  isLocked?: boolean;
}
/** Only what this class looks at. */
const row = (id: string, changed: Row = {}) =>
  ({ id, type: 'pager', userId: 'ada', data: `data of ${id}`, ...changed }) as Authenticator & Row;

interface World {
  rows?: Authenticator[];
  session?: object | null;
  isCommitted?: boolean;
  /** The factor under that type: one that can't be challenged, or none. */
  factor?: object | undefined;
}

function prepare(world: World = {}) {
  const { rows = [row('one')], session = { id: 'session-1', methods: [{ method: 'pwd' }] } } = world;
  const { isCommitted = true } = world;
  const challenged: unknown[] = [];
  const commits: unknown[] = [];
  const factor = {
    challenge: (given: unknown) => {
      challenged.push(given);
      return Promise.resolve({ data: 'hash', expiresAt: EXPIRES, answer: { sent: true } });
    },
  };
  const flow = new FactorChallengeFlow(
    { find: () => ('factor' in world ? world.factor : factor) } as never,
    { planChallenge: (planned: object) => ({ stores: planned }) } as never,
    new FactorData({ decrypt: (data: string) => `opened ${data}` } as never),
    {
      of: (context: MfaRequest) => {
        expect(context).toBe(CONTEXT);
        return Promise.resolve({ user: USER, session, authenticators: rows });
      },
    } as never,
    {
      isGenuine: ({ isForged }: Row) => !isForged,
      isLocked: ({ isLocked }: Row) => isLocked === true,
      claimPresence: ({ id }: Row) => ({ claims: id }),
    } as never,
    {
      isUsable: (_: object, { rests, isLocked }: Row) => Promise.resolve(!rests && !isLocked),
    } as never,
    { planClaim: ({ id }: { id: string }) => ({ claims: id }) } as never,
    {
      commit: (writes: unknown[]) => {
        commits.push(writes);
        return Promise.resolve({ committed: isCommitted });
      },
    } as never,
  );
  const challenge = (id?: string) => flow.challenge(CONTEXT, 'pager', id);
  return { challenge, challenged, commits };
}

/** The id of the authenticator that is challenged. */
const chosen = async (rows: Authenticator[], id?: string) => {
  const { challenge, challenged } = prepare({ rows });
  await challenge(id);
  return (challenged as [{ authenticator: Authenticator }])[0].authenticator.id;
};

describe('a challenge', () => {
  it('is made by the factor, and stored while the session lives', async () => {
    const { challenge, challenged, commits } = prepare();
    await expect(challenge()).resolves.toEqual({ sent: true });
    expect(challenged).toMatchObject([
      { user: USER, sessionId: 'session-1', authenticator: { id: 'one', data: 'opened data of one' } },
    ]);
    const stores = {
      userId: 'ada',
      type: 'pager',
      sessionId: 'session-1',
      authenticatorId: 'one',
      data: 'hash',
      expiresAt: EXPIRES,
    };
    expect(commits).toEqual([[{ claims: 'session-1' }, { stores }]]);
  });

  it('needs no session of the module, but the authenticator', async () => {
    const { challenge, challenged, commits } = prepare({ session: null });
    await challenge();
    expect(challenged).toMatchObject([{ sessionId: '' }]);
    expect(commits).toMatchObject([[{ claims: 'one' }, { stores: { sessionId: '' } }]]);
  });

  it.each([
    ['the session has ended', {}, 'session_expired'],
    ['there is no session and the authenticator was removed', { session: null }, 'not_found'],
  ])('is void if %s while it was sent', async (_, world, code) => {
    await expect(prepare({ ...world, isCommitted: false }).challenge()).rejects.toMatchObject({ code });
  });

  it.each([{ factor: undefined }, { factor: {} }])('needs a factor that makes one: %j', async (world) => {
    await expect(prepare(world).challenge()).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is refused over the channel by which the user has signed in', async () => {
    const session = { id: 'session-1', methods: [{ method: 'pager', isFirst: true }] };
    const { challenge, challenged } = prepare({ session });
    await expect(challenge()).rejects.toMatchObject({ code: 'not_found' });
    expect(challenged).toEqual([]);
  });

  it('is for the first authenticator of the type that works, or for the one that is asked for', async () => {
    expect(await chosen([row('app', { type: 'totp' }), row('one'), row('two')])).toBe('one');
    expect(await chosen([row('forged', { isForged: true }), row('rests', { rests: true }), row('two')])).toBe(
      'two',
    );
    expect(await chosen([row('one'), row('two')], 'two')).toBe('two');
  });

  it.each<[string, Authenticator[], string | undefined, string]>([
    ['there is none', [], undefined, 'not_found'],
    ['there is one of another type only', [row('app', { type: 'totp' })], undefined, 'not_found'],
    ['that one is of another type', [row('app', { type: 'totp' }), row('one')], 'app', 'not_found'],
    [
      'none works',
      [row('forged', { isForged: true }), row('rests', { rests: true })],
      undefined,
      'not_found',
    ],
    ['that one does not work', [row('rests', { rests: true }), row('one')], 'rests', 'not_found'],
    ['all are locked', [row('one', { isLocked: true })], undefined, 'authenticator_locked'],
    [
      'only some are locked',
      [row('one', { isLocked: true }), row('two', { rests: true })],
      undefined,
      'not_found',
    ],
  ])('is refused if %s', async (_, rows, id, code) => {
    const { challenge, challenged } = prepare({ rows });
    await expect(challenge(id)).rejects.toMatchObject({ code });
    expect(challenged).toEqual([]);
  });
});
