import { describe, expect, it } from '@jest/globals';
import { createGuardrails, generateSync } from 'otplib';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaFactorAuthenticator } from '../../engine/factors/mfa-factor.js';
import type { TotpParameters } from './totp.factor.js';
import {
  TOTP_INPUT_PATTERN,
  TotpFactor,
  findTimeStep,
  generateSecret,
  readParameters,
  writeParameters,
} from './totp.factor.js';

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

/** What otplib has to allow for secrets of 80 bits. */
const WEAKER = createGuardrails({ MIN_SECRET_BYTES: 10 });

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

  it.each(['', '12345', '1234567', '12345a', 'a23456', '１２３４５６', ' 123456'])(
    'takes %j for no code',
    (code) => {
      expect(findTimeStep(parameters, code, now, 1)).toBeNull();
    },
  );

  it('reads the short secrets of other systems, with padding or in lower case', () => {
    const short = seed(10);
    const code = generateSync({ secret: short, epoch: now / 1000, guardrails: WEAKER });
    for (const secret of [short, short.toLowerCase()])
      expect(findTimeStep({ ...parameters, secret }, code, now, 0)).toBe(current);
    const padded = { ...parameters, secret: `${seed(14)}=` };
    expect(
      findTimeStep(padded, generateSync({ secret: seed(14), epoch: now / 1000, guardrails: WEAKER }), now, 0),
    ).toBe(current);
  });
});

