import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import { MfaEnvelopeError, open, seal } from '../../core/crypto/envelope.js';
import { KeyRing } from '../../core/crypto/key-ring.js';
import { KeyServiceError, KeyWrapper } from './key-wrapper.js';

const [SECRET, FORMER] = [
  'a secret of at least 32 bytes, never in use',
  'the one before it, of 32 bytes too',
];
const ring = new KeyRing([SECRET, FORMER]);
const options = { storage: { timeoutSeconds: 0.05 } } as never;
const CONTEXT: MfaEncryptionContext = { purpose: 'key', userId: '', recordId: 'an id' };
const KEY = Buffer.alloc(32, 7).toString('base64url');

/** The answers of a key service, which the tests change. By default it wraps by writing the context in front. */
interface Service {
  encrypt: (text: string, context: MfaEncryptionContext) => unknown;
  decrypt: (text: string, context: MfaEncryptionContext) => unknown;
}
const nameOf = ({ purpose, userId, recordId }: MfaEncryptionContext) =>
  `kms ${purpose}/${userId}/${recordId} `;
const well: Service = {
  encrypt: (text, context) => `${nameOf(context)}${text}`,
  decrypt: (text, context) => text.replace(nameOf(context), ''),
};

/** An adapter with a key service. */
const withService = (changed: Partial<Service> = {}) => {
  const service = { ...well, ...changed };
  class OwnAdapter extends DefaultMfaAdapter {
    override encrypt(text: string, context: MfaEncryptionContext): string {
      return service.encrypt(text, context) as string;
    }

    override decrypt(text: string, context: MfaEncryptionContext): string {
      return service.decrypt(text, context) as string;
    }
  }
  return new KeyWrapper(new OwnAdapter(), ring, options);
};
const plain = () => new KeyWrapper(new DefaultMfaAdapter(), ring, options);

/** The error that this was rejected with. */
const failureOf = (work: Promise<unknown>): Promise<Error & { cause?: unknown }> =>
  work.then(
    () => Promise.reject(new Error('It was not rejected')),
    (error: Error) => error,
  );

const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
beforeEach(() => void log.mockClear());

describe('the keys of the module without a key service', () => {
  it('are random, of 32 bytes, and encrypted under the current secret', async () => {
    const data = await plain().create('an id');
    const key = await plain().unwrap('an id', data);
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    expect(key).toBe(Buffer.from(key, 'base64url').toString('base64url'));
    expect(open(new KeyRing([SECRET]), data, CONTEXT)).toBe(key);
    expect(await plain().unwrap('an id', await plain().create('an id'))).not.toBe(key);
  });

  it('are encrypted under the secret that is named', async () => {
    const former = new KeyRing([FORMER]);
    const data = await plain().create('an id', former);
    expect(open(former, data, CONTEXT)).toBe(await plain().unwrap('an id', data));
  });

  it('are lost when moved to another id', async () => {
    const data = await plain().create('an id');
    await expect(plain().unwrap('another id', data)).rejects.toThrow(MfaEnvelopeError);
  });

  it('are renewed under the current secret, once', async () => {
    const former = seal(new KeyRing([FORMER]), KEY, CONTEXT);
    const renewed = await plain().renew({ id: 'an id', data: former });
    expect(open(new KeyRing([SECRET]), renewed ?? '', CONTEXT)).toBe(KEY);
    expect(await plain().renew({ id: 'an id', data: renewed ?? '' })).toBeNull();
  });

  it('are not renewed where there is no key', async () => {
    expect(await plain().renew({ id: 'secret:x', data: '' })).toBeNull();
  });
});

describe('an adapter', () => {
  it.each(['encrypt', 'decrypt'] as const)('has an encryption of its own with its own %s', (name) => {
    const adapter = Object.assign(new DefaultMfaAdapter(), { [name]: () => '' });
    expect(new KeyWrapper(adapter, ring, options).hasOwnEncryption).toBe(true);
    expect(plain().hasOwnEncryption).toBe(false);
  });
});

