import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { KeyRing } from '../../core/crypto/key-ring.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Write } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { AccountsService } from '../authenticators/accounts.service.js';
import type { Happening } from '../journal/mfa-journal.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { Authenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import { APPLICATION_SOURCE, MfaRequest } from '../rows/mfa-request.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import type { MfaNewSession } from '../sessions/authentication-session.service.js';
import { AuthenticationSessionService } from '../sessions/authentication-session.service.js';
import { TrustedDevice } from '../trust/trusted-device.entity.js';
import { TrustedDeviceStore } from '../trust/trusted-device-store.js';
import { UserStateService } from '../users/user-state.service.js';
import type { FactorState, PlannedChange } from './factor-change.js';
import { FactorChange } from './factor-change.js';

const NOW = 1_800_000_000_000;
const ADA = { id: 'ada' };
const EVENT = { type: 'mfa.session.ended', data: { scope: 'all', reason: 'admin' } } as const;
const clock = { now: () => NOW };

const app = (id: string, userId = 'ada') =>
  newAuthenticator({ id, userId, type: 'totp', name: id, createdAt: new Date(NOW) });

const browser = (id: string, userId = 'ada'): TrustedDevice => ({
  id,
  userId,
  tokenHash: id.padEnd(64),
  formerTokenHash: null,
  olderTokens: null,
  userAgent: null,
  ip: null,
  createdAt: new Date(NOW),
  lastUsedAt: null,
  expiresAt: new Date(NOW + 1000),
  seal: null,
});

/** A plan of these statements, which did what is to be done. */
const planOf = (writes: Write[], changed: Partial<PlannedChange<string>> = {}): PlannedChange<string> => ({
  writes,
  events: [EVENT],
  result: 'done',
  ...changed,
});

