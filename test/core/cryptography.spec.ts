import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const SOURCES = 'libs/mfa/src';

/** Where each operation with a key is. What is not listed may be used anywhere, and has a test of its own: see {@link ELSEWHERE}. */
const INVENTORY: Record<string, string[]> = {
  X509Certificate: ['core/crypto/certificates.ts', 'factors/webauthn/verify-registration.ts'],
  constants: ['factors/webauthn/metadata/metadata-blob.ts'],
  createCipheriv: ['core/crypto/envelope.ts'],
  createDecipheriv: ['core/crypto/envelope.ts', 'import/laravel-crypt.ts'],
  createHmac: [
    'core/crypto/key-ring.ts',
    'factors/webauthn/challenge.ts',
    'import/allauth-recovery-codes.ts',
    'import/laravel-crypt.ts',
  ],
  createPublicKey: ['factors/webauthn/public-key.ts'],
  // Of the keys of tests, which work nowhere else.
  generateKeyPairSync: ['core/virtual-authenticators/key-pair.ts'],
  hkdfSync: ['core/crypto/key-ring.ts'],
  sign: ['core/virtual-authenticators/ceremony-answers.ts'],
  verify: ['factors/webauthn/metadata/metadata-blob.ts'],
  xchacha20poly1305: ['import/read-better-auth.ts'],
};
/** Hashes (hashes.spec.ts), random values (randomness.spec.ts), ids, and comparisons. */
const ELSEWHERE = ['createHash', 'hash', 'randomBytes', 'randomInt', 'randomUUID', 'timingSafeEqual'];

describe('the cryptography of the library', () => {
  it('is where the inventory says, and nowhere else', () => {
    const found: Record<string, string[]> = {};
    for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.tsx?$/.test(file) || /\.spec\./.test(file) || /^(attacks|testing)\b/.test(file)) continue;
      const source = readFileSync(join(SOURCES, file), 'utf8');
      expect([file, /\b(?:webcrypto|subtle|require\(['"](?:node:)?crypto)/.test(source)]).toEqual([
        file,
        false,
      ]);
      for (const [, names = ''] of source.matchAll(
        /^import \{([^}]*)\} from '(?:(?:node:)?crypto|@noble\/[^']*)'/gm,
      )) {
        for (const name of names.split(',').map((one) => one.trim()))
          if (!ELSEWHERE.includes(name)) (found[name] ??= []).push(file);
      }
    }
    expect(found).toEqual(INVENTORY);
  });
});
