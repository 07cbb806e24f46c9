/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { registerFactorType } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { FailedAttempts } from './failed-attempts.js';

const NOW = 1_800_000_000_000;
const USER = { id: 'ada' };
const ATTEMPT = { user: USER, source: {}, at: NOW, isLast: false } as never;
const SOURCE = { ip: '192.0.2.1' } as never;
const UNLOCK = { codesLeft: 2, nextCodeAt: new Date(NOW) };
const CAP = 10;

registerFactorType({ type: 'stepping', steps: true } as never);

/** Only what this class looks at. */
const row = (id: string, changed: Partial<Authenticator> = {}) =>
  ({
    id,
    type: 'stepping',
    name: 'An app',
    failures: 0,
    lockedAt: null,
    suspendedAt: null,
    ...changed,
  }) as Authenticator;
const locked = (id: string, changed: Partial<Authenticator> = {}) =>
  row(id, { failures: CAP, lockedAt: new Date(NOW - 1000), ...changed });

interface World {
  /** The rows when they are read again. */
  after?: Authenticator[];
  /** How many failures the database counted; null: nothing was committed. */
  counted?: number | null;
  byCodes?: boolean;
  afterFirstFactor?: boolean;
}

async function record(
  wrong: Authenticator[],
  { after = wrong, counted = 1, byCodes = false, ...failure }: World = {},
) {
  const calls: unknown[] = [];
  const isClosed = (one: Authenticator) => one.suspendedAt !== null || one.failures >= CAP;
  const attempts = new FailedAttempts(
    { find: () => Promise.resolve(after), isLocked: isClosed } as never,
    {
      isClosed,
      planFailures: (rows: Authenticator[], now: number) => ({ counts: rows.map(({ id }) => id), now }),
      claimClosing: ({ id }: Authenticator, at: Date) => ({ closes: id, at }),
    } as never,
    {
      isEnabled: byCodes,
      planRestart: (rows: Authenticator[]) => ({ restarts: rows.map(({ id }) => id) }),
      progress: () => UNLOCK,
    } as never,
    {
      failed: (_: unknown, ...events: { type: string }[]) => {
        calls.push(['failed', ...events]);
        return Promise.resolve();
      },
      giveBack: () => {
        calls.push(['given back']);
        return Promise.resolve();
      },
    } as never,
    {
      commit: (writes: unknown[], happening: { user: object; source: object; events: object[] }) => {
        expect(happening).toMatchObject({ user: USER, source: SOURCE });
        calls.push([writes, happening.events]);
        return Promise.resolve(
          counted === null ? { committed: false } : { committed: true, affected: [counted] },
        );
      },
    } as never,
    { rateLimit: { attempts: 3, lockAfter: CAP } } as never,
    { now: () => NOW },
  );
  const refusal = await attempts
    .record(USER, wrong, ATTEMPT, { source: SOURCE, ...failure })
    .then(() => null)
    .catch((error: { code: string; details: object }) => ({ code: error.code, ...error.details }));
  return { calls, refusal };
}

const failed = (types: string[], afterFirstFactor = false) => ({
  type: 'mfa.authenticator.failed',
  data: { types, afterFirstFactor },
});
const closes = (id: string, type = 'stepping') => [
  [{ closes: id, at: new Date(NOW) }],
  [{ type: 'mfa.authenticator.locked', data: { authenticator: { id, type, name: 'An app' } } }],
];

