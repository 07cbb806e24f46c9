import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { NIL } from 'uuid';

import { TestClock } from '../../../../../test/support/clock.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { turns } from '../../../../../test/support/eventually.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { MfaTableOptions } from '../../storage/table-options.js';
import { setTableOptions } from '../../storage/table-options.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import { MfaAuditEntry } from './audit-entry.entity.js';
import type { MfaEvent, NewMfaEvent } from './mfa-event.js';
import type { Happening } from './mfa-journal.js';
import { AuditLog, MfaEvents, MfaJournal, nameAuthenticator, proofEvents } from './mfa-journal.js';

const USER = { id: 'ada' };
const SOURCE = {
  actor: { type: 'user' as const, id: 'ada' },
  ip: '192.0.2.1',
  userAgent: 'Firefox',
  sessionId: 'a session',
};
const STARTED: NewMfaEvent = { type: 'mfa.session.started', data: { methods: ['pwd'] } };
const VERIFIED: NewMfaEvent = { type: 'mfa.session.verified', data: { method: 'totp' } };
const event = (type: string) => ({ type }) as MfaEvent;

/** The modules of an application with this provider. */
const modulesWith = (provider: (new () => object) | null) => {
  const providers = new Map(provider ? [[provider, { instance: new provider() }]] : []);
  return { get: () => new Map([['a module', { providers }]]) } as never;
};

describe('events', () => {
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  beforeEach(() => void log.mockClear());

  const open = (provider: (new () => object) | null = null) => {
    const events = new MfaEvents(modulesWith(provider));
    events.onModuleInit();
    return events;
  };

  it('are told to the listeners of their type, and to those of all, until these leave', async () => {
    const events = open();
    const heard: string[] = [];
    events.on('mfa.session.started', ({ type }) => heard.push(`one: ${type}`));
    const leave = events.on('*', ({ type }) => heard.push(`all: ${type}`));
    events.publish([event('mfa.session.started'), event('mfa.session.ended')]);
    await turns();
    expect(heard.splice(0)).toEqual([
      'one: mfa.session.started',
      'all: mfa.session.started',
      'all: mfa.session.ended',
    ]);
    leave();
    events.publish([event('mfa.session.started'), event('mfa.session.ended')]);
    await turns();
    expect(heard).toEqual(['one: mfa.session.started']);
  });

  it('hold up nobody', async () => {
    const events = open();
    const heard: string[] = [];
    events.on('*', ({ type }) => heard.push(type));
    events.publish([event('mfa.session.ended')]);
    expect(heard).toEqual([]);
    await turns();
    expect(heard).toHaveLength(1);
  });

  it('go to the emitter of the application, if it has one', async () => {
    const emitted: unknown[] = [];
    class Unrelated {
      emitAsync(...given: unknown[]): void {
        emitted.push(given);
      }
    }
    class EventEmitter extends Unrelated {}
    open(EventEmitter).publish([event('mfa.session.ended')]);
    open(Unrelated).publish([event('mfa.session.ended')]);
    open().publish([event('mfa.session.ended')]);
    await turns();
    expect(emitted).toEqual([['mfa.session.ended', event('mfa.session.ended')]]);
    expect(log).not.toHaveBeenCalled();
  });

  it.each([
    ['an error', new Error('no listener today'), 'no listener today'],
    ['what is no error', 'a secret', ''],
  ])('reach the others when a listener throws %s', async (_, thrown, text) => {
    const events = open();
    const heard: string[] = [];
    events.on('*', () => {
      throw thrown as Error;
    });
    events.on('*', ({ type }) => heard.push(type));
    events.publish([event('mfa.session.ended')]);
    await turns();
    expect(heard).toEqual(['mfa.session.ended']);
    expect(log.mock.calls).toEqual([[`A listener of mfa.session.ended failed: ${text}`]]);
  });
});