describe('a change of factors', () => {
  const entities = [MfaUserState, Authenticator, AuthenticationSession, TrustedDevice];
  const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
  const session = { pendingTtlSeconds: 900, ttlSeconds: 3600 };
  const options = {
    storage: { timeoutSeconds: 5, preparedStatements: false },
    session,
    trustedDevices: { maxPerUser: 3 },
  };
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let sessions: AuthenticationSessionService;
  let change: FactorChange;
  /** What was committed, and then told of. */
  let told: Happening[];
  let recorded: Happening[];
  /** What the *recent* proof was asked for. */
  let asked: unknown[];
  /** Answers these questions, and records events, unless something else is said. */
  const recent = { assert: () => Promise.resolve() };
  const journal = { record: () => Promise.resolve() };

  const make = ({ timeoutSeconds = 5 } = {}) => {
    const accounts = new AccountsService(storage);
    const devices = new TrustedDeviceStore(storage, keyRing, options as never);
    return new FactorChange(
      new UserStateService(storage, clock),
      accounts,
      sessions,
      {
        assert: ({ session: of, records }: MfaRequest, rows: Authenticator[], purpose?: string) => {
          asked.push({ session: of?.id, records, rows: rows.map(({ id }) => id), purpose });
          return recent.assert();
        },
      } as never,
      devices,
      {
        commit: async (writes: Write[], happening: Happening) => {
          const result = await storage.commit(writes);
          if (result.committed) told.push(happening);
          return result;
        },
        record: (happening: Happening) => {
          recorded.push(happening);
          return journal.record();
        },
      } as never,
      { storage: { timeoutSeconds } } as never,
    );
  };

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(...entities));
    storage = new MfaStorage(dataSource, options as never);
    sessions = new AuthenticationSessionService(
      storage,
      { started: () => Promise.resolve() } as never,
      { isIdle: () => false } as never,
      options as never,
      keyRing,
      clock,
    );
    change = make();
  });
  beforeEach(async () => {
    [told, recorded, asked] = [[], [], []];
    for (const entity of entities) await dataSource.createQueryBuilder().delete().from(entity).execute();
  });
  afterEach(() => {
    recent.assert = journal.record = () => Promise.resolve();
  });
  afterAll(() => close());

  const insertion = (row: Authenticator): Write => ({
    query: dataSource.createQueryBuilder().insert().into(Authenticator).values(row),
  });
  const trust = (row: TrustedDevice): Write => ({
    query: dataSource.createQueryBuilder().insert().into(TrustedDevice).values(row),
  });
  /** Claims an authenticator, of which there is none: it is always lost. */
  const lost = (claim: string): Write => ({
    claim,
    query: dataSource.createQueryBuilder().delete().from(Authenticator).where('id = :id', { id: 'none' }),
  });
  const stateOf = (userId = 'ada') => dataSource.getRepository(MfaUserState).findOneBy({ userId });
  const trusted = async () => (await dataSource.getRepository(TrustedDevice).find()).map(({ id }) => id);
  /** The request of a session that was just started. */
  const request = async (given: MfaNewSession = { status: 'authenticated' }, user = ADA) => {
    const issued = await sessions.create(user, given);
    return new MfaRequest({ ip: '192.0.2.1' }, { user: ADA, session: issued.session });
  };
  const enroll = () => change.run(ADA, {}, () => Promise.resolve(planOf([insertion(app('first'))])));
  const expectRefusal = (running: Promise<unknown>, code: string) =>
    expect(running).rejects.toMatchObject({ code });

  it('does what was planned, tells of it, and answers what the plan says', async () => {
    await expect(enroll()).resolves.toBe('done');
    expect(await dataSource.getRepository(Authenticator).count()).toBe(1);
    expect(told).toEqual([{ user: ADA, source: APPLICATION_SOURCE, events: [EVENT], silent: false }]);
  });

  it('makes the user’s row if there is none, and counts the second factors in it', async () => {
    await enroll();
    expect(await stateOf()).toMatchObject({ version: 1, secondFactors: 1, enrolledAt: new Date(NOW) });
  });

  it('counts the version up, so that what was read before is outdated, and nobody else’s', async () => {
    await enroll();
    const others = [insertion(app('second')), insertion(app('of-eve', 'eve'))];
    await change.run(ADA, {}, () => Promise.resolve(planOf(others)));
    expect(await stateOf()).toMatchObject({ version: 2, secondFactors: 2 });
    expect(await stateOf('eve')).toBeNull();
  });

  it('is planned on the user’s authenticators, in no session if code of the application asks', async () => {
    await enroll();
    const plan = jest.fn((_state: FactorState) => Promise.resolve(planOf([])));
    await change.run(ADA, {}, plan);
    expect(plan.mock.calls).toEqual([
      [{ userId: 'ada', authenticators: [expect.objectContaining({ id: 'first' })], session: null }],
    ]);
    expect(asked).toEqual([]);
  });

  it('may be one of which the owner is not told', async () => {
    await change.run(ADA, {}, () => Promise.resolve(planOf([], { silent: true })));
    expect(told).toMatchObject([{ silent: true }]);
  });

  describe('and where it comes from', () => {
    const SOURCE = { ...APPLICATION_SOURCE, userAgent: 'a browser' };
    const sourceOf = async (origin: object, changed: Partial<PlannedChange<string>> = {}) => {
      await change.run(ADA, origin, () => Promise.resolve(planOf([], changed)));
      return told[0]?.source;
    };

    it('is the request', async () => {
      const context = await request();
      expect(await sourceOf({ context })).toEqual(context.source);
    });

    it('is what the caller says, even with a request', async () => {
      expect(await sourceOf({ context: await request(), source: SOURCE })).toEqual(SOURCE);
    });

    it('is the session that it starts', async () => {
      expect(await sourceOf({ source: SOURCE }, { startedSessionId: 'new' })).toEqual({
        ...SOURCE,
        sessionId: 'new',
      });
    });
  });

  describe('that a request asks for', () => {
    it('needs a recent proof, of what the session holds now', async () => {
      await enroll();
      const context = await request();
      const { session: before } = context;
      if (!before) throw new Error('There is no session');
      const proofs = [{ method: 'totp', at: NOW, authenticatorId: 'first' } as const];
      await storage.commit([sessions.planRecords(before, proofs)]);
      const plan = jest.fn((_state: FactorState) => Promise.resolve(planOf([])));
      await change.run(ADA, { context, purpose: 'adding' }, plan);
      expect(asked).toEqual([{ session: before.id, records: proofs, rows: ['first'], purpose: 'adding' }]);
      expect(plan.mock.calls[0]?.[0].session).toMatchObject({ id: before.id, methods: proofs });
    });

    it('is not even planned without one', async () => {
      recent.assert = () => Promise.reject(new MfaException('mfa_required'));
      const plan = jest.fn(() => Promise.resolve(planOf([])));
      await expectRefusal(change.run(ADA, { context: await request() }, plan), 'mfa_required');
      expect(plan).not.toHaveBeenCalled();
    });

    it('is refused after its session has ended', async () => {
      const context = await request();
      await sessions.revokeAll(ADA);
      await expectRefusal(
        change.run(ADA, { context }, () => Promise.resolve(planOf([]))),
        'session_expired',
      );
    });

    it('is refused in the session of another user', async () => {
      const context = await request({ status: 'authenticated' }, { id: 'eve' });
      await expectRefusal(
        change.run(ADA, { context }, () => Promise.resolve(planOf([]))),
        'session_expired',
      );
    });

    it('is refused if its session ends while it is planned, and nothing of it is done', async () => {
      const context = await request();
      const running = change.run(ADA, { context }, async () => {
        await sessions.revokeAll(ADA);
        return planOf([insertion(app('first'))]);
      });
      await expectRefusal(running, 'session_expired');
      expect([await dataSource.getRepository(Authenticator).count(), await stateOf()]).toEqual([0, null]);
    });

    it('has no session in a sign-in that still waits for its second factor', async () => {
      const states: unknown[] = [];
      const context = await request({ status: 'pending' });
      await change.run(ADA, { context }, (state) => {
        states.push(state.session);
        return Promise.resolve(planOf([]));
      });
      expect([states, asked]).toEqual([[null], [expect.objectContaining({ session: undefined })]]);
    });

    it.each(['pending', 'authenticated'] as const)(
      'to report a loss needs no more than a session that is %s, and no recent proof',
      async (status) => {
        const context = await request({ status });
        const states: unknown[] = [];
        await change.run(ADA, { context, purpose: 'reporting' }, (state) => {
          states.push(state.session?.id);
          return Promise.resolve(planOf([]));
        });
        expect([states, asked]).toEqual([[context.session?.id], []]);
      },
    );

    it.each([
      ['session', new MfaRequest({}, { user: ADA })],
      ['request', undefined],
    ])('to report a loss needs no %s at all', async (_, context) => {
      const running = change.run(ADA, { context, purpose: 'reporting' }, () => Promise.resolve(planOf([])));
      await expect(running).resolves.toBe('done');
    });
  });

  describe('that loses to a faster one', () => {
    it('is planned again, on what that one has left', async () => {
      const seen: string[][] = [];
      await change.run(ADA, {}, async ({ authenticators }) => {
        seen.push(authenticators.map(({ id }) => id));
        if (seen.length === 1) await enroll();
        return planOf([insertion(app(`planned ${seen.length}`))]);
      });
      expect(seen).toEqual([[], ['first']]);
      const rows = await dataSource.getRepository(Authenticator).find();
      expect(rows.map(({ id }) => id).sort()).toEqual(['first', 'planned 2']);
    });

    it('of the same session is planned again', async () => {
      const context = await request();
      let plans = 0;
      await change.run(ADA, { context }, async ({ session: current }) => {
        plans += 1;
        const records = [{ method: 'pwd', at: NOW } as const];
        if (plans === 1 && current) await storage.commit([sessions.planRecords(current, records)]);
        return planOf([]);
      });
      expect(plans).toBe(2);
    });

    it('is planned again if anything else that it relies on has changed', async () => {
      let plans = 0;
      await change.run(ADA, {}, () => {
        plans += 1;
        return Promise.resolve(planOf(plans === 1 ? [lost('plan')] : []));
      });
      expect(plans).toBe(2);
    });

    it('answers with the code for what it has lost', async () => {
      const planned = planOf([lost('code')], { onLost: { code: 'incorrect_code' } });
      await expectRefusal(
        change.run(ADA, {}, () => Promise.resolve(planned)),
        'incorrect_code',
      );
      expect([told, await stateOf()]).toEqual([[], null]);
    });

    it('is an error if nobody said what to do then', async () => {
      const running = change.run(ADA, {}, () => Promise.resolve(planOf([lost('code')])));
      await expect(running).rejects.toThrow('Unhandled lost claim code');
    });

    it('is refused if the user was forgotten', async () => {
      await enroll();
      const running = change.run(ADA, {}, async () => {
        await dataSource.getRepository(MfaUserState).delete('ada');
        return planOf([]);
      });
      await expectRefusal(running, 'session_expired');
      expect(await stateOf()).toBeNull();
    });

    it('is refused if the user was forgotten before it was planned, and their row is known to have been there', async () => {
      const plan = () => Promise.resolve(planOf([insertion(app('first'))]));
      await expectRefusal(change.run(ADA, { isKept: true }, plan), 'session_expired');
      expect([await dataSource.getRepository(Authenticator).count(), await stateOf()]).toEqual([0, null]);
    });

    it('is refused if the user was forgotten whose row a faster one had made', async () => {
      let plans = 0;
      const running = change.run(ADA, {}, async () => {
        plans += 1;
        if (plans === 1) await enroll();
        else await dataSource.getRepository(MfaUserState).delete('ada');
        return planOf([]);
      });
      await expectRefusal(running, 'session_expired');
      expect(plans).toBe(2);
    });

    it('is refused when it has lost for too long', async () => {
      const plan = () => Promise.resolve(planOf([lost('plan')]));
      await expectRefusal(make({ timeoutSeconds: 0.05 }).run(ADA, {}, plan), 'conflict');
      expect(told).toEqual([]);
    });
  });

  describe('and the browsers that the user trusts', () => {
    const OF_TRUST = {
      type: 'mfa.trusted_device.revoked',
      data: { deviceId: null, reason: 'factors_changed' },
    };
    const SOURCE = { ...APPLICATION_SOURCE, userAgent: 'a browser' };
    const run = (planned: PlannedChange<string>) =>
      change.run(ADA, { source: SOURCE }, () => Promise.resolve(planned));
    const spy = () => jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);

    it('end their trust, of which the user is told', async () => {
      await storage.commit([trust(browser('of-ada')), trust(browser('of-eve', 'eve'))]);
      await run(planOf([insertion(app('first'))], { startedSessionId: 'new' }));
      expect(await trusted()).toEqual(['of-eve']);
      const source = { ...SOURCE, sessionId: 'new' };
      expect(recorded).toEqual([{ user: ADA, source, events: [OF_TRUST] }]);
    });

    it('end a trust that came while the change waited, too', async () => {
      await run(planOf([insertion(app('first')), trust(browser('late'))]));
      expect(await trusted()).toEqual([]);
      expect(recorded).toHaveLength(1);
    });

    it.each([0, 1, 2])('are not told of if there were none, with %p statements', async (count) => {
      const ids = ['first', 'second'].slice(0, count);
      await run(planOf(ids.map((id) => insertion(app(id)))));
      await run(planOf([], { keepsFactors: false }));
      expect(recorded).toEqual([]);
    });

    it('stay trusted if the factors stay the same, and so does what was read', async () => {
      await enroll();
      await storage.commit([trust(browser('of-ada'))]);
      await dataSource.getRepository(MfaUserState).update('ada', { secondFactors: 7 });
      const rename = dataSource.createQueryBuilder().update(Authenticator).set({ name: 'New' });
      await expect(run(planOf([{ query: rename }], { keepsFactors: true }))).resolves.toBe('done');
      expect([await trusted(), recorded]).toEqual([['of-ada'], []]);
      expect(await stateOf()).toMatchObject({ version: 1, secondFactors: 7 });
    });

    it.each([
      [new Error('the trail is full'), 'the trail is full'],
      ['boom', ''],
    ])('do not undo the change if telling fails with %p', async (thrown, text) => {
      const error = spy();
      journal.record = jest.fn<() => Promise<void>>().mockRejectedValue(thrown);
      await storage.commit([trust(browser('of-ada'))]);
      await expect(run(planOf([]))).resolves.toBe('done');
      expect(error.mock.calls).toEqual([
        [`The trusted browsers of user ada were removed, but the event for it failed: ${text}`],
      ]);
      error.mockRestore();
    });
  });
});

