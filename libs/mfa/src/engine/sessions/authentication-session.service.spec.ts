import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { KeyRing } from '../../core/crypto/key-ring.js';
import { createToken, hashToken } from '../../core/crypto/tokens.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { AuthenticationSession, sealSession } from '../rows/authentication-session.entity.js';
import { Authenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import type { MfaNewSession } from './authentication-session.service.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { SessionActivity } from './session-activity.js';
import { SessionLimit } from './session-limit.js';

const START = 1_800_000_000_000;
const TTL = 3600;
const PENDING_TTL = 600;
const MAX = 4;
const IDLE = 1800;
const ADA = { id: 'ada' };
const EVE = { id: 'eve' };
const FROM = { ip: '192.0.2.1', userAgent: 'Firefox' };
const DONE: MfaNewSession = { status: 'authenticated' };

const PASSWORD: AuthenticationRecord = { method: 'pwd', at: START };
const CODE: AuthenticationRecord = { method: 'totp', at: START, authenticatorId: 'app' };
const VOUCHED: AuthenticationRecord = { method: 'external', at: START };

const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const options = {
  session: { ttlSeconds: TTL, pendingTtlSeconds: PENDING_TTL, maxPerUser: MAX, idleTtlSeconds: IDLE },
  retention: { batchSize: 100 },
  storage: { timeoutSeconds: 5, preparedStatements: false },
} as never;

const LOST = { committed: false, lost: 'session' };
const COMMITTED = expect.objectContaining({ committed: true });

describe('authentication sessions', () => {
  let now: number;
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let activity: SessionActivity;
  let sessions: AuthenticationSessionService;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(AuthenticationSession, MfaUserState, Authenticator));
    storage = new MfaStorage(dataSource, options);
  });
  beforeEach(async () => {
    now = START;
    for (const entity of [AuthenticationSession, MfaUserState, Authenticator])
      await dataSource.createQueryBuilder().delete().from(entity).execute();
    const clock = { now: () => now };
    activity = new SessionActivity(storage, options, clock);
    const limit = new SessionLimit(storage, options, clock);
    sessions = new AuthenticationSessionService(storage, limit, activity, options, keyRing, clock);
  });
  // It writes uses a little later.
  afterEach(() => activity.onModuleDestroy());
  afterAll(() => close());

  const later = (seconds: number) => (now += seconds * 1000);
  const rows = () => dataSource.getRepository(AuthenticationSession);
  const stored = async () => (await rows().find({ order: { id: 'ASC' } })).map(({ id }) => id);
  const idsOf = (...issued: MfaIssuedSession[]) => issued.map(({ session }) => session.id).sort();
  const commit = (...writes: Parameters<MfaStorage['commit']>[0]) => storage.commit(writes);
  const lastSeen = ({ session }: MfaIssuedSession) => activity.lastSeen(session).getTime();
  /** Starts these sessions one after another, so that each is newer than the one before. */
  const createAll = async (...given: MfaNewSession[]) => {
    const issued: MfaIssuedSession[] = [];
    for (const one of given) {
      issued.push(await sessions.create(ADA, one));
      later(1);
    }
    return issued as [MfaIssuedSession, MfaIssuedSession, MfaIssuedSession, MfaIssuedSession];
  };

  describe('that are started', () => {
    it('are pending and prove nothing by default', async () => {
      const { session, token } = await sessions.create({ id: 7 });
      expect(session).toMatchObject({
        userId: '7',
        tokenHash: hashToken(token),
        status: 'pending',
        methods: [],
        ttlSeconds: null,
        createdAt: new Date(START),
        expiresAt: new Date(START + PENDING_TTL * 1000),
        lastSeenAt: new Date(START),
        userAgent: null,
        ip: null,
      });
      await expect(rows().find()).resolves.toEqual([session]);
    });

    it('are what they are made to be, and live as long', async () => {
      const methods = [PASSWORD, CODE];
      const { session } = await sessions.create(ADA, { ...DONE, methods, ttlSeconds: 60, from: FROM });
      const expiresAt = new Date(START + 60_000);
      expect(session).toMatchObject({ status: 'authenticated', methods, ttlSeconds: 60, expiresAt, ...FROM });
      await expect(rows().find()).resolves.toEqual([session]);
    });

    it('live as long as usual once they are complete, and as pending ones until then', async () => {
      expect((await sessions.create(ADA, DONE)).session.expiresAt).toEqual(new Date(START + TTL * 1000));
      expect((await sessions.create(ADA, { ttlSeconds: 60 })).session.expiresAt).toEqual(
        new Date(START + PENDING_TTL * 1000),
      );
    });

    it('are no more than the limit allows', async () => {
      const [oldest] = await createAll(...Array.from({ length: MAX + 1 }, () => DONE));
      expect(await stored()).toHaveLength(MAX);
      expect(await stored()).not.toContain(oldest.session.id);
    });

    it('can take over the session that the client held before', async () => {
      const former = await sessions.create(ADA, { from: FROM });
      const other = await sessions.create(EVE);
      const { issued, takeover } = sessions.planCreation('ada', DONE);
      await expect(commit(takeover(former.token))).resolves.toEqual(COMMITTED);
      await expect(rows().findOneByOrFail({ userId: 'ada' })).resolves.toEqual(issued.session);
      expect(await stored()).toEqual(idsOf(other, issued));
      await expect(commit(sessions.planCreation('ada', DONE).takeover(former.token))).resolves.toEqual(LOST);
    });
  });

  describe('that are looked up', () => {
    const look = {
      verify: async (token: string, isUse?: boolean) => sessions.verify(token, isUse),
      verifyAuthenticated: async (token: string, isUse?: boolean) =>
        sessions.verifyAuthenticated(token, isUse),
      verifyWithAccount: async (token: string, isUse?: boolean) =>
        (await sessions.verifyWithAccount(token, isUse))?.session ?? null,
    };

    describe.each(Object.entries(look))('by %s()', (_, find) => {
      it('are found by their token only', async () => {
        const { session, token } = await sessions.create(ADA, DONE);
        await sessions.create(EVE, DONE);
        await expect(find(token)).resolves.toEqual(session);
        await expect(find(createToken())).resolves.toBeNull();
      });

      it('are used by that, unless it says otherwise', async () => {
        const issued = await sessions.create(ADA, DONE);
        later(10);
        await find(issued.token, false);
        expect(lastSeen(issued)).toBe(START);
        await find(issued.token);
        expect(lastSeen(issued)).toBe(now);
      });

      it.each([undefined, null, 42, {}, '', 'short', `${'a'.repeat(43)}b`, [createToken()]])(
        'are not searched for with %j, which is no token',
        async (given) => {
          const reading = jest.spyOn(storage, 'read');
          await expect(find(given as never)).resolves.toBeNull();
          expect(reading).not.toHaveBeenCalled();
          reading.mockRestore();
        },
      );

      it('are none from the moment in which they expire', async () => {
        const { token } = await sessions.create(ADA, { ...DONE, ttlSeconds: 60 });
        now = START + 59_999;
        await expect(find(token)).resolves.not.toBeNull();
        now = START + 60_000;
        await expect(find(token)).resolves.toBeNull();
      });

      it('are none once they were idle for too long', async () => {
        const { token } = await sessions.create(ADA, DONE);
        now = START + IDLE * 1000;
        await expect(find(token, false)).resolves.not.toBeNull();
        now += 1;
        await expect(find(token, false)).resolves.toBeNull();
      });

      it('are none when somebody has changed their row', async () => {
        const { session, token } = await sessions.create(ADA, DONE);
        await rows().update(session.id, { userId: 'eve' });
        await expect(find(token)).resolves.toBeNull();
      });
    });

    it('may be pending, except where they have to be complete', async () => {
      const issued = await sessions.create(ADA);
      later(10);
      await expect(sessions.verifyAuthenticated(issued.token)).resolves.toBeNull();
      expect(lastSeen(issued)).toBe(START);
      await expect(sessions.verify(issued.token)).resolves.toEqual(issued.session);
      await expect(sessions.verifyWithAccount(issued.token)).resolves.toMatchObject({
        session: issued.session,
      });
    });

    it('come with what is stored for their user, oldest factor first', async () => {
      const { token } = await sessions.create(ADA);
      const counts = { version: 3, secondFactors: 2, attempts: 0 };
      const states = dataSource.getRepository(MfaUserState);
      await states.insert({ userId: 'eve', ...counts, version: 9 });
      const empty = { state: null, authenticators: [] };
      expect((await sessions.verifyWithAccount(token))?.account).toEqual(empty);
      const factor = (id: string, userId: string, age: number) =>
        newAuthenticator({ id, userId, type: 'totp', name: 'App', createdAt: new Date(START - age) });
      const [newer, older] = [factor('a', 'ada', 10), factor('b', 'ada', 20)];
      await dataSource.getRepository(Authenticator).save([newer, older, factor('c', 'eve', 30)]);
      await states.insert({ userId: 'ada', ...counts });
      const account = (await sessions.verifyWithAccount(token))?.account;
      expect(account?.authenticators.map(({ id }) => id)).toEqual(['b', 'a']);
      expect(account?.state).toMatchObject({ userId: 'ada', version: 3 });
    });
  });

  describe('that are read again', () => {
    it('are found as they are now', async () => {
      const { session } = await sessions.create(ADA);
      const completion = sessions.planCompletion(session, CODE);
      await commit(completion.write);
      expect((await sessions.reload(session))?.session).toEqual(completion.session);
    });

    it('are none after they ended, got another token, or were taken over', async () => {
      const { session, token } = await sessions.create(ADA);
      await expect(sessions.reload({ ...session, id: 'another' })).resolves.toBeNull();
      await commit(sessions.planGain(session, CODE).write);
      await expect(sessions.reload(session)).resolves.toBeNull();
      await expect(sessions.verify(token)).resolves.toBeNull();
      const another = await sessions.create(ADA);
      await sessions.revoke(another.session);
      await expect(sessions.reload(another.session)).resolves.toBeNull();
    });

    it('go on for a request that lost its claim, if they still wait for the same', async () => {
      const { session } = await sessions.create(ADA);
      await commit(sessions.planRecords(session, [PASSWORD]));
      const renewed = await sessions.renew(session);
      expect(renewed.methods).toEqual([PASSWORD]);
      await commit(sessions.planCompletion(renewed).write);
      const expired = { code: 'session_expired' };
      await expect(sessions.renew(session)).rejects.toMatchObject(expired);
      await sessions.revoke(session);
      await expect(sessions.renew(session)).rejects.toMatchObject(expired);
    });

    it('are there whatever their token and status, until they end', async () => {
      const { session } = await sessions.create(ADA);
      await commit(sessions.planGain(session, CODE).write);
      await expect(sessions.isThere(session.id)).resolves.toBe(true);
      await expect(sessions.isThere('another')).resolves.toBe(false);
      await sessions.revoke(session);
      await expect(sessions.isThere(session.id)).resolves.toBe(false);
    });

    it('are over once they expired or were idle for too long', async () => {
      const { session } = await sessions.create(ADA, DONE);
      now = START + IDLE * 1000;
      expect(sessions.isOver(session)).toBe(false);
      now += 1;
      expect(sessions.isOver(session)).toBe(true);
      activity.note(session);
      expect(sessions.isOver(session)).toBe(false);
      now = START + TTL * 1000;
      activity.note(session);
      expect(sessions.isOver(session)).toBe(true);
    });
  });

  describe('that a trusted browser has started', () => {
    const ofBrowser = (authenticatorId: string) =>
      ({ method: 'trusted_device', at: START, authenticatorId }) as const;

    it('are all found, and no others', async () => {
      const began = { ...DONE, methods: [PASSWORD, ofBrowser('browser')] };
      const [first, second] = await createAll(began, began);
      await createAll(
        { ...DONE, methods: [PASSWORD, ofBrowser('another')] },
        { ...DONE, methods: [{ ...CODE, authenticatorId: 'browser' }] },
      );
      await sessions.create(EVE, began);
      const found = await sessions.listStartedFrom(ADA, 'browser');
      expect(found.map(({ id }) => id).sort()).toEqual(idsOf(first, second).sort());
    });

    it('are none once they have expired, which leaves nothing to end', async () => {
      const { session } = await sessions.create(ADA, { ...DONE, methods: [ofBrowser('browser')] });
      now = session.expiresAt.getTime() - 1;
      await expect(sessions.listStartedFrom(ADA, 'browser')).resolves.toEqual([session]);
      now += 1;
      await expect(sessions.listStartedFrom(ADA, 'browser')).resolves.toStrictEqual([]);
    });

    it('are found behind more sign-ins than a list shows', async () => {
      const { session } = await sessions.create(ADA, { ...DONE, methods: [ofBrowser('browser')] });
      now += 1;
      const later = Array.from({ length: MAX }, () => sessions.planCreation('ada', DONE).write);
      await commit(...later);
      expect((await sessions.list(ADA)).map(({ id }) => id)).not.toContain(session.id);
      await expect(sessions.listStartedFrom(ADA, 'browser')).resolves.toEqual([session]);
    });
  });

  describe('in a list', () => {
    const listed = async () => (await sessions.list(ADA)).map(({ id }) => id);

    it('are those of one user, the newest first', async () => {
      const [first, second] = await createAll(DONE, {});
      await sessions.create(EVE, DONE);
      await expect(sessions.list(ADA)).resolves.toEqual([second.session, first.session]);
    });

    it('are ordered by id where they began in the same moment', async () => {
      const issued = [await sessions.create(ADA), await sessions.create(ADA), await sessions.create(ADA)];
      expect(await listed()).toEqual(idsOf(...issued).reverse());
    });

    it('are ordered by when they began, whatever their ids say', async () => {
      const { session } = await sessions.create(ADA, DONE);
      const createdAt = new Date(START - 1000);
      const earlier = Object.assign(new AuthenticationSession(), session, {
        id: 'z',
        tokenHash: 'z',
        createdAt,
      });
      await rows().insert(Object.assign(earlier, { seal: sealSession(keyRing, earlier) }));
      expect(await listed()).toEqual([session.id, 'z']);
    });

    it('are complete ones before those that wait for their second factor, of which any number may be newer', async () => {
      const [done] = await createAll(DONE);
      later(1);
      const pending = Array.from({ length: MAX }, () => sessions.planCreation('ada', {}));
      await commit(...pending.map(({ write }) => write));
      const ids = await listed();
      expect(ids).toHaveLength(MAX);
      expect(ids.at(-1)).toBe(done.session.id);
      expect(ids.slice(0, -1)).toEqual(idsOf(...pending.map(({ issued }) => issued).slice(1)).reverse());
    });

    it('are valid: neither expired, nor idle for too long, nor changed by others', async () => {
      const [brief, changed, idle] = await createAll({ ...DONE, ttlSeconds: 60 }, DONE, DONE);
      await rows().update(changed.session.id, { methods: [CODE] });
      now = START + 59_999;
      expect(await listed()).toEqual(idsOf(brief, idle).reverse());
      now = START + 60_000;
      expect(await listed()).toEqual(idsOf(idle));
      later(IDLE);
      expect(await listed()).toEqual([]);
    });

    it('are no more than the limit, and expired ones take the place of none', async () => {
      const lasting = await createAll(...Array.from({ length: MAX }, () => DONE));
      const brief = { ...DONE, ttlSeconds: 1 };
      const surplus = [brief, brief].map((given) => sessions.planCreation('ada', given).write);
      await commit(...surplus);
      later(1);
      expect(await listed()).toEqual(idsOf(...lasting).reverse());
      await commit(sessions.planCreation('ada', DONE).write);
      expect(await listed()).toHaveLength(MAX);
    });
  });

  describe('that gain a proof', () => {
    it('get another token, of several requests in one of them', async () => {
      const { session, token } = await sessions.create(ADA, { methods: [PASSWORD] });
      later(10);
      const { issued, write } = sessions.planGain(session, CODE);
      const late = sessions.planGain(session, CODE).write;
      await expect(commit(write)).resolves.toEqual(COMMITTED);
      await expect(commit(late)).resolves.toEqual(LOST);
      await expect(sessions.verify(token)).resolves.toBeNull();
      const found = await sessions.verify(issued.token);
      expect(found).toEqual(issued.session);
      expect(found).toMatchObject({
        id: session.id,
        status: 'authenticated',
        methods: [PASSWORD, CODE],
        lastSeenAt: new Date(now),
      });
    });

    it('have the newest of the proofs that are the same, after the others', async () => {
      const { session } = await sessions.create(ADA, { methods: [CODE, PASSWORD] });
      const newer = { ...CODE, at: START + 1 };
      const { methods } = sessions.planGain(session, newer, VOUCHED).issued.session;
      expect(methods).toEqual([PASSWORD, newer, VOUCHED]);
    });

    it.each<[string, AuthenticationRecord, AuthenticationRecord, boolean]>([
      ['the statement of a provider that it has spent', { ...VOUCHED, spent: true }, VOUCHED, true],
      ['an older one', { ...VOUCHED, spent: true }, { ...VOUCHED, at: START - 1 }, true],
      ['a newer one', { ...VOUCHED, spent: true }, { ...VOUCHED, at: START + 1 }, false],
      ['one that it has not spent', VOUCHED, { ...VOUCHED, at: START - 1 }, false],
      ['a spent code, which a new one replaces', { ...CODE, spent: true }, CODE, false],
      ['another kind of proof', { ...VOUCHED, spent: true }, CODE, false],
    ])('are given %s', async (_, held, given, staysSpent) => {
      const { session } = await sessions.create(ADA, { methods: [held] });
      const { methods } = sessions.planGain(session, given).issued.session;
      expect(methods.at(-1)).toEqual(staysSpent ? held : given);
    });

    it.each([
      ['as long as usual', null, TTL],
      ['as long as their sign-in said', 60, 60],
    ])('live %s from then on, if they were pending', async (_, ttlSeconds, lives) => {
      const { session } = await sessions.create(ADA, { ttlSeconds });
      later(10);
      const expiresAt = new Date(now + lives * 1000);
      expect(sessions.planGain(session, CODE).issued.session.expiresAt).toEqual(expiresAt);
      expect(sessions.planCompletion(session).session.expiresAt).toEqual(expiresAt);
    });

    it('live no longer for it, if they were complete', async () => {
      const { session } = await sessions.create(ADA, DONE);
      later(10);
      const { expiresAt } = sessions.planGain(session, CODE).issued.session;
      expect(expiresAt).toEqual(new Date(START + TTL * 1000));
    });

    it('gain nothing from the moment in which they expire', async () => {
      const { session } = await sessions.create(ADA, { ...DONE, ttlSeconds: 60 });
      now = START + 60_000;
      await expect(commit(sessions.planGain(session, CODE).write)).resolves.toEqual(LOST);
      now -= 1;
      await expect(commit(sessions.planGain(session, CODE).write)).resolves.toEqual(COMMITTED);
    });
  });

  describe('in which an authenticator was proven', () => {
    const KEY = { type: 'webauthn', id: 'key' } as const;
    const facts = { userVerified: true, backupEligible: false };
    const proof = { method: 'webauthn', authenticatorId: 'key', ...facts };
    const verified = { type: 'mfa.session.verified', data: { method: 'webauthn', userVerified: true } };

    it('gain the proof, and say so', async () => {
      const { session } = await sessions.create(ADA, { methods: [PASSWORD] });
      later(1);
      const { issued, write, events } = sessions.planProof(
        { userId: 'ada', session },
        KEY,
        facts,
        APPLICATION_SOURCE,
      );
      expect(events).toEqual([verified]);
      await commit(write);
      await expect(sessions.verify(issued.token)).resolves.toMatchObject({
        id: session.id,
        methods: [PASSWORD, { ...proof, at: now }],
      });
    });

    it('start with the proof where there was none, and say that too', async () => {
      const from = { ...APPLICATION_SOURCE, ...FROM };
      const { issued, write, events } = sessions.planProof(
        { userId: 'ada', session: null },
        KEY,
        facts,
        from,
      );
      expect(events).toEqual([{ type: 'mfa.session.started', data: { methods: ['webauthn'] } }, verified]);
      await commit(write);
      const methods = [{ ...proof, at: now }];
      await expect(sessions.verifyAuthenticated(issued.token)).resolves.toMatchObject({
        userId: 'ada',
        methods,
        ...FROM,
      });
    });
  });

  describe('that change', () => {
    it('keep their token when nothing more is owed', async () => {
      const { session, token } = await sessions.create(ADA, { methods: [PASSWORD] });
      const completion = sessions.planCompletion(session, CODE);
      await expect(commit(completion.write)).resolves.toEqual(COMMITTED);
      const found = await sessions.verifyAuthenticated(token);
      expect(found).toEqual(completion.session);
      expect(found?.methods).toEqual([PASSWORD, CODE]);
      await expect(commit(sessions.planCompletion(session).write)).resolves.toEqual(LOST);
    });

    it('lose the proofs of a factor that is removed, and keep their token', async () => {
      const { session, token } = await sessions.create(ADA, { ...DONE, methods: [PASSWORD, CODE] });
      await expect(commit(sessions.planRecords(session, [PASSWORD]))).resolves.toEqual(COMMITTED);
      expect((await sessions.verify(token))?.methods).toEqual([PASSWORD]);
      await expect(commit(sessions.planRecords(session, [CODE]))).resolves.toEqual(LOST);
    });

    it('have their second factors spent by one of two requests', async () => {
      const { session, token } = await sessions.create(ADA, { ...DONE, methods: [PASSWORD, CODE] });
      const spending = sessions.planSpending(session);
      expect(spending.session.methods).toEqual([PASSWORD, { ...CODE, spent: true }]);
      await expect(commit(spending.write)).resolves.toEqual(COMMITTED);
      await expect(sessions.verify(token)).resolves.toEqual(spending.session);
      await expect(commit(sessions.planSpending(session).write)).resolves.toEqual(LOST);
    });

    it('are nobody’s to claim any more as they were read', async () => {
      const { session, token } = await sessions.create(ADA, DONE);
      const other = await sessions.create(EVE, DONE);
      await expect(commit(sessions.planClaim(session))).resolves.toEqual(COMMITTED);
      await expect(sessions.verify(token)).resolves.toEqual(session);
      await commit(sessions.planRecords(session, [CODE]));
      await expect(commit(sessions.planClaim(session))).resolves.toEqual(LOST);
      now = START + TTL * 1000;
      await expect(commit(sessions.planClaim(other.session))).resolves.toEqual(LOST);
    });
  });

  describe('that are ended', () => {
    const others = async () => [await sessions.create(EVE), await sessions.create(EVE, DONE)] as const;

    it('one by one, are gone', async () => {
      const [ended, kept] = await createAll(DONE, DONE);
      await sessions.revoke(ended.session);
      expect(await stored()).toEqual(idsOf(kept));
    });

    it('all at once, are counted, pending ones too', async () => {
      await createAll(DONE, {});
      const kept = await others();
      await expect(sessions.revokeAll(ADA)).resolves.toBe(2);
      expect(await stored()).toEqual(idsOf(...kept));
    });

    it('all but one, leave that one', async () => {
      const [kept] = await createAll(DONE, {}, DONE);
      await expect(sessions.revokeAll(ADA, kept.session)).resolves.toBe(2);
      expect(await stored()).toEqual(idsOf(kept));
    });

    it('while pending, leave those that are complete', async () => {
      const [, complete] = await createAll({}, DONE);
      const kept = await others();
      await commit(sessions.planEndingPending('ada'));
      expect(await stored()).toEqual(idsOf(complete, ...kept));
    });

    it('by their id, are ended once and by their user only', async () => {
      const [first, second, kept] = await createAll(DONE, DONE, DONE);
      const [one, two] = idsOf(first, second) as [string, string];
      await expect(commit(sessions.planEnding('eve', one))).resolves.toEqual(LOST);
      await expect(commit(sessions.planEnding('ada', one))).resolves.toEqual(COMMITTED);
      await expect(commit(sessions.planEnding('ada', one))).resolves.toEqual(LOST);
      const lost = { committed: false, lost: 'ended-session' };
      await expect(commit(sessions.planEndingListed('eve', two))).resolves.toEqual(lost);
      await expect(commit(sessions.planEndingListed('ada', two))).resolves.toEqual(COMMITTED);
      expect(await stored()).toEqual(idsOf(kept));
    });

    it('as a list, are those that are still there and of that user', async () => {
      const [one, two, kept] = await createAll(DONE, DONE, DONE);
      const [foreign, other] = await others();
      await sessions.revoke(two.session);
      const list = [one, two, foreign].map(({ session }) => session);
      await expect(commit(sessions.planEndingThese('ada', list))).resolves.toEqual(COMMITTED);
      expect(await stored()).toEqual(idsOf(kept, foreign, other));
    });

    it('by the token that a client held', async () => {
      const [ended, kept] = await createAll(DONE, DONE);
      await expect(commit(sessions.planEndingToken(ended.token))).resolves.toEqual(COMMITTED);
      expect(await stored()).toEqual(idsOf(kept));
      await expect(commit(sessions.planEndingToken(ended.token))).resolves.toEqual(COMMITTED);
    });
  });
});
