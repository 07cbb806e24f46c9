import { readFileSync, statSync, writeFileSync } from 'node:fs';

import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import { testCli } from '../support/cli.js';
import type { TestApp } from '../support/test-app.js';
import { SECRET, halfSignIn, startTestApp, users } from '../support/test-app.js';

/** An application that knows everybody but one. */
class Adapter extends DefaultMfaAdapter {
  override findUser(id: string): MfaUser | null {
    return id === 'nobody' ? null : { id };
  }
}

const { path, run, remove } = testCli((database) => ({
  module: class AppModule {},
  imports: [
    TypeOrmModule.forRoot({ type: 'better-sqlite3', database, autoLoadEntities: true, synchronize: true }),
    MfaModule.forRoot({ secret: SECRET, controllers: false, adapter: Adapter }),
  ],
}));
afterAll(remove);
const orm = { type: 'better-sqlite3', database: path('app.sqlite') } as const;

const fixture = (name: string) => `test/fixtures/import/${name}`;
const save = (name: string, text: string): string => {
  writeFileSync(path(name), text);
  return path(name);
};

/** What is in the tables now. */
async function kept(): Promise<Record<string, number>> {
  const dataSource = await new DataSource(orm).initialize();
  const counts: Record<string, number> = {};
  for (const table of ['mfa_authenticator', 'mfa_recovery_code', 'mfa_user_state']) {
    const [row] = await dataSource.query<{ n: number }[]>(`SELECT COUNT(*) AS n FROM ${table}`);
    counts[table] = row?.n ?? NaN;
  }
  await dataSource.destroy();
  return counts;
}

