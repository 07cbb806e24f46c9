import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { open } from '../../core/crypto/envelope.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { KeyStore } from './key-store.js';
import { KeyServiceError, KeyWrapper } from './key-wrapper.js';
import { MfaStoredKey } from './stored-key.entity.js';
import { VisibleKeys } from './visible-keys.js';

const [SECRET, FORMER] = [
  'a secret of at least 32 bytes, never in use',
  'the one before it, of 32 bytes too',
];
const idOf = (secret: string) => `visible:${new KeyRing([secret]).current('encryption').id}`;
const contextOf = (secret: string) => ({ purpose: 'key', userId: '', recordId: idOf(secret) });

/** An adapter whose key service is away for as long as a test says. */
class OwnAdapter extends DefaultMfaAdapter {
  isAway = false;

  override encrypt(text: string): string {
    return this.answer(`kms:${text}`);
  }

  override decrypt(text: string): string {
    return this.answer(text.slice(4));
  }

  private answer(text: string): string {
    if (this.isAway) throw new Error('The key service is away');
    return text;
  }
}

describe('the keys of what anybody may see', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let store: KeyStore;
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaStoredKey));
    const options = { storage: { timeoutSeconds: 5, preparedStatements: false } };
    store = new KeyStore(new MfaStorage(dataSource, options as never));
  });
  beforeEach(async () => {
    await dataSource.createQueryBuilder().delete().from(MfaStoredKey).execute();
    log.mockClear();
  });
  afterAll(() => close());

  interface Instance {
    secrets?: string[];
    adapter?: DefaultMfaAdapter;
    /** The table as this instance sees it. */
    seen?: KeyStore;
  }

  /** An instance of the application that has just started. */
  const start = ({ secrets = [SECRET], adapter = new DefaultMfaAdapter(), seen = store }: Instance = {}) => {
    const options = { secrets, storage: { timeoutSeconds: 5 } } as never;
    return new VisibleKeys(seen, new KeyWrapper(adapter, new KeyRing(secrets), options), options);
  };
  const currentOf = async (keys: VisibleKeys) => (await keys.ring()).current('seal').id;
  const rows = async () =>
    Object.fromEntries((await store.list()).map(({ id, data }): [string, string] => [id, data]));
  /** The table, with something done to a key right before it is looked up for the given time. */
  const meddling = (time: number, meddle: (id: string) => Promise<void>) => {
    let looks = 0;
    const find = async (id: string) => {
      looks += 1;
      if (looks === time) await meddle(id);
      return store.find(id);
    };
    return Object.assign(Object.create(store) as KeyStore, { find });
  };

  it('are one per secret, in the order of the secrets, and encrypted under them', async () => {
    const ring = await start({ secrets: [SECRET, FORMER] }).ring();
    const stored = await rows();
    expect(Object.keys(stored).sort()).toEqual([idOf(SECRET), idOf(FORMER)].sort());
    const keys = [SECRET, FORMER].map((secret) =>
      open(new KeyRing([secret]), stored[idOf(secret)] ?? '', contextOf(secret)),
    );
    expect(ring.all('seal')).toEqual(new KeyRing(keys).all('seal'));
  });

  it('are the same after a start, and at another instance that starts at the same time', async () => {
    const [one, two] = await Promise.all([currentOf(start()), currentOf(start())]);
    expect([two, await currentOf(start())]).toEqual([one, one]);
    expect(Object.keys(await rows())).toHaveLength(1);
  });

  it('are those of an instance that was faster', async () => {
    let faster = '';
    const seen = meddling(2, async () => {
      await dataSource.createQueryBuilder().delete().from(MfaStoredKey).execute();
      faster = await currentOf(start());
    });
    expect(await currentOf(start({ seen }))).toBe(faster);
  });

  it('are read once', async () => {
    const keys = start();
    const [ring, same] = await Promise.all([keys.ring(), keys.ring()]);
    expect(same).toBe(ring);
    await store.remove(idOf(SECRET));
    expect(await keys.ring()).toBe(ring);
  });

  it('are replaced, with a line in the log, when the row was changed', async () => {
    const before = await currentOf(start());
    const data = (await rows())[idOf(SECRET)] as string;
    await store.replace({ id: idOf(SECRET), data }, 'v1.a.b.c.d');
    const after = await currentOf(start());
    expect(after).not.toBe(before);
    expect(log).toHaveBeenCalledTimes(1);
    expect(await currentOf(start())).toBe(after);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('are those of the instance that was faster to replace a changed row', async () => {
    await store.add(idOf(SECRET), 'v1.a.b.c.d');
    let faster = '';
    const seen = meddling(3, async () => {
      await store.remove(idOf(SECRET));
      faster = await currentOf(start());
    });
    expect(await currentOf(start({ seen }))).toBe(faster);
  });

  describe('with a key service', () => {
    it('are refused like those of a database that is away, and there once it is back', async () => {
      const adapter = new OwnAdapter();
      const keys = start({ adapter });
      adapter.isAway = true;
      const error = await keys.ring().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MfaException);
      expect(error).toMatchObject({ code: 'storage_unavailable', cause: expect.any(KeyServiceError) });
      adapter.isAway = false;
      expect(await currentOf(keys)).toBe(await currentOf(start({ adapter })));
    });

    it('are not replaced because it is away for a moment', async () => {
      const adapter = new OwnAdapter();
      await start({ adapter }).ring();
      const before = await rows();
      jest.spyOn(adapter, 'decrypt').mockImplementationOnce(() => {
        throw new Error('The key service is away');
      });
      await expect(start({ adapter }).ring()).rejects.toMatchObject({ code: 'storage_unavailable' });
      expect(await rows()).toEqual(before);
    });

    it('keep no application from booting', async () => {
      const adapter = new OwnAdapter();
      adapter.isAway = true;
      await expect(start({ adapter }).preload()).resolves.toBeUndefined();
      expect(await rows()).toEqual({});
    });

    it('are there before they are needed', async () => {
      const adapter = new OwnAdapter();
      const keys = start({ adapter });
      await keys.preload();
      adapter.isAway = true;
      expect(await currentOf(keys)).toMatch(/^[\w-]{8}$/);
    });
  });

  it.each(['ring', 'preload'] as const)('are not there without their table: %s', async (name) => {
    const broken = new Error('no table');
    const seen = { find: () => Promise.reject(broken) } as never;
    expect(
      await start({ seen })
        [name]()
        .catch((thrown: unknown) => thrown),
    ).toBe(broken);
  });

  it.each([2, 3])('are made anew the next time when they are removed before look-up %d', async (time) => {
    await store.add(idOf(SECRET), 'v1.a.b.c.d');
    const keys = start({ seen: meddling(time, (id) => store.remove(id)) });
    await expect(keys.ring()).rejects.toMatchObject({
      code: 'storage_unavailable',
      cause: { message: `The key ${idOf(SECRET)} was removed meanwhile` },
    });
    expect(await currentOf(keys)).toBe(await currentOf(start()));
  });
});