describe('a wrong code', () => {
  it('that no authenticator has judged counts against the budget of the user only', async () => {
    await expect(record([])).resolves.toEqual({ calls: [['failed', failed([])]], refusal: null });
    const { calls } = await record([], { afterFirstFactor: true });
    expect(calls).toEqual([['failed', failed([], true)]]);
  });

  it('counts against each authenticator, and names each type once', async () => {
    const { calls, refusal } = await record([row('a'), row('b'), row('c', { type: 'mail' as never })], {
      afterFirstFactor: true,
    });
    expect(calls).toEqual([
      [[{ counts: ['a', 'b', 'c'], now: NOW }], [failed(['stepping', 'mail'], true)]],
      ['failed'],
    ]);
    expect(refusal).toBeNull();
  });

  it('undoes the progress of unlocking, where codes unlock', async () => {
    const { calls } = await record([row('a')], { byCodes: true });
    expect(calls[0]).toEqual([[{ counts: ['a'], now: NOW }, { restarts: ['a'] }], [failed(['stepping'])]]);
  });

  it('locks an authenticator that may have reached the cap in this window', async () => {
    const { calls } = await record([
      row('far', { failures: CAP - 4 }),
      row('near', { failures: CAP - 3 }),
      row('nearer', { failures: CAP - 1 }),
    ]);
    expect(calls.slice(1)).toEqual([closes('near'), closes('nearer'), ['failed']]);
  });

  it('counts where one of several is locked', async () => {
    const { calls, refusal } = await record([locked('a'), row('b')]);
    expect(calls[0]).toEqual([[{ counts: ['a', 'b'], now: NOW }], [failed(['stepping'])]]);
    expect(refusal).toBeNull();
  });
});

describe('a code for authenticators that are all locked', () => {
  const REFUSED = { code: 'authenticator_locked' };

  it('is not judged, and costs nothing', async () => {
    await expect(record([locked('a'), locked('b')])).resolves.toEqual({
      calls: [['given back']],
      refusal: REFUSED,
    });
  });

  it('is an attempt where right codes unlock, and the answer shows the progress', async () => {
    const { calls, refusal } = await record([locked('a')], { byCodes: true, counted: 0 });
    expect(calls).toEqual([
      [[{ counts: ['a'], now: NOW }, { restarts: ['a'] }], [failed(['stepping'])]],
      ['failed'],
    ]);
    expect(refusal).toEqual({ ...REFUSED, unlock: UNLOCK });
  });

  it.each<[string, Partial<Authenticator>, object]>([
    ['a type without time steps', { type: 'mail' as never }, {}],
    ['a suspended one', { suspendedAt: new Date(NOW) }, { reason: 'factor_suspended' }],
  ])('cannot unlock %s', async (_, changed, details) => {
    const { calls, refusal } = await record([locked('a', changed)], { byCodes: true, counted: 0 });
    expect(calls[1]).toEqual(['given back']);
    expect(refusal).toEqual({ ...REFUSED, ...details });
  });

  it('names the suspension only if all of them are suspended', async () => {
    const suspended = row('a', { suspendedAt: new Date(NOW) });
    expect((await record([suspended])).refusal).toEqual({ ...REFUSED, reason: 'factor_suspended' });
    expect((await record([suspended, locked('b')])).refusal).toEqual(REFUSED);
  });

  it('records a lock that a crash kept from being recorded, and no suspension as one', async () => {
    const { calls } = await record([
      locked('crashed', { lockedAt: null }),
      locked('recorded'),
      row('suspended', { suspendedAt: new Date(NOW) }),
    ]);
    expect(calls).toEqual([closes('crashed'), ['given back']]);
  });

  it('is refused if they were locked since they were read', async () => {
    const { calls, refusal } = await record([row('a')], { after: [locked('a')], counted: 0 });
    expect(calls).toEqual([[[{ counts: ['a'], now: NOW }], [failed(['stepping'])]], ['given back']]);
    expect(refusal).toEqual(REFUSED);
  });

  it('is refused for no other authenticator that is locked', async () => {
    const { calls, refusal } = await record([row('a')], { after: [row('a'), locked('b')], counted: 0 });
    expect(calls.at(-1)).toEqual(['failed']);
    expect(refusal).toBeNull();
  });

  it('is refused only if the database says that nothing was counted', async () => {
    for (const counted of [1, null])
      expect((await record([row('a')], { after: [locked('a')], counted })).refusal).toBeNull();
  });

  it('is an ordinary failure if they were removed since they were read', async () => {
    const { calls, refusal } = await record([row('a')], { after: [], counted: 0 });
    expect(calls.at(-1)).toEqual(['failed']);
    expect(refusal).toBeNull();
  });
});