describe('the command import', () => {
  const written: string[] = [];
  const environment = { ...process.env };
  beforeEach(() => {
    written.length = 0;
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
  });
  let test: TestApp | undefined;
  afterEach(async () => {
    await test?.close();
    test = undefined;
    jest.restoreAllMocks();
    process.exitCode = undefined;
    process.env = { ...environment };
  });

  const SECRETS = [
    'JBSWY3DPEHPK3PXP',
    'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    'OBWGC2LOFVZXKY3SMV2C2ZTPOI',
  ];
  const csv = save(
    'factors.csv',
    [
      'userId,secret,algorithm,digits,period,recoveryCodes',
      `u1,${SECRETS[0]},,,,ABCD-EFGH-2345;WXYZ-2345-6789`,
      `u2,${SECRETS[1]},sha256,8,60,`,
      `nobody,${SECRETS[2]},,,,`,
      'u3,TOOSHORT,,,,',
      `u4,${SECRETS[2]},,`,
      `u1,${SECRETS[2]},,,,`,
    ].join('\r\n'),
  );
  const report = [
    'rejected: line 4, user "nobody": unknown_user',
    'rejected: line 5, user "u3": short_secret',
    'rejected: line 6: unreadable_row',
    'skipped: line 7, user "u1": has_authenticator_app',
  ];
  const expectNoSecret = (text: string) => {
    for (const secret of [...SECRETS, 'TOOSHORT', 'ABCD', '2345']) expect(text).not.toContain(secret);
  };

  it('writes nothing in a dry run, then imports, then skips all, and never prints a secret', async () => {
    const dry = await run('import', csv, '--format', 'csv', '--dry-run');
    expect(dry.split('\n')).toEqual([...report, '6 rows read: 2 would be imported, 1 skipped, 3 rejected']);
    expect(process.exitCode).toBe(1);
    expect(await kept()).toEqual({ mfa_authenticator: 0, mfa_recovery_code: 0, mfa_user_state: 0 });

    const first = await run('import', csv, '--format', 'csv', '--report', path('report.jsonl'));
    expect(first.split('\n')).toEqual([...report, '6 rows read: 2 imported, 1 skipped, 3 rejected']);
    expect(process.exitCode).toBe(1);
    const rows = await kept();
    expect(rows).toEqual({ mfa_authenticator: 3, mfa_recovery_code: 2, mfa_user_state: 2 });
    const file = readFileSync(path('report.jsonl'), 'utf8');
    expect(
      file
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { outcome: 'rejected', line: 4, userId: 'nobody', reason: 'unknown_user' },
      { outcome: 'rejected', line: 5, userId: 'u3', reason: 'short_secret' },
      { outcome: 'rejected', line: 6, reason: 'unreadable_row' },
      { outcome: 'skipped', line: 7, userId: 'u1', reason: 'has_authenticator_app' },
    ]);
    expect(statSync(path('report.jsonl')).mode & 0o777).toBe(0o600);

    const again = await run('import', csv, '--format', 'csv');
    expect(again).toContain('6 rows read: 0 imported, 3 skipped, 3 rejected');
    expect(await kept()).toEqual(rows);
    expect(written.join('')).toContain('100 % | 6 of 6');
    expectNoSecret([dry, first, again, file, ...written].join('\n'));
  });

  it('leaves the apps and printed codes working', async () => {
    test = await startTestApp({ orm, mfa: { secret: SECRET } });
    const { clock } = test;
    for (const id of ['u1', 'u2']) users.set(id, { id });
    const signIn = async (id: string, code: string) =>
      (await (await halfSignIn(test as TestApp, { id })).post('/mfa/authenticate', { code })).status;
    // What `oathtool --totp -b -N @1800000000` shows, and with `--totp=sha256 -d 8 -s 60`.
    expect(clock.now()).toBe(1_800_000_000_000);
    expect(await signIn('u1', '309848')).toBe(200);
    expect(await signIn('u2', '59588067')).toBe(200);
    expect(await signIn('u1', 'abcd-efgh-2345')).toBe(200);
    expect(await signIn('u1', 'ABCD-EFGH-2345')).toBe(400);
  });

  it('shows some rows of many, and exits with 0 when none is wrong', async () => {
    const lines = Array.from({ length: 23 }, () => JSON.stringify({ userId: 'u1', secret: SECRETS[0] }));
    const printed = await run('import', save('many.jsonl', lines.join('\n')), '-f', 'jsonl');
    expect(printed.split('\n').slice(-3)).toEqual([
      'skipped: line 20, user "u1": has_authenticator_app',
      'skipped: 3 more; --report <file> has them all',
      '23 rows read: 0 imported, 23 skipped, 0 rejected',
    ]);
    expect(process.exitCode).toBeUndefined();
  });

  const appKey = `base64:${Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64')}`;
  const betterAuth = 'better-auth-secret-for-the-fixtures!';

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['django-allauth', [fixture('django-allauth.json')], {}, /3 rows read: 2 would .*, 1 rejected/],
    ['django-allauth', [fixture('django-allauth.json'), '--recovery-code-digits', '6'], {}, /2 rejected/],
    ['laravel-fortify', [fixture('laravel-fortify.csv')], { APP_KEY: appKey }, /2 rows read: 1 would/],
    [
      'laravel-fortify',
      [fixture('laravel-fortify.csv'), '--unconfirmed'],
      { APP_KEY: 'x'.repeat(32), APP_PREVIOUS_KEYS: `${'y'.repeat(16)}, ${appKey}` },
      /2 rows read: 2 would/,
    ],
    [
      'laravel-fortify',
      [fixture('laravel-fortify.csv'), '--cipher', 'gcm', '--unconfirmed'],
      { APP_KEY: appKey },
      /2 rejected/,
    ],
    ['better-auth', [fixture('better-auth.jsonl')], { BETTER_AUTH_SECRET: betterAuth }, /1 would .* 1 rej/],
    [
      'better-auth',
      [fixture('better-auth.jsonl')],
      { BETTER_AUTH_SECRET: betterAuth, BETTER_AUTH_SECRETS: `9:other, 3: ${betterAuth} ` },
      /2 would/,
    ],
    [
      'by-hand',
      [fixture('speakeasy.jsonl'), '--user-column', '_id', '--secret-column', 'tfa', '--encoding', 'ascii'],
      {},
      /2 rows read: 2 would/,
    ],
  ])('reads %s: %j', async (format, words, keys, expected) => {
    Object.assign(process.env, keys);
    expect(await run('import', ...words, '--format', format, '--dry-run')).toMatch(expected);
  });

  it('takes keys from a file, and then from there only', async () => {
    const keys = save('old.env', `# of the old application\nAPP_KEY=${appKey}\n`);
    process.env['APP_PREVIOUS_KEYS'] = 'no key at all';
    const words = ['import', fixture('laravel-fortify.csv'), '-f', 'laravel-fortify', '-n', '--keys', keys];
    expect(await run(...words)).toContain('1 would be imported');
  });

  it('takes rows of better-auth that were decrypted before, however the file is named', async () => {
    const rows = save('rows.txt', '{"userId":"u9","secret":"aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"}\n');
    const words = ['import', rows, '--format', 'better-auth', '--decrypted', '--dry-run'];
    await expect(run(...words)).rejects.toThrow('use --rows');
    expect(await run(...words, '--rows', 'jsonl', '--digits', '8')).toContain('1 would be imported');
  });

  it.each<[string[], RegExp]>([
    [[fixture('plain.csv')], /required option '-f, --format/],
    [[fixture('plain.csv'), '--format', 'xml'], /Allowed choices are django-allauth, better-auth/],
    [['nothing.csv', '--format', 'csv'], /no such file/],
    [[fixture('plain.csv'), '--format', 'csv', '--cipher', 'gcm'], /csv does not take --cipher/],
    [[fixture('plain.csv'), '--format', 'by-hand'], /needs --user-column and --secret-column/],
    [[fixture('laravel-fortify.csv'), '--format', 'laravel-fortify'], /APP_KEY is needed/],
    [[fixture('better-auth.jsonl'), '--format', 'better-auth'], /BETTER_AUTH_SECRET is needed/],
    [[fixture('plain.csv'), '--format', 'csv', '--report', '/nowhere/at/all'], /no such file/],
    [[fixture('django-allauth.json'), '-f', 'django-allauth', '--digits', 'six'], /whole number/],
    [
      [fixture('django-allauth.json'), '-f', 'django-allauth', '--recovery-code-digits', '-1'],
      /from 1 to 40/,
    ],
    // As many codes would be made before anybody could look at them.
    [
      [fixture('django-allauth.json'), '-f', 'django-allauth', '--recovery-code-count', '1e9'],
      /from 1 to 100/,
    ],
  ])('refuses %j', async (words, message) => {
    await expect(run('import', ...words)).rejects.toThrow(message);
  });

  it('refuses secrets of another form, without showing them', async () => {
    process.env['BETTER_AUTH_SECRETS'] = '1:fine,the-secret-without-version';
    const failure = run('import', fixture('better-auth.jsonl'), '--format', 'better-auth');
    await expect(failure).rejects.toThrow('Entry 2 of BETTER_AUTH_SECRETS must be <version>:<secret>');
  });

  it('says where the database failed and why, with the report so far', async () => {
    const file = save('broken.csv', `userId,secret\nbad,X\nu11,${SECRETS[0]}\n`);
    jest.spyOn(Adapter.prototype, 'findUser').mockRejectedValue(new Error('the user table is away') as never);
    const failure = run('import', file, '--format', 'csv', '--report', path('part.jsonl'));
    await expect(failure).rejects.toThrow(
      /stopped at line 3\. The lines before it are done.*The reason: the user table is away/,
    );
    expect(readFileSync(path('part.jsonl'), 'utf8')).toContain('"line":2');
    await expect(run('import', file, '--format', 'csv', '--dry-run')).rejects.toThrow('Nothing was written');
    jest.restoreAllMocks();
    expect(await run('import', file, '--format', 'csv')).toContain('1 imported, 0 skipped, 1 rejected');
  });
});
