import { describe, expect, it } from '@jest/globals';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { getMfaUser, presentedSession, setMfaSession } from '../rows/mfa-request.js';
import type { PresentedToken } from './session-transport.js';
import { MfaRequestService } from './mfa-request.service.js';

const ADA: MfaUser = { id: 'ada' };
const TOKEN = 'a-token';
const ACCOUNT = { state: null, authenticators: [] };
const newSession = (changed: Partial<AuthenticationSession> = {}) =>
  ({
    id: 'session-1',
    userId: 'ada',
    status: 'authenticated',
    methods: [],
    ...changed,
  }) as AuthenticationSession;
const PENDING = newSession({ status: 'pending' });

interface World {
  presented?: PresentedToken | null;
  session?: AuthenticationSession | null;
  /** What the adapter returns. */
  user?: unknown;
}

function serviceOf(given: World = {}) {
  const world: Required<World> = {
    presented: { via: 'header', token: TOKEN },
    session: newSession(),
    user: ADA,
    ...given,
  };
  const seen = {
    reads: [] as unknown[],
    uses: [] as unknown[],
    told: [] as unknown[],
    asked: [] as unknown[],
  };
  const adapter = {
    getUser: (request: object): Promise<unknown> => {
      seen.asked.push(presentedSession(request));
      return Promise.resolve(world.user);
    },
    findUser: (): Promise<unknown> => Promise.resolve(world.user),
  };
  const service = new MfaRequestService(
    { read: () => Promise.resolve(world.presented) } as never,
    {
      verify: (token: string, isUse: boolean) => {
        seen.reads.push(['verify', token, isUse]);
        return Promise.resolve(world.session);
      },
      verifyWithAccount: (token: string, isUse: boolean) => {
        seen.reads.push(['verifyWithAccount', token, isUse]);
        return Promise.resolve(world.session && { session: world.session, account: ACCOUNT });
      },
    } as never,
    { note: (session: object) => seen.uses.push(session) } as never,
    { tellOnce: (...told: unknown[]) => seen.told.push(told) } as never,
    adapter as never,
  );
  return { service, world, adapter, ...seen };
}

const READ = ['verify', TOKEN, false];
const WITH_ACCOUNT = ['verifyWithAccount', TOKEN, false];