describe('the keys of the module with a key service', () => {
  it('are wrapped by it, bound to their id', async () => {
    const data = await withService().create('an id');
    expect(data).toMatch(/^kms key\/\/an id [\w-]{43}$/);
    expect(await withService().unwrap('an id', data)).toBe(data.split(' ').at(-1));
  });

  it('still open if they are from before, and are handed over when they are renewed', async () => {
    const data = seal(ring, KEY, CONTEXT);
    expect(await withService().unwrap('an id', data)).toBe(KEY);
    expect(await withService().renew({ id: 'an id', data })).toBe(`kms key//an id ${KEY}`);
  });

  it('are not renewed here once it has wrapped them', async () => {
    expect(await withService().renew({ id: 'an id', data: `kms key//an id ${KEY}` })).toBeNull();
  });

  it('may be in envelopes that only it can open', async () => {
    const own = new KeyRing(['the secret of the service, of 32 bytes or more']);
    const service = withService({
      encrypt: (text, context) => seal(own, text, context),
      decrypt: (text, context) => open(own, text, context),
    });
    expect(await service.unwrap('an id', await service.create('an id'))).toHaveLength(43);
  });

  it('are lost if it says so', async () => {
    const lost = new MfaEnvelopeError('lost for good');
    const service = withService({
      decrypt: () => {
        throw lost;
      },
    });
    expect(await failureOf(service.unwrap('an id', 'kms'))).toBe(lost);
    expect(log).not.toHaveBeenCalled();
  });

  const away = new Error('The key service is away');
  it.each<[string, () => unknown, string]>([
    ['throws', () => Promise.reject(away), 'The key service is away'],
    [
      'throws at once',
      () => {
        throw away;
      },
      'The key service is away',
    ],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['throws what is no error', () => Promise.reject('a secret'), ''],
    ['never answers', () => new Promise(() => undefined), 'no answer within 50 ms'],
    ['answers with nothing', () => undefined, 'it did not return a {what}'],
    ['answers with an empty text', () => '', 'it did not return a {what}'],
    ['answers with a list', () => [KEY], 'it did not return a {what}'],
  ])('are not available while it %s, which is logged', async (_, answer, reason) => {
    const work = {
      string: () => withService({ encrypt: answer }).create('an id'),
      key: () => withService({ decrypt: answer }).unwrap('an id', 'kms'),
    };
    for (const [what, ask] of Object.entries(work)) {
      const error = await failureOf(ask());
      expect(error).toBeInstanceOf(KeyServiceError);
      expect(error.name).toBe('KeyServiceError');
      expect(error.message).toBe(`The key an id is not available: ${reason.replace('{what}', what)}`);
      expect(log.mock.calls.splice(0)).toHaveLength(1);
    }
  });

  it('are not available with the reason that it gave', async () => {
    const error = await failureOf(
      withService({ decrypt: () => Promise.reject(away) }).unwrap('an id', 'kms'),
    );
    expect(error.cause).toBe(away);
  });

  it.each([31, 33])('are none with %d bytes', async (bytes) => {
    const short = Buffer.alloc(bytes, 7).toString('base64url');
    await expect(withService({ decrypt: () => short }).unwrap('an id', 'kms')).rejects.toThrow(
      KeyServiceError,
    );
  });

  describe('that does not open what it has wrapped', () => {
    const other = Buffer.alloc(32, 8).toString('base64url');
    it.each<[string, () => unknown, string]>([
      ['but answers with another key', () => other, 'does not reverse its encrypt() for the key an id'],
      [
        'and says that it is lost',
        () => Promise.reject(new MfaEnvelopeError('lost')),
        'does not reverse its encrypt() for the key an id',
      ],
      ['and throws', () => Promise.reject(away), 'The key service is away'],
    ])('%s: neither wraps a new one nor replaces one from before', async (_, decrypt, reason) => {
      const service = withService({ decrypt });
      const before = { id: 'an id', data: seal(ring, KEY, CONTEXT) };
      for (const work of [() => service.create('an id'), () => service.renew(before)]) {
        const error = await failureOf(work());
        expect(error).toBeInstanceOf(KeyServiceError);
        expect(error.message).toContain(reason);
      }
      expect(log).toHaveBeenCalledTimes(2);
    });
  });
});
