import { describe, expect, it } from '@jest/globals';
import { base32 } from 'rfc4648';

import type { MfaUser } from '../users/mfa-user.js';
import type { MfaFactorContext } from '../../engine/factors/factor-context.js';
import { DeliveredCodeFactor } from '../../factors/delivered-codes/delivered-code.factor.js';
import { generateRecoveryCode } from '../../factors/recovery-codes/recovery-code.js';
import { generateSecret } from '../../factors/totp/totp.factor.js';
import { createChallenge } from '../../factors/webauthn/challenge.js';
import { KeyRing } from './key-ring.js';

const THROWS = 2000;

/** Six standard deviations on either side of the expected count: a random failure less than once in a hundred thousand runs. */
function expectEven(count: number, chance: number): void {
  const expected = THROWS * chance;
  expect(Math.abs(count - expected)).toBeLessThan(6 * Math.sqrt(expected * (1 - chance)));
}

/** Each of the first bits is set as often as not. */
function expectEvenBits(values: readonly Buffer[], bits: number): void {
  for (let bit = 0; bit < bits; bit++)
    expectEven(values.filter((value) => ((value[bit >> 3] ?? 0) >> (bit & 7)) & 1).length, 1 / 2);
}

/** Each character is as frequent as any other at each place. */
function expectEvenCharacters(values: readonly string[], alphabet: string, length: number): void {
  expect(new Set(values.map((value) => value.length))).toEqual(new Set([length]));
  for (let place = 0; place < length; place++) {
    for (const character of alphabet)
      expectEven(values.filter((value) => value[place] === character).length, 1 / alphabet.length);
  }
}

const many = <T>(make: () => T): T[] => Array.from({ length: THROWS }, make);

/** Records codes instead of sending them. */
class SilentFactor extends DeliveredCodeFactor {
  protected readonly channel = 'silent';
  protected readonly missing = 'no address';
  readonly sent: string[] = [];

  protected override get mfa(): MfaFactorContext {
    return {
      clock: { now: () => 0 },
      send: (_user: MfaUser, { code }: { code: string }) => {
        this.sent.push(code);
        return Promise.resolve({ nextAt: new Date(0) });
      },
      hash: () => '',
    } as unknown as MfaFactorContext;
  }

  protected destinationOf(): string {
    return 'nowhere';
  }

  protected mask(): string {
    return '';
  }
}

describe('what nobody may guess', () => {
  it('has 256 random bits in a challenge', () => {
    const ring = new KeyRing(['a secret for the tests, of 32 bytes or more']);
    const binding = { ceremony: 'passkey', userId: '', sessionId: '', rpId: 'example.com' } as const;
    const content = {
      expiresAt: 1,
      requireUserVerification: true,
      role: 'both',
      automatic: false,
      userHandle: '',
    } as const;
    const challenges = many(() => Buffer.from(createChallenge(ring, binding, content), 'base64url'));
    expectEvenBits(challenges, 256);
  });

  it('has 160 random bits in the secret of an app', () => {
    const secrets = many(() => Buffer.from(base32.parse(generateSecret(), { loose: true })));
    expect(new Set(secrets.map(({ length }) => length))).toEqual(new Set([20]));
    expectEvenBits(secrets, 160);
  });

  it('has random digits throughout a recovery code', () => {
    const codes = many(() => generateRecoveryCode({ alphabet: 'digits', length: 8 }));
    expectEvenCharacters(codes, '0123456789', 8);
  });

  it('has random characters throughout a long recovery code', () => {
    const codes = many(() => generateRecoveryCode({ alphabet: 'base32', length: 24 }).replaceAll('-', ''));
    expectEvenCharacters(codes, '0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24);
  });

  it('has random digits throughout a code that is sent', async () => {
    const factor = new SilentFactor({ digits: 6, ttlSeconds: 1, maxMessages: 1, windowSeconds: 1 });
    for (let sent = 0; sent < THROWS; sent++) await factor.begin({ user: { id: 'ada' }, sessionId: 's' });
    expectEvenCharacters(factor.sent, '0123456789', 6);
  });
});