describe('a request', () => {
  it('hides a user from the adapter, and from nobody else', async () => {
    const { service, adapter } = serviceOf();
    const request: { user?: unknown } = { user: ADA };
    const seen: unknown[] = [];
    adapter.getUser = (one: { user?: unknown }) => {
      seen.push(one.user);
      return Promise.resolve(null);
    };
    const resolved = service.resolve(request, { hiddenUser: () => ADA });
    expect(request.user).toBe(ADA);
    expect((await resolved).user).toBeNull();
    await service.resolve(request, { hiddenUser: () => ({ id: 'bob' }) });
    expect(seen).toEqual([undefined, ADA]);
    expect(request.user).toBe(ADA);
  });

  it.each<[string, World, boolean, boolean]>([
    ['the session lives', {}, true, true],
    ['the session has ended', { session: null }, true, false],
    ['the session waits for its second factor', { session: PENDING }, true, false],
    ['the application has disabled them', {}, false, false],
  ])('has the hidden user of an adapter that looks late while %s', async (_, given, isEnabled, isFound) => {
    const { service, adapter } = serviceOf(given);
    // After its own first wait, it finds on the request what everybody sees there, and makes a user of that.
    adapter.getUser = async (one: { user?: object }) => {
      await Promise.resolve();
      return one.user && { ...one.user };
    };
    adapter.findUser = () => Promise.resolve(isEnabled ? ADA : null);
    const { user } = await service.resolve({ user: ADA }, { hiddenUser: () => ADA });
    expect(user).toEqual(isFound ? ADA : null);
  });

  it('comes from its user, with the session of its token', async () => {
    const { service, world, reads, uses, asked, told } = serviceOf();
    const [request, response] = [{}, {}];
    const context = await service.resolve(request, { response });
    expect(context).toMatchObject({ user: ADA, hasDeadToken: false, isPending: false, account: null });
    expect(context.request).toBe(request);
    expect(context.response).toBe(response);
    expect(context.session).toBe(world.session);
    expect(reads).toEqual([READ]);
    expect(uses).toEqual([world.session]);
    expect(asked).toEqual([world.session]);
    expect(told).toEqual([]);
    expect(getMfaUser(request)).toBe(ADA);
    expect(presentedSession(request)).toBe(world.session);
  });

  it('has the response that it refers to itself if none is given', async () => {
    const request = { res: {} };
    expect((await serviceOf().service.resolve(request)).response).toBe(request.res);
  });

  it('comes with what is stored for its user, if that is asked for', async () => {
    const { service, world, reads } = serviceOf();
    const context = await service.resolve({}, { withAccount: true });
    expect(context.account).toBe(ACCOUNT);
    expect(context.session).toBe(world.session);
    expect(reads).toEqual([WITH_ACCOUNT]);
  });

  it('uses its session later, if that is what it says', async () => {
    const { service, world, uses } = serviceOf();
    const request = {};
    await service.resolve(request, { isUse: false });
    expect(uses).toEqual([]);
    service.noteUse(request);
    expect(uses).toEqual([world.session]);
  });

  it.each([undefined, false, 0, ''])('comes from nobody when the adapter says %j', async (user) => {
    const { service, uses, world } = serviceOf({ user });
    const request = {};
    const context = await service.resolve(request);
    expect(context).toMatchObject({ user: null, session: null, orphan: world.session, hasDeadToken: false });
    expect(getMfaUser(request)).toBeUndefined();
    expect(presentedSession(request)).toBeUndefined();
    expect(uses).toEqual([]);
  });

  it('without a token reads nothing, and is not signed out', async () => {
    const { service, reads, uses } = serviceOf({ presented: null });
    const request = {};
    const context = await service.resolve(request, { withAccount: true });
    expect(context).toMatchObject({
      user: ADA,
      session: null,
      account: null,
      hasDeadToken: false,
      isPending: false,
    });
    service.noteUse(request);
    expect([reads, uses]).toStrictEqual([[], []]);
  });

  it('with a token that is none of ours reads nothing either', async () => {
    const { service, reads } = serviceOf({ presented: { via: 'cookie', malformed: true } });
    expect(await service.resolve({})).toMatchObject({ session: null, hasDeadToken: true });
    expect(reads).toEqual([]);
  });

  it.each([false, true])(
    'has a dead token when there is no session of it (account: %s)',
    async (withAccount) => {
      const { service } = serviceOf({ session: null });
      const context = await service.resolve({}, { withAccount });
      expect(context).toMatchObject({ user: ADA, session: null, account: null, hasDeadToken: true });
    },
  );

  describe('with a pending session', () => {
    it('shows only that there is one', async () => {
      const { service } = serviceOf({ session: PENDING });
      const context = await service.resolve({}, { withAccount: true });
      expect(context).toMatchObject({ session: null, account: null, isPending: true, hasDeadToken: false });
    });

    it.each([
      ['a user', ADA],
      ['nobody yet', null],
    ])('has it for the routes that complete it, from %s, and does not use it', async (_, user) => {
      const { service, uses } = serviceOf({ session: PENDING, user });
      const context = await service.resolveAny({}, { withAccount: true });
      expect(context).toMatchObject({ user, session: PENDING, account: ACCOUNT, isPending: true });
      expect(uses).toEqual([]);
    });
  });

  it.each(['authenticated', 'pending'] as const)(
    'with another user’s session, %s, is its user’s without one, and that is told',
    async (status) => {
      const { service, uses, told } = serviceOf({ session: newSession({ userId: 'eve', status }) });
      const request = { ip: '192.0.2.1' };
      const context = await service.resolveAny(request, { withAccount: true });
      expect(context).toMatchObject({
        user: ADA,
        session: null,
        orphan: null,
        account: null,
        isPending: false,
      });
      expect(presentedSession(request)).toBeUndefined();
      expect(uses).toEqual([]);
      const source = { actor: { type: 'user', id: 'ada' }, ip: '192.0.2.1', sessionId: 'session-1' };
      const event = { type: 'mfa.access.refused', data: { reason: 'foreign_session' } };
      expect(told).toEqual([[ADA, expect.objectContaining(source), event]]);
    },
  );

  describe('reads its session', () => {
    it('once, even if several ask at the same time', async () => {
      const { service, world, reads } = serviceOf();
      const request = {};
      const all = await Promise.all([service.resolve(request), service.resolve(request)]);
      expect(all.map(({ session }) => session)).toEqual([world.session, world.session]);
      await service.resolve(request);
      expect(reads).toEqual([READ]);
    });

    it('once more when the account is asked for too, which is then known', async () => {
      const { service, reads } = serviceOf();
      const request = {};
      await service.resolve(request);
      await service.resolve(request, { withAccount: true });
      expect(reads).toEqual([READ, WITH_ACCOUNT]);
      await service.resolve(request);
      await service.resolve(request, { withAccount: true });
      expect(reads).toHaveLength(2);
    });

    it('again for each operation, and when it presents another token', async () => {
      const { service, world, reads } = serviceOf();
      const [request, operation] = [{}, {}];
      await service.resolve(request);
      await service.resolve(request, { operation });
      await service.resolve(request, { operation });
      expect(reads).toEqual([READ, READ]);
      world.presented = { via: 'header', token: 'another' };
      await service.resolve(request, { operation });
      expect(reads.at(-1)).toEqual(['verify', 'another', false]);
    });

    it('not at all when it has started another one, which counts', async () => {
      const { service, reads } = serviceOf();
      const [request, started] = [{}, newSession({ id: 'session-2' })];
      setMfaSession(request, started);
      expect((await service.resolve(request, { withAccount: true })).session).toBe(started);
      setMfaSession(request, null);
      expect((await service.resolve(request)).session).toBeNull();
      expect(reads).toEqual([]);
    });

    it('again for an operation after it was replaced, as by a message of a connection', async () => {
      const { service, reads } = serviceOf();
      const [request, operation] = [{}, {}];
      await service.resolve(request, { operation });
      setMfaSession(request, newSession({ id: 'session-2' }));
      await service.resolve(request, { operation });
      await service.resolve(request, { operation });
      expect(reads).toEqual([READ, READ]);
    });
  });
});
