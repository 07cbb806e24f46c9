import { describe, expect, it } from '@jest/globals';
import { generateSync } from 'otplib';

import { TOTP_INPUT_PATTERN, findTimeStep, generateSecret } from './totp.factor.js';

const ASCII = '12345678901234567890123456789012345678901234567890123456789012345678901234567890';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const seed = (bytes: number) => toBase32(Buffer.from(ASCII.slice(0, bytes)));

/** RFC 6238, appendix B. */
const RFC6238 = {
  sha1: { bytes: 20, codes: ['94287082', '07081804', '14050471', '89005924', '69279037', '65353130'] },
  sha256: { bytes: 32, codes: ['46119246', '68084774', '67062674', '91819424', '90698825', '77737706'] },
  sha512: { bytes: 64, codes: ['90693936', '25091201', '99943326', '93441116', '38618901', '47863826'] },
} as const;
const TIMES = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000];

const VECTORS = Object.entries(RFC6238).flatMap(([algorithm, { bytes, codes }]) =>
  codes.map((code, index) => ({
    algorithm: algorithm as keyof typeof RFC6238,
    bytes,
    code,
    time: TIMES[index] as number,
  })),
);

describe('findTimeStep', () => {
  it.each(VECTORS)(
    'accepts the RFC 6238 vector $algorithm at $time: $code',
    ({ algorithm, bytes, code, time }) => {
      const parameters = { secret: seed(bytes), algorithm, digits: 8, period: 30 };
      expect(findTimeStep(parameters, code, time * 1000, 0)).toBe(Math.floor(time / 30));
      const wrong = code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
      expect(findTimeStep(parameters, wrong, time * 1000, 0)).toBeNull();
    },
  );

  /** RFC 4226, appendix D: codes by counter. A TOTP is an HOTP whose counter is the time step. */
  it.each([
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ])('accepts the RFC 4226 code %s', (code) => {
    const step = [755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489].indexOf(
      Number(code),
    );
    const parameters = { secret: seed(20), algorithm: 'sha1', digits: 6, period: 30 } as const;
    expect(findTimeStep(parameters, code, step * 30_000, 0)).toBe(step);
  });

  const parameters = { secret: generateSecret(), algorithm: 'sha1', digits: 6, period: 30 } as const;
  const now = 1_800_000_015_000;
  const current = Math.floor(now / 30_000);
  const codeOf = (step: number) => generateSync({ secret: parameters.secret, epoch: step * 30 });

  it.each([
    [0, [0]],
    [1, [-1, 0, 1]],
  ])('with tolerance %i accepts the steps %j and no others', (tolerance, accepted) => {
    const found = [-2, -1, 0, 1, 2].filter(
      (offset) => findTimeStep(parameters, codeOf(current + offset), now, tolerance) === current + offset,
    );
    expect(found).toEqual(accepted);
  });

  it.each([0, 1, 29_999])('is the same %i ms into a step', (offset) => {
    const start = current * 30_000 + offset;
    expect(findTimeStep(parameters, codeOf(current - 1), start, 1)).toBe(current - 1);
    expect(findTimeStep(parameters, codeOf(current + 1), start, 1)).toBe(current + 1);
    expect(findTimeStep(parameters, codeOf(current - 2), start, 1)).toBeNull();
    expect(findTimeStep(parameters, codeOf(current + 2), start, 1)).toBeNull();
  });

  it.each(['', '12345', '1234567', '12345a', '１２３４５６', ' 123456'])('takes %j for no code', (code) => {
    expect(findTimeStep(parameters, code, now, 1)).toBeNull();
  });
});

describe('generateSecret', () => {
  it('makes 160 random bits in base32', () => {
    expect(generateSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(generateSecret()).not.toBe(generateSecret());
  });
});

describe('TOTP_INPUT_PATTERN', () => {
  it.each(['123456', '123 456', ' 1 2 3 4 5 6 ', '12345678', '123-456', '123456\n', '１２３４５６'])(
    'takes %j',
    (input) => {
      expect(TOTP_INPUT_PATTERN.test(input)).toBe(true);
    },
  );

  it.each(['', '12345', '123456789', '12345a', '123.456', '123456\0', `123456${' '.repeat(64)}`])(
    'refuses %j',
    (input) => {
      expect(TOTP_INPUT_PATTERN.test(input)).toBe(false);
    },
  );
});

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) as string[]).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]).join('');
}
