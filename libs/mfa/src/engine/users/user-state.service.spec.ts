import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { beforeNext, callsDuring } from '../../../../../test/support/intercept.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { Authenticator, PASSWORDLESS, newAuthenticator } from '../rows/authenticator.entity.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { UserStateService } from './user-state.service.js';

const NOW = 1_800_000_000_000;
const EARLIER = new Date(NOW - 60_000);
const TABLES = [MfaUserState, AuthenticationSession, Authenticator];

describe('the row that each user has', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let users: UserStateService;
  let now = NOW;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(...TABLES));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
    users = new UserStateService(storage, { now: () => now });
  });
  beforeEach(async () => {
    now = NOW;
    for (const table of TABLES) await dataSource.createQueryBuilder().delete().from(table).execute();
  });
  afterAll(() => close());

  const stored = (userId = 'ada') => dataSource.getRepository(MfaUserState).findOneBy({ userId });
  const store = (userId: string, changed: Partial<MfaUserState> = {}) =>
    dataSource.getRepository(MfaUserState).insert({ ...users.blank(userId), ...changed });
  const commit = (...writes: Write[]) => storage.commit(writes);

  /** Stores a session of that user's. */
  const signIn = async (userId: string, id = `of ${userId}`) => {
    const created = { methods: [], createdAt: new Date(NOW), expiresAt: new Date(NOW) };
    const row = { ...created, id, userId, tokenHash: id, status: 'authenticated' as const };
    await dataSource.getRepository(AuthenticationSession).insert(row);
    return { id };
  };

  it.each([2_147_483_646, 2_147_483_647])('with a version of %d lets the factors change', async (version) => {
    await store('ada', { version });
    await store('bob', { version });
    const seen = { ...users.blank('ada'), version };
    await expect(commit(users.claimVersion(seen))).resolves.toMatchObject({ committed: true });
    expect((await stored())?.version).toBe(version === 2_147_483_647 ? 1 : 2_147_483_647);
    expect((await stored('bob'))?.version).toBe(version);
    // Of two changes that have seen it, one happens.
    await expect(commit(users.claimVersion(seen))).resolves.toMatchObject({ committed: false });
  });

  it('is found by the user’s id; there is none at first', async () => {
    await store('ada', { version: 3, enrolledAt: EARLIER });
    await store('bob');
    await expect(users.find('ada')).resolves.toEqual({
      ...users.blank('ada'),
      version: 3,
      enrolledAt: EARLIER,
    });
    await expect(users.find('eve')).resolves.toBeNull();
  });

  it('is blank when it was created', async () => {
    const row = await users.ensure('ada');
    expect(row).toBeInstanceOf(MfaUserState);
    expect(row).toEqual(users.blank('ada'));
    expect(row).toEqual(await stored());
    expect(users.blank('ada')).toBeInstanceOf(MfaUserState);
  });

  it('is kept if there is one', async () => {
    await store('ada', { version: 3 });
    await expect(users.ensure('ada')).resolves.toMatchObject({ version: 3 });
    await expect(commit(users.planCreation('ada'))).resolves.toEqual({ committed: true, affected: [0] });
    await expect(stored()).resolves.toMatchObject({ version: 3 });
  });

  it('is the same for two requests that need it at once', async () => {
    beforeNext(storage, 'commit', () => store('ada', { version: 1 }));
    await expect(users.ensure('ada')).resolves.toMatchObject({ version: 1 });
  });

  it('is created for a session of that user that has not ended, and for no other', async () => {
    const hers = await signIn('ada');
    await expect(users.ensure('bob', hers)).resolves.toBeNull();
    await expect(users.ensure('ada', { id: 'ended' })).resolves.toBeNull();
    await expect(dataSource.getRepository(MfaUserState).count()).resolves.toBe(0);
    await expect(users.ensure('ada', hers)).resolves.toMatchObject({ userId: 'ada' });
    await expect(
      dataSource.getRepository(AuthenticationSession).findOneBy({ id: hers.id }),
    ).resolves.toMatchObject({ userId: 'ada' });
  });

  describe('says when its user was first told to enroll', () => {
    it('which is now, if there is no row yet', async () => {
      await expect(users.startEnrollmentGrace('ada')).resolves.toEqual(new Date(NOW));
      await expect(stored()).resolves.toEqual({
        ...users.blank('ada'),
        enrollmentStartedAt: new Date(NOW),
      });
    });

    it('which is now, if the row says nothing', async () => {
      for (const userId of ['ada', 'bob', 'carl']) await store(userId);
      await expect(users.startEnrollmentGrace('ada', await stored())).resolves.toEqual(new Date(NOW));
      await expect(users.startEnrollmentGrace('bob')).resolves.toEqual(new Date(NOW));
      await expect(stored()).resolves.toMatchObject({ enrollmentStartedAt: new Date(NOW) });
      await expect(stored('carl')).resolves.toMatchObject({ enrollmentStartedAt: null });
    });

    it('and never anything else afterwards', async () => {
      await users.startEnrollmentGrace('ada');
      now += 1000;
      await expect(users.startEnrollmentGrace('ada')).resolves.toEqual(new Date(NOW));
      await expect(users.startEnrollmentGrace('ada', await stored())).resolves.toEqual(new Date(NOW));
    });

    it('without asking the database, if the caller has read it', async () => {
      const read = { ...users.blank('ada'), enrollmentStartedAt: EARLIER };
      await expect(users.startEnrollmentGrace('ada', read)).resolves.toEqual(EARLIER);
      await expect(stored()).resolves.toBeNull();
    });

    it('in a single commit, if there is no row yet', async () => {
      for (const session of [null, { id: 'ended' }]) {
        const start = () => users.startEnrollmentGrace('ada', null, session);
        await expect(callsDuring(storage, 'commit', start)).resolves.toHaveLength(1);
        await dataSource.getRepository(MfaUserState).delete('ada');
      }
    });

    it('and stores nothing for a user whose session has ended', async () => {
      await expect(users.startEnrollmentGrace('ada', null, { id: 'ended' })).resolves.toEqual(new Date(NOW));
      await expect(stored()).resolves.toBeNull();
      await expect(users.startEnrollmentGrace('ada', null, await signIn('ada'))).resolves.toEqual(
        new Date(NOW),
      );
      await expect(stored()).resolves.toMatchObject({ enrollmentStartedAt: new Date(NOW) });
    });

    it.each<[string, Partial<MfaUserState>, Date]>([
      ['created the row', {}, new Date(NOW)],
      ['created the row and started', { enrollmentStartedAt: EARLIER }, EARLIER],
    ])('if another request has just %s', async (_, changed, start) => {
      beforeNext(storage, 'commit', () => store('ada', changed));
      await expect(users.startEnrollmentGrace('ada')).resolves.toEqual(start);
      await expect(stored()).resolves.toMatchObject({ enrollmentStartedAt: start });
    });

    it('if another request has started since it was read', async () => {
      await store('ada');
      const read = await stored();
      beforeNext(storage, 'commit', () =>
        dataSource.getRepository(MfaUserState).update('ada', { enrollmentStartedAt: EARLIER }),
      );
      await expect(users.startEnrollmentGrace('ada', read)).resolves.toEqual(EARLIER);
      await expect(stored()).resolves.toMatchObject({ enrollmentStartedAt: EARLIER });
    });

    it('even if the user was forgotten since it was read', async () => {
      await expect(users.startEnrollmentGrace('ada', users.blank('ada'))).resolves.toEqual(new Date(NOW));
      await expect(stored()).resolves.toBeNull();
    });
  });

  describe('has a version of the factors', () => {
    const LOST = { committed: false, lost: 'version' };
    beforeEach(async () => {
      await store('ada');
      await store('bob');
    });

    it('which only one of two changes that read the same one can claim', async () => {
      const read = users.blank('ada');
      await expect(commit(users.claimVersion(read))).resolves.toMatchObject({ committed: true });
      await expect(stored()).resolves.toMatchObject({ version: 1 });
      await expect(commit(users.claimVersion(read))).resolves.toEqual(LOST);
      await expect(commit(users.claimVersion(read, false))).resolves.toEqual(LOST);
      await expect(stored()).resolves.toMatchObject({ version: 1 });
      await expect(stored('bob')).resolves.toMatchObject({ version: 0 });
    });

    it('which stays the same if the factors do', async () => {
      const read = users.blank('ada');
      await expect(commit(users.claimVersion(read, false))).resolves.toMatchObject({ committed: true });
      await expect(commit(users.claimVersion(read, false))).resolves.toMatchObject({ committed: true });
      await expect(stored()).resolves.toMatchObject({ version: 0 });
    });
  });

  describe('has the number of second factors', () => {
    beforeEach(() => store('ada'));

    const enroll = (id: string, changed: Partial<Authenticator> = {}) =>
      dataSource
        .getRepository(Authenticator)
        .insert(
          newAuthenticator({ id, userId: 'ada', type: 'totp', name: id, createdAt: EARLIER, ...changed }),
        );
    const counted = async () => {
      await commit(users.planFactorCount('ada'));
      const { secondFactors, enrolledAt } = (await stored()) as MfaUserState;
      return { secondFactors, enrolledAt };
    };

    it('without those of others, and those that are none', async () => {
      await store('bob');
      await enroll('app');
      await enroll('key', { type: 'webauthn' });
      await enroll('passkey', { type: 'webauthn', role: PASSWORDLESS });
      await enroll('codes', { type: 'recovery_codes' });
      await enroll('of bob', { userId: 'bob' });
      await expect(counted()).resolves.toEqual({ secondFactors: 2, enrolledAt: new Date(NOW) });
      await expect(stored('bob')).resolves.toMatchObject({ secondFactors: 0, enrolledAt: null });
    });

    it('and no date of enrollment while there was none', async () => {
      await enroll('passkey', { type: 'webauthn', role: PASSWORDLESS });
      await expect(counted()).resolves.toEqual({ secondFactors: 0, enrolledAt: null });
    });

    it('and the date of the first one, even when it is gone', async () => {
      await enroll('app');
      await counted();
      now += 1000;
      await enroll('key', { type: 'webauthn' });
      await expect(counted()).resolves.toEqual({ secondFactors: 2, enrolledAt: new Date(NOW) });
      await dataSource.getRepository(Authenticator).delete(['app', 'key']);
      await expect(counted()).resolves.toEqual({ secondFactors: 0, enrolledAt: new Date(NOW) });
    });
  });

  it('says from when on an administrator demands a second factor, until they no longer do', async () => {
    await store('ada');
    await store('bob');
    await commit(users.planEnrollmentRequired('ada', new Date(NOW)));
    await expect(stored()).resolves.toMatchObject({ enrollmentRequiredFrom: new Date(NOW) });
    await expect(stored('bob')).resolves.toMatchObject({ enrollmentRequiredFrom: null });
    await commit(users.planEnrollmentRequired('ada', null));
    await expect(stored()).resolves.toMatchObject({ enrollmentRequiredFrom: null });
  });
});
