import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import { Authenticator, newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaUserState } from '../../engine/rows/mfa-user-state.entity.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { CredentialStore } from './credential-store.js';
import type { VerifiedAssertion } from './verify-assertion.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';

const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const USE: VerifiedAssertion = {
  signCount: 8,
  isCloned: false,
  userVerified: false,
  backupEligible: false,
  backedUp: false,
};

type Given = Parameters<CredentialStore['planInsertion']>[0];
const credential = (authenticatorId: string, changed: Partial<Given> = {}): Given => ({
  authenticatorId,
  userId: 'ada',
  credentialId: Buffer.from(authenticatorId).toString('base64url'),
  publicKey: 'pQEC',
  userHandle: 'aGFuZGxl',
  rpId: 'example.com',
  transports: ['usb'],
  signCount: 7,
  aaguid: '00000000-0000-0000-0000-000000000000',
  format: 'none',
  backupEligible: false,
  backedUp: false,
  discoverable: null,
  uvInitialized: false,
  passwordless: false,
  attested: false,
  attestationKeys: null,
  ...changed,
});

describe('the store of credentials', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let store: CredentialStore;
  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaUserState, Authenticator, WebAuthnCredential));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
    store = new CredentialStore(storage, keyRing);
  });
  beforeEach(async () => {
    for (const entity of [WebAuthnCredential, Authenticator, MfaUserState])
      await dataSource.createQueryBuilder().delete().from(entity).execute();
    await dataSource
      .getRepository(MfaUserState)
      .insert([{ userId: 'ada' }, { userId: 'eve', userHandle: 'ZXZl' }]);
    for (const [id, userId] of [
      ['one', 'ada'],
      ['two', 'ada'],
      ['hers', 'eve'],
    ] as const) {
      const row = newAuthenticator({ id, userId, type: 'webauthn', name: id, createdAt: new Date(0) });
      await dataSource.getRepository(Authenticator).insert(row);
    }
  });
  afterAll(() => close());

  const add = (...args: Parameters<typeof credential>) =>
    storage.commit([store.planInsertion(credential(...args))]);
  const read = (authenticatorId: string) =>
    dataSource.getRepository(WebAuthnCredential).findOneByOrFail({ authenticatorId });

  describe('has a user’s account', () => {
    it('with the handle and the credentials, in the order of their ids', async () => {
      await add('two');
      await add('one');
      await add('hers', { userId: 'eve' });
      await storage.commit([store.claimHandle('ada', 'aGFuZGxl')]);
      const { userHandle, credentials } = await store.findAccount('ada');
      expect(userHandle).toBe('aGFuZGxl');
      expect(credentials.map(({ authenticatorId }) => authenticatorId)).toEqual(['one', 'two']);
    });

    it.each([
      ['without a key', 'ada', null],
      ['with a handle alone', 'eve', 'ZXZl'],
      ['that is nobody’s', 'bob', null],
    ])('%s', async (_, userId, userHandle) => {
      expect(await store.findAccount(userId)).toEqual({ userHandle, credentials: [] });
    });
  });

  describe('gives a user a handle', () => {
    const claim = (userId: string, handle: string) => storage.commit([store.claimHandle(userId, handle)]);
    const LOST = { committed: false, lost: 'webauthn-handle' };

    it('once, and the same again', async () => {
      for (let time = 0; time < 2; time += 1)
        expect(await claim('ada', 'Zmlyc3Q')).toMatchObject({ committed: true });
      expect(await claim('ada', 'c2Vjb25k')).toEqual(LOST);
      const handleOf = async (userId: string) => (await store.findAccount(userId)).userHandle;
      expect([await handleOf('ada'), await handleOf('eve')]).toEqual(['Zmlyc3Q', 'ZXZl']);
    });

    it('if it is there', async () => {
      expect(await claim('bob', 'Zmlyc3Q')).toEqual(LOST);
    });
  });

  describe('registers a credential', () => {
    it('that is found by its id, and genuine', async () => {
      await add('one', { signCount: 9, attestationKeys: ['leaf', 'root'], attested: true });
      await add('two');
      const found = await store.findByCredentialId(credential('one').credentialId);
      expect(found).toMatchObject({
        ...credential('one'),
        credentialIdHash: createHash('sha256').update('one').digest('hex'),
        signCount: 9,
        attested: true,
        attestationKeys: ['leaf', 'root'],
      });
      expect(store.isGenuine(found!)).toBe(true);
      expect(store.isGenuine({ ...found!, userId: 'eve' })).toBe(false);
    });

    it('whose id nobody has yet', async () => {
      await add('one', { credentialId: 'AQID' });
      expect(await add('hers', { credentialId: 'AQID', userId: 'eve' })).toEqual({
        committed: false,
        lost: 'webauthn-credential',
      });
      expect((await store.findByCredentialId('AQID'))?.userId).toBe('ada');
      expect(await store.findByCredentialId('AQIE')).toBeNull();
    });
  });

  describe('records a use', () => {
    const LOST = { committed: false, lost: 'webauthn-counter' };
    beforeEach(async () => {
      await add('one');
      await add('two');
    });

    const use = async (
      changed: Partial<VerifiedAssertion>,
      strict = true,
      before: Partial<WebAuthnCredential> = {},
    ) =>
      storage.commit([store.claimUse({ ...(await read('one')), ...before }, { ...USE, ...changed }, strict)]);

    it('with all that it has shown, on that row alone', async () => {
      expect(await use({ backedUp: true, userVerified: true })).toMatchObject({ committed: true });
      expect(await read('one')).toMatchObject({
        signCount: 8,
        backedUp: true,
        uvInitialized: true,
        backupEligible: false,
      });
      expect(await read('two')).toMatchObject({ signCount: 7, backedUp: false, uvInitialized: false });
      expect(store.isGenuine(await read('one'))).toBe(true);
    });

    it('and forgets no verification of the user', async () => {
      await use({ userVerified: false });
      expect((await read('one')).uvInitialized).toBe(false);
      await use({ userVerified: true, signCount: 9 });
      await use({ userVerified: false, signCount: 10 });
      expect((await read('one')).uvInitialized).toBe(true);
    });

    it('and no eligibility for backups, under a seal that holds', async () => {
      await use({ backupEligible: true });
      expect((await read('one')).backupEligible).toBe(true);
      await use({ backupEligible: false, signCount: 9 });
      const row = await read('one');
      expect([row.signCount, row.backupEligible, store.isGenuine(row)]).toEqual([9, true, true]);
    });

    it.each([
      [8, true, true],
      [7, true, false],
      [6, true, false],
      [0, true, false],
      [7, false, true],
      [6, false, true],
    ])('with the counter %i after 7 (strictly: %s): %s', async (signCount, strict, isDone) => {
      const result = await use({ signCount }, strict);
      expect(result.committed ? { committed: true } : result).toEqual(isDone ? { committed: true } : LOST);
      expect((await read('one')).signCount).toBe(isDone ? signCount : 7);
    });

    it('of a key without a counter', async () => {
      await use({ signCount: 0 }, false);
      expect(await use({ signCount: 0, backedUp: true })).toMatchObject({ committed: true });
      expect((await read('one')).backedUp).toBe(true);
    });

    it('unless another use has changed the eligibility meanwhile', async () => {
      await use({ backupEligible: true });
      expect(await use({ signCount: 9 }, true, { backupEligible: false })).toEqual(LOST);
    });

    it('unless the key is gone', async () => {
      expect(await use({}, false, { authenticatorId: 'gone' })).toEqual(LOST);
    });
  });
});
