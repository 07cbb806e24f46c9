import { writeFileSync } from 'node:fs';
import { types } from 'node:util';

import { afterAll, afterEach, beforeEach, describe, expect, jest, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import * as fc from 'fast-check';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule } from 'nestjs-mfa';

import { testCli } from '../support/cli.js';
import { expectAlways } from '../support/fuzz.js';
import { bytes, trickyText } from '../support/hostile-input.js';
import { SECRET } from '../support/test-app.js';

class Adapter extends DefaultMfaAdapter {
  override findUser(id: string): MfaUser | null {
    return id === 'nobody' ? null : { id };
  }
}

const { app, path, run, remove } = testCli((database) => ({
  module: class AppModule {},
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', database, autoLoadEntities: true, synchronize: true }),
    MfaModule.forRoot({ secret: SECRET, controllers: false, adapter: Adapter }),
  ],
}));
afterAll(remove);

/** One that does not start, so that only what is said of the arguments takes time. */
const NO_APP = path('no-app.mjs');
writeFileSync(NO_APP, 'export const empty = null;\n');

const COMMANDS = [
  ...[
    'rotate-secret',
    'replace-recovery-code-key',
    'purge',
    'report-revoked-models',
    'status',
    'reset',
    'unlock',
  ],
  ...['forget-user', 'export-user', 'discard-unreadable', 'import', 'doctor', 'help'],
];
const OPTIONS = [
  ...[
    '-a',
    '--app',
    '-e',
    '--export',
    '-h',
    '--help',
    '-b',
    '--batch-size',
    '-r',
    '--reason',
    '--authenticator',
    '--',
  ],
  ...[
    '--keep-audit-trail',
    '-n',
    '--dry-run',
    '--reseal',
    '-f',
    '--format',
    '--report',
    '--keys',
    '--rows',
    '--digits',
  ],
  ...[
    '--period',
    '--algorithm',
    '--encoding',
    '--user-column',
    '--secret-column',
    '--codes-column',
    '--cipher',
  ],
  ...['--recovery-code-count', '--recovery-code-digits', '--unconfirmed', '--decrypted'],
];
/** A line of a stack trace. */
const STACK = /^\s+at /m;

const FORMATS = ['django-allauth', 'better-auth', 'laravel-fortify', 'by-hand', 'csv', 'jsonl'];

/** An argument, which the system ends at a NUL. What a terminal would do with the rest is its user's own doing. */
const argument = trickyText.map((text) => text.replace(/\p{Cc}/gu, '').slice(0, 200));
const number = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom(
    '0',
    '-1',
    '1e3',
    '0x10',
    ' 7 ',
    '1.5',
    'NaN',
    'Infinity',
    '9007199254740993',
    '4294967296',
    '１',
  ),
  argument,
);

/** How a command ends: 0 for what was done, and what is said of anything else. */
async function outcome(
  words: string[],
  file = app,
): Promise<{ printed: string; said: string; exitCode: unknown }> {
  process.exitCode = undefined;
  try {
    const printed = await run('--app', file, ...words);
    return { printed, said: '', exitCode: process.exitCode ?? 0 };
  } catch (error) {
    expect(types.isNativeError(error)).toBe(true);
    const { message, exitCode = 1 } = error as Error & { exitCode?: number };
    return { printed: '', said: message, exitCode };
  }
}

/** One line, as `main.ts` prints it; a word that is nearly right gets another one with the right one. */
function expectOneLine(said: string): void {
  expect(said.replace(/\n\(Did you mean .*\?\)$/, '')).not.toMatch(/[\n\r]/);
  expect(said).not.toMatch(STACK);
}

describe('the command line', () => {
  beforeEach(() => {
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    process.exitCode = undefined;
  });

  it('says in one line what is wrong with its arguments', () =>
    expectAlways(
      200,
      [
        fc.array(
          fc.oneof(
            fc.constantFrom(...COMMANDS),
            fc.constantFrom(...OPTIONS),
            fc.constantFrom(...FORMATS),
            argument,
            number,
          ),
        ),
      ],
      async (words) => {
        // `--url` would be asked, and `--report` written.
        const { printed, said, exitCode } = await outcome(
          words.filter((word) => !/^--(?:url|rep)/.test(word)),
          NO_APP,
        );
        // Help was asked for, or the application does not start: of which the doctor makes findings.
        expect([0, 1]).toContain(exitCode);
        expect(printed || said).not.toBe('');
        expectOneLine(said);
        expect(printed).not.toMatch(STACK);
      },
    ));

  it('does what it is told to, or says in one line why it does not', () =>
    expectAlways(
      8,
      [
        fc.oneof(
          fc.tuple(
            fc.constantFrom('status', 'unlock', 'forget-user', 'export-user'),
            fc.constant('--'),
            argument,
          ),
          fc.tuple(
            fc.constant('reset'),
            argument.map((reason) => `--reason=${reason}`),
            fc.constant('--'),
            argument,
          ),
          number.map((size) => ['rotate-secret', `--batch-size=${size}`]),
          argument.map((name) => ['purge', `--export=${name}`]),
        ),
      ],
      async (words) => {
        const { printed, said, exitCode } = await outcome([...words]);
        if (exitCode === 0) expect(printed).not.toBe('');
        else expect([exitCode, said]).toEqual([1, expect.stringMatching(/./)]);
        expectOneLine(said);
        expect(printed).not.toMatch(STACK);
      },
    ));

  it('imports a file, or says in one line why it can not', () =>
    expectAlways(
      25,
      [
        fc.constantFrom(...FORMATS),
        fc.oneof(
          bytes(60),
          trickyText.map((text) => Buffer.from(`userId,secret,id\n${text}`)),
        ),
        fc.array(
          fc.oneof(
            fc.tuple(
              fc.constantFrom('--digits', '--period', '--recovery-code-count', '--recovery-code-digits'),
              number,
            ),
            fc.tuple(fc.constantFrom('--user-column', '--secret-column', '--codes-column'), argument),
            fc.tuple(fc.constantFrom('--rows'), fc.constantFrom('csv', 'jsonl', 'xml')),
            fc.tuple(fc.constantFrom('--keys'), fc.constantFrom(NO_APP, path('nothing'), '')),
          ),
          { maxLength: 4 },
        ),
        fc.constantFrom([], ['--decrypted'], ['--unconfirmed']),
      ],
      async (format, content, options, flags) => {
        writeFileSync(path('file.csv'), content);
        const words = options.map(([name, value]) => `${name}=${value}`);
        const { printed, said, exitCode } = await outcome([
          'import',
          path('file.csv'),
          '-n',
          '-f',
          format,
          ...words,
          ...flags,
        ]);
        expect([0, 1]).toContain(exitCode);
        expectOneLine(said);
        if (said === '')
          expect(printed).toMatch(/\d+ rows read: \d+ would be imported, \d+ skipped, \d+ rejected$/);
      },
    ));

  it('takes numbers that a setting can have, and says of others that they are none', () =>
    expectAlways(
      50,
      [fc.constantFrom('--recovery-code-count', '--recovery-code-digits'), number],
      async (option, value) => {
        const seed = { user: 1, type: 'recovery_codes', data: { seed: 'a1b2', used_mask: 0 } };
        writeFileSync(path('dump.json'), JSON.stringify([{ model: 'mfa.authenticator', fields: seed }]));
        const { said, exitCode } = await outcome(
          ['import', path('dump.json'), '-n', '-f', 'django-allauth', `${option}=${value}`],
          NO_APP,
        );
        expect(exitCode).toBe(1);
        expect(said).toMatch(/Must be |does not export/);
      },
    ));
});