describe('a change that keeps losing', () => {
  /** How long it waits before each try, if it loses that many times. */
  async function waitsOf(times: number): Promise<number[]> {
    const waits: number[] = [];
    const timer = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((go: () => void, ms: number) => {
      waits.push(ms);
      go();
    }) as never);
    const committed = { committed: true, affected: [] };
    const change = new FactorChange(
      { claimVersion: () => ({}), planFactorCount: () => ({}) } as never,
      { find: () => Promise.resolve({ state: {}, authenticators: [] }) } as never,
      {} as never,
      {} as never,
      { planRevocationAround: () => [] } as never,
      {
        commit: () => Promise.resolve(waits.length < times ? { committed: false, lost: 'plan' } : committed),
      } as never,
      { storage: { timeoutSeconds: 2 } } as never,
    );
    await change.run(ADA, {}, () => Promise.resolve(planOf([])));
    timer.mockRestore();
    return waits;
  }

  it('waits at most twice as long each time', async () => {
    const rounds: number[][] = [];
    for (let round = 0; round < 60; round++) rounds.push(await waitsOf(5));
    for (const [tried, most] of [10, 20, 40, 80, 160].entries()) {
      const longest = Math.max(...rounds.map((waits) => waits[tried] ?? 0));
      expect(longest).toBeLessThanOrEqual(most);
      expect(longest).toBeGreaterThan(most / 2);
    }
  });

  it('waits a random time of 1 to 160 milliseconds from the fifth time on', async () => {
    const waits = (await waitsOf(3000)).slice(5);
    expect([Math.min(...waits), Math.max(...waits)]).toEqual([1, 160]);
  });
});
