import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { KeyRing } from '../../core/crypto/key-ring.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AuthenticatorLock, AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { Authenticator, isGenuineAuthenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { UnlockByCodes } from './unlock-by-codes.js';

const NOW = 1_800_000_000_000;
const CAP = 10;
const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const clock = { now: () => NOW };
const LOST = { committed: false, lost: 'authenticator' };

const optionsOf = (byCodes: number) =>
  ({
    rateLimit: { lockAfter: CAP, unlock: { byCodes, codesApartSeconds: 30, afterSeconds: 0 } },
    storage: { timeoutSeconds: 5, preparedStatements: false },
  }) as never;

/** An app that is locked. */
const app = (changed: Partial<Authenticator> = {}) =>
  newAuthenticator({
    id: 'app',
    userId: 'ada',
    type: 'totp',
    name: 'An app',
    createdAt: new Date(NOW - 3_600_000),
    data: 'sealed',
    failures: CAP,
    lockedAt: new Date(NOW - 60_000),
    lastStep: 100,
    ...changed,
  });

describe('unlocking with codes', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let authenticators: AuthenticatorsService;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Authenticator));
    const options = optionsOf(3);
    storage = new MfaStorage(dataSource, options);
    const lock = new AuthenticatorLock(storage, options);
    authenticators = new AuthenticatorsService(storage, {} as never, lock, {} as never, keyRing, clock);
  });
  beforeEach(() => dataSource.createQueryBuilder().delete().from(Authenticator).execute());
  afterAll(() => close());

  const unlocking = (byCodes = 3) => new UnlockByCodes(storage, authenticators, optionsOf(byCodes), clock);
  const add = async (...rows: Authenticator[]) => {
    for (const row of rows) await storage.commit([authenticators.planInsertion(row)]);
  };
  const read = (id = 'app') => dataSource.getRepository(Authenticator).findOneByOrFail({ id });
  const claim = async (seen: Authenticator, step: number) =>
    storage.commit([unlocking().claimCode(seen, step).write]);

  it('is on if the option asks for codes', () => {
    expect([0, 1, 3].map((codes) => unlocking(codes).isEnabled)).toEqual([false, true, true]);
  });

  it('takes the next code half a minute after the one before, and the first at once', () => {
    const isTooSoon = (unlockCodeAt: Date | null) => unlocking().isTooSoon(app({ unlockCodeAt }));
    expect(isTooSoon(null)).toBe(false);
    expect(isTooSoon(new Date(NOW - 29_999))).toBe(true);
    expect(isTooSoon(new Date(NOW - 30_000))).toBe(false);
  });

  it('shows how many codes are left, and when the next one counts', () => {
    const progress = (changed: Partial<Authenticator>) => unlocking().progress(app(changed));
    expect(progress({})).toEqual({ codesLeft: 3, nextCodeAt: new Date(NOW) });
    expect(progress({ unlockCodes: 1, unlockCodeAt: new Date(NOW - 10_000) })).toEqual({
      codesLeft: 2,
      nextCodeAt: new Date(NOW + 20_000),
    });
  });

  it('counts a code, and records its step under seal', async () => {
    await add(app(), app({ id: 'other' }));
    const { opens, progress, write } = unlocking().claimCode(await read(), 101);
    expect([opens, progress]).toEqual([false, { codesLeft: 2, nextCodeAt: new Date(NOW + 30_000) }]);
    await expect(storage.commit([write])).resolves.toMatchObject({ committed: true });
    const row = await read();
    expect(row).toMatchObject({
      failures: CAP,
      lockedAt: new Date(NOW - 60_000),
      lastUsedAt: null,
      unlockCodes: 1,
      unlockCodeAt: new Date(NOW),
      lastStep: 101,
    });
    expect(isGenuineAuthenticator(keyRing, row)).toBe(true);
    expect(await read('other')).toMatchObject({ unlockCodes: 0, lastStep: 100 });
  });

  it('opens the lock with the last code that is needed, and not before', async () => {
    await add(app({ unlockCodes: 2, unlockCodeAt: new Date(NOW - 30_000) }));
    const seen = await read();
    expect(unlocking(4).claimCode(seen, 101).opens).toBe(false);
    const { opens, write } = unlocking().claimCode(seen, 101);
    expect(opens).toBe(true);
    await storage.commit([write]);
    const row = await read();
    expect(row).toMatchObject({
      failures: 0,
      lockedAt: null,
      lastUsedAt: new Date(NOW),
      unlockCodes: 0,
      unlockCodeAt: null,
      lastStep: 101,
    });
    expect(isGenuineAuthenticator(keyRing, row)).toBe(true);
  });

  it('counts the first code of an app that has had none', async () => {
    await add(app({ lastStep: null }));
    await expect(claim(await read(), 1)).resolves.toMatchObject({ committed: true });
  });

  it.each<[string, Partial<Authenticator>]>([
    ['of a step that was used meanwhile', { lastStep: 101 }],
    ['if another one was counted meanwhile', { unlockCodes: 1 }],
    ['if the progress was undone meanwhile', { unlockCodes: 0 }],
    ['if it was unlocked meanwhile', { failures: CAP - 1 }],
    ['if it was suspended meanwhile', { suspendedAt: new Date(NOW) }],
    ['if its secret was replaced meanwhile', { data: 'sealed anew' }],
  ])('does not count a code %s', async (_, meanwhile) => {
    // Otherwise the progress as it was read and as it is now would agree.
    const before = meanwhile.unlockCodes === 0 ? 1 : 0;
    await add(app({ unlockCodes: before }));
    const seen = await read();
    await dataSource.getRepository(Authenticator).update('app', meanwhile);
    await expect(claim(seen, 101)).resolves.toEqual(LOST);
    expect(await read()).toMatchObject(meanwhile);
  });

  it('starts again after a wrong code, for these authenticators only', async () => {
    const progress = { unlockCodes: 1, unlockCodeAt: new Date(NOW) };
    await add(app(progress), app({ id: 'second', ...progress }), app({ id: 'third', ...progress }));
    const restart = unlocking().planRestart([await read(), await read('second')]);
    expect(restart.claim).toBeUndefined();
    await storage.commit([restart]);
    for (const id of ['app', 'second'])
      expect(await read(id)).toMatchObject({ unlockCodes: 0, unlockCodeAt: null });
    expect(await read('third')).toMatchObject(progress);
  });

  it('has nothing to undo where no code was counted', async () => {
    await add(app());
    await expect(storage.commit([unlocking().planRestart([await read()])])).resolves.toEqual({
      committed: true,
      affected: [0],
    });
  });
});
