import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { MfaFactorChallenge } from './factor-challenge.entity.js';
import { FactorRows } from './factor-rows.js';
import { MfaFactorSetup } from './factor-setup.entity.js';

const NOW = 1_800_000_000_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const setup = (changed: Partial<MfaFactorSetup> = {}): MfaFactorSetup => ({
  userId: 'ada',
  type: 'totp',
  sessionId: 'session',
  id: 'first',
  data: 'sealed',
  expiresAt: new Date(NOW + 1000),
  ...changed,
});
const challenge = (changed: Partial<MfaFactorChallenge> = {}): Omit<MfaFactorChallenge, 'id'> => ({
  userId: 'ada',
  type: 'totp',
  sessionId: 'session',
  authenticatorId: 'app',
  data: 'hash',
  expiresAt: new Date(NOW + 1000),
  ...changed,
});

describe('the tables of what waits for a code', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let rows: FactorRows;
  let now: number;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaFactorSetup, MfaFactorChallenge));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
    rows = new FactorRows(storage, { now: () => now });
  });
  beforeEach(async () => {
    now = NOW;
    for (const entity of [MfaFactorSetup, MfaFactorChallenge]) await dataSource.getRepository(entity).clear();
  });
  afterAll(() => close());

  const begin = async (...setups: MfaFactorSetup[]) => {
    for (const one of setups) await storage.commit([rows.planSetup(one)]);
  };
  const send = async (...challenges: Omit<MfaFactorChallenge, 'id'>[]) => {
    for (const one of challenges) await storage.commit([rows.planChallenge(one)]);
  };
  const found = (session = 'session') => rows.findSetup('ada', 'totp', session);
  const asked = (session = 'session') => rows.findChallenge('ada', 'totp', session);

  describe('a setup', () => {
    it('is found as it was stored, among those of others', async () => {
      const others = [setup({ userId: 'eve', id: 'of-eve' }), setup({ type: 'webauthn', id: 'of-a-key' })];
      await begin(setup(), ...others);
      expect(await found()).toEqual(setup());
      expect(await rows.findSetup('eve', 'totp', 'session')).toEqual(others[0]);
      expect(await rows.findSetup('ada', 'webauthn', 'session')).toEqual(others[1]);
      expect(await rows.findSetup('eve', 'webauthn', 'session')).toBeNull();
    });

    it('is invisible to any other session', async () => {
      await begin(setup());
      expect(await found('another')).toBeNull();
    });

    it('is gone from the moment in which it expires', async () => {
      await begin(setup());
      now = NOW + 999;
      expect(await found()).not.toBeNull();
      now = NOW + 1000;
      expect(await found()).toBeNull();
    });

    it('replaces the last one of its user and type, whichever session began that', async () => {
      const next = { id: 'next', data: 'other', sessionId: 'another', expiresAt: new Date(NOW + 2000) };
      await begin(setup(), setup(next));
      expect(await found()).toBeNull();
      expect(await found('another')).toEqual(setup(next));
    });

    it('is claimed once, and not if it was replaced', async () => {
      await begin(setup());
      const seen = setup();
      await begin(setup({ id: 'next' }));
      const lost = { committed: false, lost: 'factor-setup' };
      await expect(storage.commit([rows.claimSetup(seen)])).resolves.toEqual(lost);
      const current = setup({ id: 'next' });
      await expect(storage.commit([rows.claimSetup(current)])).resolves.toMatchObject({ committed: true });
      await expect(storage.commit([rows.claimSetup(current)])).resolves.toEqual(lost);
      expect(await found()).toBeNull();
    });

    it.each<[string, Partial<MfaFactorSetup>]>([
      ['user', { userId: 'eve' }],
      ['type', { type: 'webauthn' }],
    ])('is not claimed as that of another %s', async (_, changed) => {
      await begin(setup());
      await expect(storage.commit([rows.claimSetup(setup(changed))])).resolves.toMatchObject({
        committed: false,
      });
      expect(await found()).not.toBeNull();
    });
  });

  describe('a challenge', () => {
    it('is found as it was stored, with an id of its own, among those of others', async () => {
      const others = [challenge({ userId: 'eve' }), challenge({ type: 'webauthn' })];
      await send(challenge(), ...others, challenge({ sessionId: 'another' }));
      const own = await asked();
      expect(own).toEqual({ ...challenge(), id: expect.stringMatching(UUID) });
      expect(await rows.findChallenge('eve', 'totp', 'session')).toMatchObject(others[0] as object);
      expect(await rows.findChallenge('ada', 'webauthn', 'session')).toMatchObject(others[1] as object);
      expect((await asked('another'))?.id).not.toBe(own?.id);
      expect(await asked('none')).toBeNull();
    });

    it('is gone from the moment in which it expires', async () => {
      await send(challenge());
      now = NOW + 999;
      expect(await asked()).not.toBeNull();
      now = NOW + 1000;
      expect(await asked()).toBeNull();
    });

    it('replaces the last one of its session, even to the id', async () => {
      await send(challenge());
      const last = await asked();
      const next = { authenticatorId: 'other', data: 'other', expiresAt: new Date(NOW + 2000) };
      await send(challenge(next));
      expect(await asked()).toMatchObject(challenge(next));
      expect((await asked())?.id).not.toBe(last?.id);
    });

    it('is claimed once, and not if it was replaced', async () => {
      await send(challenge());
      const seen = (await asked()) as MfaFactorChallenge;
      await send(challenge());
      const lost = { committed: false, lost: 'factor-challenge' };
      await expect(storage.commit([rows.claimChallenge(seen)])).resolves.toEqual(lost);
      const current = (await asked()) as MfaFactorChallenge;
      await expect(storage.commit([rows.claimChallenge(current)])).resolves.toMatchObject({
        committed: true,
      });
      await expect(storage.commit([rows.claimChallenge(current)])).resolves.toEqual(lost);
      expect(await asked()).toBeNull();
    });

    it.each<[string, Partial<MfaFactorChallenge>]>([
      ['user', { userId: 'eve' }],
      ['type', { type: 'webauthn' }],
      ['session', { sessionId: 'another' }],
    ])('is not claimed as that of another %s', async (_, changed) => {
      await send(challenge());
      const own = (await asked()) as MfaFactorChallenge;
      await expect(storage.commit([rows.claimChallenge({ ...own, ...changed })])).resolves.toMatchObject({
        committed: false,
      });
      expect(await asked()).not.toBeNull();
    });
  });

  it('lose all of one user, and nothing of others', async () => {
    const eves = { userId: 'eve' };
    await begin(setup(), setup({ type: 'webauthn', id: 'second' }), setup({ ...eves, id: 'of-eve' }));
    await send(challenge(), challenge({ sessionId: 'another' }), challenge(eves));
    await expect(storage.commit(rows.planRemoval('ada'))).resolves.toEqual({
      committed: true,
      affected: [2, 2],
    });
    expect(await rows.findSetup('eve', 'totp', 'session')).not.toBeNull();
    expect(await rows.findChallenge('eve', 'totp', 'session')).not.toBeNull();
  });
});