describe('the journal', () => {
  const clock = new TestClock();
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let heard: MfaEvent[];
  let notified: [string, object][];

  const options = { storage: { timeoutSeconds: 5, preparedStatements: false } };
  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaAuditEntry));
    storage = new MfaStorage(dataSource, options as never);
  });
  beforeEach(async () => {
    [heard, notified] = [[], []];
    await dataSource.createQueryBuilder().delete().from(MfaAuditEntry).execute();
  });
  afterAll(() => close());

  const open = (enabled = true, used: Pick<MfaStorage, 'commit'> = storage) => {
    const events = new MfaEvents(modulesWith(null));
    events.on('*', (one) => heard.push(one));
    return new MfaJournal(
      used as MfaStorage,
      new AuditLog(storage, { audit: { enabled } } as never),
      events,
      { notify: (one: MfaEvent, user: object) => notified.push([one.type, user]) } as never,
      clock,
    );
  };
  const happening = (changed: Partial<Happening> = {}): Happening => ({
    user: USER,
    source: SOURCE,
    events: [STARTED, VERIFIED],
    ...changed,
  });
  const trail = () => dataSource.getRepository(MfaAuditEntry).find({ order: { id: 'ASC' } });
  const claimOf = (id: string) => ({
    claim: 'entry',
    query: dataSource.createQueryBuilder().delete().from(MfaAuditEntry).where('id = :id', { id }),
  });

  it('tells of events in their order, with who, when and from where', async () => {
    await open().record(happening());
    await turns();
    const at = new Date(clock.now());
    expect(heard).toEqual([
      { id: expect.any(String), at, userId: 'ada', ...SOURCE, ...STARTED },
      { id: expect.any(String), at, userId: 'ada', ...SOURCE, ...VERIFIED },
    ]);
    const ids = heard.map(({ id }) => id);
    expect([...new Set(ids)].sort()).toEqual(ids);
  });

  it('keeps them in the trail as they were told', async () => {
    await open().record(happening());
    await turns();
    expect((await trail()).map((entry) => ({ ...entry }))).toEqual(
      heard.map(({ actor, ...one }) => ({ ...one, actorType: actor.type, actorId: actor.id })),
    );
  });

  it('keeps nothing unless a trail is wanted, and writes nothing for no event', async () => {
    await open(false).record(happening());
    await turns();
    expect([heard.length, await trail()]).toEqual([2, []]);
    const commits: unknown[] = [];
    const commit = (writes: readonly unknown[]) => {
      commits.push(...writes);
      return Promise.resolve({ committed: true as const, affected: [] });
    };
    await open(true, { commit }).record(happening({ events: [] }));
    expect(commits).toEqual([]);
  });

  it('commits a change and its trail as one, and says what came of it', async () => {
    const journal = open();
    await journal.record(happening({ events: [STARTED] }));
    const [entry] = await trail();
    const claim = claimOf(entry?.id ?? '');
    await expect(journal.commit([claim], happening({ events: [VERIFIED] }))).resolves.toEqual({
      committed: true,
      affected: [1, 1],
    });
    expect(await trail()).toMatchObject([VERIFIED]);
    await turns();
    expect(heard).toMatchObject([STARTED, VERIFIED]);
  });

  it('tells nobody of a change that lost its claim', async () => {
    const result = await open().commit([claimOf('none')], happening());
    await turns();
    expect(result).toEqual({ committed: false, lost: 'entry' });
    expect([heard, notified, await trail()]).toEqual([[], [], []]);
  });

  it('tells of a change that was committed after its request had been refused', async () => {
    let late: (() => void) | undefined;
    const journal = open(true, {
      commit: (_, after) => {
        late = after;
        return Promise.reject(new Error('too late'));
      },
    });
    await expect(journal.commit([], happening())).rejects.toThrow('too late');
    await turns();
    expect([heard, notified]).toEqual([[], []]);
    late?.();
    await turns();
    expect(heard).toMatchObject([STARTED, VERIFIED]);
    expect(notified).toHaveLength(2);
  });

  it('notifies the owner of the account, unless nothing changes for them', async () => {
    await open().record(happening());
    expect(notified.splice(0)).toEqual([
      ['mfa.session.started', USER],
      ['mfa.session.verified', USER],
    ]);
    await open().record(happening({ silent: true }));
    await turns();
    expect([notified, heard.length]).toEqual([[], 4]);
  });

  describe('of what concerns no user', () => {
    afterEach(() => void setTableOptions({}));

    it('notifies nobody', async () => {
      await open().record(happening({ user: null, source: APPLICATION_SOURCE }));
      await turns();
      expect([heard[0]?.userId, notified]).toEqual(['', []]);
    });

    it.each<[NonNullable<MfaTableOptions['userId']>['type'], string]>([
      ['varchar', ''],
      ['uuid', NIL],
      ['int', '0'],
      ['bigint', '0'],
    ])('keeps in a column of %s %j', async (type, userId) => {
      setTableOptions({ userId: { type } });
      await open().record(happening({ user: null, events: [STARTED] }));
      expect(await trail()).toMatchObject([{ userId }]);
    });
  });
});

describe('the events of a proof', () => {
  const row = (changed: object) =>
    ({ id: 'a', type: 'recovery_codes', name: 'Codes', data: 'secret', remaining: 10, ...changed }) as never;
  const authenticator = { id: 'a', type: 'recovery_codes', name: 'Codes' };
  const used = { type: 'mfa.authenticator.used', data: { authenticator } };

  it('name the authenticator without its data', () => {
    expect(nameAuthenticator(row({}))).toEqual(authenticator);
    expect(proofEvents(row({ type: 'totp', remaining: null }))).toEqual([
      { type: 'mfa.authenticator.used', data: { authenticator: { ...authenticator, type: 'totp' } } },
    ]);
  });

  it('say how many recovery codes are left, and that they are few', () => {
    const left = (remaining: number) => ({
      type: 'mfa.recovery_code.used',
      data: { authenticator, remaining },
    });
    const few = (remaining: number) => ({
      type: 'mfa.recovery_codes.low',
      data: { authenticator, remaining },
    });
    expect(proofEvents(row({ remaining: 5 }))).toEqual([used, left(4)]);
    expect(proofEvents(row({ remaining: 4 }))).toEqual([used, left(3), few(3)]);
    expect(proofEvents(row({ remaining: 1 }))).toEqual([used, left(0), few(0)]);
  });

  it('warn of nothing where no recovery codes are counted', () => {
    expect(proofEvents(row({ remaining: null }))).toEqual([used]);
    expect(proofEvents(row({ type: 'steps', remaining: 1 }))).toHaveLength(1);
  });
});