describe('generateSecret', () => {
  it('makes 160 random bits in base32', () => {
    expect(generateSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(generateSecret()).not.toBe(generateSecret());
  });
});

describe('stored parameters', () => {
  const whole: TotpParameters = { secret: seed(20), algorithm: 'sha1', digits: 6, period: 30 };

  it('are read as they were written', () => {
    expect(readParameters(writeParameters(whole))).toEqual(whole);
    for (const secret of [seed(10), seed(10).toLowerCase(), `${seed(14)}=`])
      expect(readParameters(JSON.stringify({ ...whole, secret }))).toMatchObject({ secret });
  });

  it.each<[string, unknown]>([
    ['no secret', { ...whole, secret: undefined }],
    ['a secret that is no text', { ...whole, secret: [seed(20)] }],
    ['a secret of less than 80 bits', { ...whole, secret: seed(10).slice(1) }],
    ['a secret with something before it', { ...whole, secret: `-${seed(20)}` }],
    ['a secret with something behind it', { ...whole, secret: `${seed(20)}-` }],
    ['no algorithm', { ...whole, algorithm: undefined }],
    ['half a digit', { ...whole, digits: 6.5 }],
    ['no period', { ...whole, period: undefined }],
    ['nothing', null],
  ])('with %s are refused without being quoted', (_, parameters) => {
    const read = () => readParameters(JSON.stringify(parameters));
    expect(read).toThrow(new Error('The stored TOTP parameters are invalid'));
  });

  it('that are no JSON are refused without being quoted', () => {
    expect(() => readParameters(seed(20))).toThrow(new Error('The stored TOTP parameters are invalid'));
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

describe('the factor', () => {
  const NOW = 1_800_000_015_000;
  const STEP = Math.floor(NOW / 30_000);
  const USER: MfaUser = { id: 'ada', email: 'ada@example.com' };
  const BYPASS = '424242';

  class Adapter extends DefaultMfaAdapter {
    override buildTotpUrl(user: MfaUser, secret: string) {
      return Promise.resolve(`otpauth://totp/${user.email}?secret=${secret}`);
    }
  }
  class DrawingAdapter extends Adapter {
    drawn: string[] = [];
    override buildTotpSvg(url: string) {
      this.drawn.push(url);
      return `<svg>${this.drawn.length}</svg>`;
    }
  }

  /** A factor under these options. */
  const factorWith = (options = {}, adapter: DefaultMfaAdapter = new Adapter()) => {
    const factor = new TotpFactor(adapter);
    const totp = {
      algorithm: 'sha256',
      digits: 6,
      period: 30,
      tolerance: 1,
      setupTtlSeconds: 600,
      maxPerUser: 3,
      ...options,
    };
    factor.connect({ options: { totp }, clock: { now: () => NOW } } as never);
    return factor;
  };
  const parameters: TotpParameters = { secret: seed(20), algorithm: 'sha1', digits: 6, period: 30 };
  const codeAt = (step: number) => generateSync({ secret: parameters.secret, epoch: step * 30 });
  const stored = (changed: Partial<TotpParameters> = {}) => ({
    authenticator: { data: writeParameters({ ...parameters, ...changed }) } as MfaFactorAuthenticator,
  });

  it('begins with a new secret under the options, for as long as they say', async () => {
    const { data, expiresAt, answer } = await factorWith().begin({ user: USER });
    expect(readParameters(data)).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      algorithm: 'sha256',
      digits: 6,
      period: 30,
    });
    expect(expiresAt).toEqual(new Date(NOW + 600_000));
    const { secret } = readParameters(data);
    expect(answer).toEqual({
      secret,
      url: `otpauth://totp/ada@example.com?secret=${secret}`,
      svg: expect.stringMatching(/^<svg /),
      qrCode: expect.stringMatching(/^data:image\/png;base64,/),
      expiresAt,
    });
  });

  it('shows the picture of an adapter that draws its own, drawn once', async () => {
    const adapter = new DrawingAdapter();
    const factor = factorWith({}, adapter);
    const { answer } = await factor.begin({ user: USER });
    const urlOf = (svg: string) => `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    expect(answer).toMatchObject({ svg: '<svg>1</svg>', qrCode: urlOf('<svg>1</svg>') });
    await expect(factor.buildQrCode('otpauth://other')).resolves.toBe(urlOf('<svg>2</svg>'));
    expect(adapter.drawn).toEqual([answer.url, 'otpauth://other']);
  });

  it('names the account in a URI as it is told', async () => {
    await expect(factorWith().buildUrl(USER, 'SECRET', 'bob')).resolves.toBe(
      'otpauth://totp/bob?secret=SECRET',
    );
  });

  it('is proven by a step within the tolerance, at set-up and afterwards', () => {
    const factor = factorWith();
    const { authenticator } = stored();
    for (const offset of [-1, 0, 1]) {
      const proof = { step: STEP + offset };
      expect(factor.activate(codeAt(STEP + offset), authenticator)).toEqual(proof);
      expect(factor.verify(codeAt(STEP + offset), { authenticator })).toEqual(proof);
    }
    expect(factor.activate(codeAt(STEP + 2), authenticator)).toBe('wrong');
    expect(factor.verify(codeAt(STEP + 2), { authenticator })).toBe('wrong');
    expect(factorWith({ tolerance: 2 }).verify(codeAt(STEP + 2), { authenticator })).toEqual({
      step: STEP + 2,
    });
  });

  it.each(['12345', '1234567', '12345A', 'A23456', '', 'ABCDEF'])('has no code like %j', (code) => {
    expect(factorWith().verify(code, stored())).toBe('not_applicable');
  });

  it('is proven by the insecure bypass code alone, where there is one', () => {
    const factor = factorWith({ insecureBypassCode: BYPASS });
    const { authenticator } = stored({ digits: 8 });
    expect(factor.activate(BYPASS, authenticator)).toEqual({});
    expect(factor.verify(BYPASS, { authenticator })).toEqual({});
    expect(factor.activate('424243', stored().authenticator)).toBe('wrong');
    expect(factor.verify('424243', stored())).toBe('wrong');
  });

  it('takes no missing code for a bypass code that is missing as well', () => {
    expect(factorWith().verify(undefined as never, stored())).toBe('not_applicable');
  });

  it.each<[string, Partial<TotpParameters>, boolean]>([
    ['112 bits', { secret: seed(14) }, false],
    ['less than 112 bits', { secret: seed(13) }, true],
    ['a period of a minute', { period: 60 }, false],
    ['a longer period', { period: 61 }, true],
    ['a secret in lower case', { secret: seed(20).toLowerCase() }, false],
  ])('with %s is weak or not', (_, changed, isWeak) => {
    expect(factorWith().isWeak(stored(changed).authenticator)).toBe(isWeak);
  });

  it('may be had as often as the options say', () => {
    expect(factorWith().maxPerUser).toBe(3);
  });
});

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) as string[]).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]).join('');
}
