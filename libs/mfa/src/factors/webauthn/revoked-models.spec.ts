import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { Authenticator, newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { Rejection } from './metadata/authenticator-model.js';
import { RevokedModels } from './revoked-models.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';

const MARCH = Date.UTC(2026, 2, 1);
const APRIL = Date.UTC(2026, 3, 1);
const ADMIN: MfaEventSource = { ...APPLICATION_SOURCE, actor: { type: 'admin', id: 'root' } };
const options = {
  retention: { batchSize: 2 },
  storage: { timeoutSeconds: 5, preparedStatements: false },
} as never;

/** A model that is revoked since March. */
const REVOKED: Rejection = { status: 'REVOKED', since: MARCH };

interface World {
  /** Why keys are rejected, by their AAGUID. */
  rejections?: Record<string, Rejection>;
  /** The AAGUIDs that are looked for. Default: the rejected ones. */
  aaguids?: string[];
  /** Whether also keys are looked for that are named by their attestation. */
  hasOthers?: boolean;
  findUser?: (id: string) => MfaUser | null;
}

describe('the keys of revoked models', () => {
  let dataSource: DataSource;
  let storage: MfaStorage;
  let close: () => Promise<void>;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Authenticator, WebAuthnCredential));
    storage = new MfaStorage(dataSource, options);
  });
  beforeEach(async () => {
    await dataSource.createQueryBuilder().delete().from(WebAuthnCredential).execute();
    await dataSource.createQueryBuilder().delete().from(Authenticator).execute();
  });
  afterEach(() => void jest.restoreAllMocks());
  afterAll(() => close());

  /** Stores a key of that model. */
  async function add(id: string, aaguid: string, changed: Partial<WebAuthnCredential> = {}) {
    const userId = `user of ${id}`;
    const name = `The key ${id}`;
    await dataSource
      .getRepository(Authenticator)
      .insert(
        newAuthenticator({ id, userId, type: 'webauthn', name, createdAt: new Date(0), lastUsedAt: null }),
      );
    await dataSource.getRepository(WebAuthnCredential).insert({
      authenticatorId: id,
      userId,
      credentialIdHash: id,
      credentialId: id,
      publicKey: '',
      userHandle: '',
      rpId: 'example.com',
      transports: [],
      signCount: 0,
      aaguid,
      format: 'packed',
      backupEligible: false,
      backedUp: false,
      discoverable: null,
      uvInitialized: false,
      passwordless: false,
      attested: true,
      attestationKeys: null,
      modelRejectedAt: null,
      seal: null,
      ...changed,
    });
  }

  function prepare({
    rejections = { bad: REVOKED },
    aaguids = Object.keys(rejections),
    hasOthers = false,
    findUser = (id) => ({ id, isFound: true }) as MfaUser,
  }: World = {}) {
    const reported: { user: MfaUser; source: MfaEventSource; events: { type: string; data: object }[] }[] =
      [];
    const lookedUp: string[] = [];
    const reads = jest.spyOn(storage, 'read');
    const revoked = new RevokedModels(
      {
        rejectedModels: () => ({ aaguids, hasOthers }),
        rejectionOf: ({ aaguid }: WebAuthnCredential) => rejections[aaguid] ?? null,
        find: ({ aaguid }: WebAuthnCredential) => (aaguid === 'bad' ? { name: 'Vendor Key 5' } : null),
      } as never,
      storage,
      {
        commit: async (writes: Write[], happening: never) => {
          const result = await storage.commit(writes);
          if (result.committed) reported.push(happening);
          return result;
        },
      } as never,
      {
        findUser: (id: string) => {
          lookedUp.push(id);
          return findUser(id);
        },
      } as never,
      options,
    );
    const keys = () => reported.map(({ user }) => user.id);
    return { revoked, reported, lookedUp, reads, keys };
  }
  const reportedAt = async (authenticatorId: string) =>
    (await dataSource.getRepository(WebAuthnCredential).findOneByOrFail({ authenticatorId })).modelRejectedAt;

  it('are reported once each, with what is known of them, and no others', async () => {
    await add('a', 'bad');
    await add('b', 'good');
    const { revoked, reported } = prepare();
    expect(await revoked.report(ADMIN)).toBe(1);
    expect(reported).toEqual([
      {
        user: { id: 'user of a', isFound: true },
        source: ADMIN,
        events: [
          {
            type: 'mfa.authenticator.model_revoked',
            data: {
              authenticator: { id: 'a', type: 'webauthn', name: 'The key a' },
              aaguid: 'bad',
              model: 'Vendor Key 5',
              status: 'REVOKED',
              since: '2026-03-01T00:00:00.000Z',
            },
          },
        ],
      },
    ]);
    expect(await reportedAt('a')).toEqual(new Date(MARCH));
    expect(await reportedAt('b')).toBeNull();
    expect(await revoked.report()).toBe(0);
  });

  it('are reported by the application, unless somebody asked for it', async () => {
    await add('a', 'bad');
    const { revoked, reported } = prepare();
    await revoked.report();
    expect(reported[0]?.source).toBe(APPLICATION_SOURCE);
  });

  it('are found in batches, in the order of their ids', async () => {
    for (const id of ['e', 'c', '0', 'd', 'B']) await add(id, 'bad');
    const { revoked, reads, keys } = prepare();
    expect(await revoked.report()).toBe(5);
    expect(keys()).toEqual(['0', 'B', 'c', 'd', 'e'].map((id) => `user of ${id}`));
    expect(reads).toHaveBeenCalledTimes(4);
  });

  it('cost no statement if no model is rejected', async () => {
    await add('a', 'bad');
    const { revoked, reads } = prepare({ aaguids: [] });
    expect(await revoked.report()).toBe(0);
    expect(reads).not.toHaveBeenCalled();
  });

  it.each([
    ['by their attestation', [], ['user of u2f']],
    ['by their attestation and by their model', ['bad'], ['user of a', 'user of u2f']],
  ])('are found %s', async (_, aaguids, found) => {
    await add('a', 'bad');
    await add('b', 'zeros');
    await add('u2f', 'zeros', { attestationKeys: ['ab', 'cd'] });
    const rejections = { bad: REVOKED, zeros: REVOKED };
    const { revoked, keys } = prepare({ rejections, aaguids, hasOthers: true });
    expect(await revoked.report()).toBe(found.length);
    expect(keys()).toEqual(found);
  });

  it('are not reported if their attestation says that they are not meant', async () => {
    await add('a', 'bad');
    const { revoked, reported } = prepare({ rejections: {}, aaguids: ['bad'] });
    expect(await revoked.report()).toBe(0);
    expect(reported).toEqual([]);
  });

  it.each([
    ['never are reported', null, 1],
    ['for something earlier are reported again', new Date(MARCH), 1],
    ['for this are not reported again', new Date(APRIL), 0],
    ['for something later are not reported again', new Date(APRIL + 1), 0],
  ])('that were reported %s', async (_, modelRejectedAt, count) => {
    await add('a', 'bad', { modelRejectedAt });
    const { revoked, lookedUp } = prepare({ rejections: { bad: { status: 'REVOKED', since: APRIL } } });
    expect(await revoked.report()).toBe(count);
    expect(lookedUp).toHaveLength(count);
  });

  it('have no date if the report has none, and no model if it is not known', async () => {
    await add('a', 'another');
    const { revoked, reported } = prepare({ rejections: { another: { status: 'REVOKED', since: 0 } } });
    await revoked.report();
    expect(reported[0]?.events[0]?.data).toMatchObject({ since: null, model: null });
    expect(await revoked.report()).toBe(0);
  });

  it.each([
    ['the same, it is not reported again', { modelRejectedAt: new Date(MARCH) }, 0],
    ['something earlier, this is reported', { modelRejectedAt: new Date(MARCH - 1) }, 1],
  ])('are left to another instance: where it has reported %s', async (_, changed, count) => {
    await add('a', 'bad');
    await add('b', 'bad');
    const findUser = (id: string) => ({ id });
    const { revoked, keys } = prepare({ findUser });
    // The other instance comes in between, and leaves another user's key alone.
    const commit = storage.commit.bind(storage);
    jest.spyOn(storage, 'commit').mockImplementationOnce(async (writes) => {
      await dataSource.getRepository(WebAuthnCredential).update({ authenticatorId: 'a' }, changed);
      return commit(writes);
    });
    expect(await revoked.report()).toBe(1 + count);
    expect(keys()).toContain('user of b');
  });

  it.each([
    ['nobody', null],
    ['somebody else', { id: 'eve' }],
  ])('are reported as those of their user if the application finds %s', async (_, found) => {
    await add('a', 'bad');
    const { revoked, reported } = prepare({ findUser: () => found });
    await revoked.report();
    expect(reported[0]?.user).toEqual({ id: 'user of a' });
  });

  it.each([
    [new Error('no such table'), /authenticator a is revoked: no such table$/],
    ['thrown by itself', /authenticator a is revoked: $/],
  ])('are reported next time if that fails, and the others now', async (error, text) => {
    const logged: unknown[] = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void logged.push(line));
    await add('a', 'bad');
    await add('b', 'bad');
    const findUser = (id: string): MfaUser => {
      // Applications throw what they like.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      if (id === 'user of a') throw error;
      return { id };
    };
    const { revoked, keys } = prepare({ findUser });
    expect(await revoked.report()).toBe(1);
    expect(keys()).toEqual(['user of b']);
    expect(logged).toEqual([expect.stringMatching(text)]);
    expect(await reportedAt('a')).toBeNull();
  });
});
