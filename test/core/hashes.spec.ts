import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

const SOURCES = 'libs/mfa/src';

/** What names the key of a certificate protects nothing (RFC 5280, section 4.2.1.2), and codes of django-allauth can only be told as it does. */
const SHA_1 = ['core/crypto/certificates.ts', 'import/allauth-recovery-codes.ts'];

describe('the hashes of the library', () => {
  const calls = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.spec\./.test(file) && !/^(attacks|testing)\b/.test(file))
    .flatMap((file) =>
      [
        ...readFileSync(join(SOURCES, file), 'utf8').matchAll(
          /\b(?:createHash|createHmac|hash)\(\s*'(\w+)'/g,
        ),
      ].map(([, algorithm]) => [file, algorithm] as const),
    );

  it('are SHA-256, but where the key of a certificate is named and codes are brought from elsewhere', () => {
    expect(calls.length).toBeGreaterThanOrEqual(7);
    const others = calls.filter(([, algorithm]) => algorithm !== 'sha256');
    expect(others.sort()).toEqual(SHA_1.map((file) => [file, 'sha1']));
  });
});
