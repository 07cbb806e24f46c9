import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { safeNextPath } from 'nestjs-mfa';
import type { MfaSourceRow } from 'nestjs-mfa/import';
import {
  csvRows,
  jsonLineRows,
  readBetterAuth,
  readByHand,
  readCsv,
  readLaravelFortify,
} from 'nestjs-mfa/import';

import { expectAlways } from '../support/fuzz.js';
import {
  CODE_INPUT_PATTERN,
  KeyRing,
  betterAuthSecrets,
  buildKeyUri,
  hasSeal,
  hostOf,
  isToken,
  laravelKeys,
  normalizeCode,
  open,
  parseAuthentication,
  parseRegistration,
  readCookies,
  refererPath,
} from '../support/parsers.js';

/** Far more than any of them takes for such a text, and far less than one that goes over it again and again. */
const BOUND_MS = 200;

const ring = new KeyRing(['a secret for the tests, of 32 bytes or more']);

async function* oneRow(fields: Record<string, unknown>): AsyncGenerator<MfaSourceRow> {
  yield await Promise.resolve({ line: 1, fields });
}

async function readAll(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}

const credential = (text: string) => ({
  id: text,
  type: 'public-key',
  response: {
    clientDataJSON: text,
    attestationObject: text,
    authenticatorData: text,
    signature: text,
    transports: [text],
  },
});

/** Everything that reads text which somebody else wrote, and how many characters it may get. */
const PARSERS: [name: string, most: number, parse: (text: string) => unknown][] = [
  // A header has 16 KiB in Node, a body 100 KiB in Express, a row of an import a MiB. Of a file each row takes its time.
  ['cookies', 16_000, (text) => readCookies({ headers: { cookie: text } }, 'mfa_session')],
  ['cookies named alike', 16_000, (text) => readCookies({ headers: { cookie: text } }, 'a')],
  ['the host', 16_000, (text) => hostOf({ headers: { host: text } })],
  ['the page before', 16_000, (text) => refererPath(text, 'app.example.com')],
  ['a path to go on to', 100_000, safeNextPath],
  ['a token', 100_000, isToken],
  ['a typed code', 100_000, (text) => CODE_INPUT_PATTERN.test(text)],
  ['a code that is made plain', 100_000, normalizeCode],
  ['a credential that is registered', 100_000, (text) => parseRegistration(credential(text))],
  ['a credential that is proven', 100_000, (text) => parseAuthentication(credential(text))],
  ['an envelope', 100_000, (text) => open(ring, text)],
  ['a seal', 100_000, (text) => hasSeal(ring, 'table', [text], text)],
  [
    'a label of an authenticator app',
    10_000,
    (text) =>
      buildKeyUri({
        issuer: 'A',
        label: text,
        secret: 'JBSWY3DPEHPK3PXP',
        algorithm: 'sha1',
        digits: 6,
        period: 30,
      }),
  ],
  ['a CSV file', 20_000, (text) => readAll(readCsv(`userId,secret\n${text}`))],
  ['a table in CSV', 20_000, (text) => readAll(csvRows(text))],
  ['JSON lines', 20_000, (text) => readAll(jsonLineRows(text))],
  ...(['base32', 'hex', 'ascii', 'base64'] as const).map((encoding): (typeof PARSERS)[number] => [
    `a secret in ${encoding}`,
    200_000,
    (secret) =>
      readAll(
        readByHand(oneRow({ id: 'u1', secret }), { columns: { userId: 'id', secret: 'secret' }, encoding }),
      ),
  ]),
  [
    'recovery codes',
    200_000,
    (codes) =>
      readAll(
        readByHand(oneRow({ id: 'u1', secret: 'JBSWY3DPEHPK3PXP', codes }), {
          columns: { userId: 'id', secret: 'secret', recoveryCodes: 'codes' },
        }),
      ),
  ],
  [
    'what better-auth has sealed',
    200_000,
    (secret) =>
      readAll(
        readBetterAuth(oneRow({ userId: 'u1', secret, verified: secret }), {
          secret: 'x',
          secrets: { 1: 'x' },
        }),
      ),
  ],
  [
    'what Laravel has sealed',
    200_000,
    (text) =>
      readAll(
        readLaravelFortify(oneRow({ id: 'u1', two_factor_secret: text, two_factor_confirmed_at: text }), {
          appKey: 'x'.repeat(32),
        }),
      ),
  ],
  ['the secrets of better-auth', 200_000, (text) => betterAuthSecrets(() => text)],
  ['the secrets of better-auth, behind a version', 200_000, (text) => betterAuthSecrets(() => `1:${text}`)],
  ['the keys of Laravel', 200_000, (text) => laravelKeys(() => text)],
];

/** Milliseconds of the processor: other processes may have the machine meanwhile. */
async function timeOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  try {
    await work();
  } catch {
    // That it is refused is what other tests see to.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Expects that a text of that length is read in time. It begins with shorter ones, of which one that is gone over again and again takes too
 * long already, and yet not for good.
 */
async function expectQuick(
  textOf: (length: number) => string,
  most: number,
  parse: (text: string) => unknown,
): Promise<void> {
  for (const length of [most / 64, most / 16, most / 4, most]) {
    const text = textOf(Math.floor(length));
    let shortest = Infinity;
    // The shortest of a few times: what was cleared away or compiled meanwhile is not the parser's.
    for (let attempt = 0; attempt < 3 && shortest > BOUND_MS; attempt++) {
      shortest = Math.min(shortest, await timeOf(() => parse(text)));
    }
    if (shortest > BOUND_MS) throw new Error(`${length} characters took ${Math.round(shortest)} ms`);
  }
}

const piece = fc.oneof(
  fc.constantFrom(
    ...[
      '=',
      ' ',
      '\t',
      '\n',
      '\r',
      '"',
      ',',
      ';',
      '.',
      '-',
      '_',
      '/',
      '\\',
      ':',
      '@',
      '%',
      '%41',
      '%ff',
      '[',
      '{',
      '{"a":',
      '0',
      '1',
      'a',
      'A',
      'Z',
    ],
    ...[
      'a=',
      'a=b;',
      'mfa_session=x;',
      '; ',
      '//',
      '../',
      'v1.',
      '\u00a0',
      '\u200b',
      '\ud83d\ude00',
      '\u0661',
      '\uff21',
      '-a',
      's:',
      '""',
      '"a",',
      'f',
      '$ba$1$',
      '1:',
      ',1:',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** Something again and again, between something else: what an expression goes over once for each place where it could begin. */
const pumped = fc.record({
  before: piece,
  pump: fc.array(piece, { minLength: 1, maxLength: 2 }),
  after: piece,
});

describe('a long text', () => {
  it('is read in a time that grows with its length', () =>
    expectAlways(
      80,
      [fc.constantFrom(...PARSERS), pumped],
      async ([, most, parse], { before, pump, after }) => {
        const again = pump.join('') || 'x';
        const textOf = (length: number) => before + again.repeat(Math.ceil(length / again.length)) + after;
        await expectQuick(textOf, most, parse);
      },
    ));

  // What was found so, and mended.
  it.each([
    ['a secret in base64', '=', '', '!'],
    ['the secrets of better-auth', ' ', '1:', ''],
  ])('as %s is no trouble', async (name, pump, before, after) => {
    const [, most, parse] = PARSERS.find(([one]) => one === name) as (typeof PARSERS)[number];
    await expectQuick((length) => before + pump.repeat(length) + after, most, parse);
  });
});
