import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';

import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaModuleOptions } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, mfaMigrations } from 'nestjs-mfa';
import { MfaTelemetryModule } from 'nestjs-mfa/opentelemetry';

import { testCli } from '../support/cli.js';
import { ORIGIN, RELYING_PARTY, SECRET, TestAdapter, startTestApp } from '../support/test-app.js';

const LOCALHOST = {
  rpId: 'localhost',
  rpName: 'Example',
  origins: ['http://localhost'],
  allowInsecureOrigin: true,
};

/** What the application of a test is like. */
let given: { mfa?: Partial<MfaModuleOptions>; orm?: object; bare?: boolean; modules?: DynamicModule[] } = {};

const { path, run, remove } = testCli((database): DynamicModule => {
  const { mfa = {}, orm = {}, bare = false, modules = [] } = given;
  const tables = { autoLoadEntities: true, migrations: mfaMigrations, migrationsRun: true, ...orm };
  return {
    module: class AppModule {},
    imports: bare
      ? []
      : [
          TypeOrmModule.forRoot({ type: 'better-sqlite3', database, ...tables }),
          MfaModule.forRoot({ secret: SECRET, adapter: TestAdapter, webauthn: LOCALHOST, ...mfa }),
          ...modules,
        ],
  };
});
const nodeEnv = process.env['NODE_ENV'];
const root = process.cwd();

beforeEach(() => {
  given = {};
});
afterEach(() => {
  process.env['NODE_ENV'] = nodeEnv;
  process.exitCode = undefined;
});
afterAll(remove);

writeFileSync(path('package.json'), '{ "name": "examined" }\n');
symlinkSync(`${root}/node_modules`, path('node_modules'));

/** What it says, and with which exit status. */
async function examine(...words: string[]) {
  const text = await run('doctor', ...words);
  return { text, code: process.exitCode ?? 0 };
}

describe('the doctor', () => {
  it('finds nothing in an application that has all', async () => {
    const { text, code } = await examine();
    expect(text).toContain('0 problems, 0 suggestions');
    expect(text).toMatch(/ok {7}typeorm (1|0\.3)\./);
    expect(text).toContain('ok       All tables and columns are there (better-sqlite3)');
    expect(code).toBe(0);
  });

  it.each<[string, typeof given, string | undefined, RegExp]>([
    [
      'tables',
      { orm: { migrationsRun: false, database: ':memory:' } },
      'test',
      /PROBLEM {2}The database lacks mfa_/,
    ],
    [
      'no module',
      { bare: true },
      'test',
      /PROBLEM {2}The application starts, but does not import MfaModule\n +→ Run `npx nest add/,
    ],
    [
      'hooks',
      { mfa: { adapter: DefaultMfaAdapter } },
      'test',
      /advice {3}The adapter does not override findUser\(\)[^]*sendNotification\(\)/,
    ],
    [
      'hooks behind telemetry',
      { mfa: { adapter: DefaultMfaAdapter }, modules: [MfaTelemetryModule.forRoot()] },
      'test',
      /advice {3}The adapter does not override sendNotification\(\)/,
    ],
    ['synchronize', { orm: { synchronize: true, migrations: [] } }, 'test', /advice {3}`synchronize` is on/],
    ['no keys', { mfa: { webauthn: undefined } }, 'test', /advice {3}Security keys and passkeys are off/],
    [
      'development',
      { mfa: { webauthn: RELYING_PARTY } },
      'test',
      /advice {3}NODE_ENV is test, which skips some checks/,
    ],
    [
      'a cookie for http',
      { mfa: { webauthn: RELYING_PARTY } },
      'test',
      /PROBLEM {2}The session cookie is not Secure/,
    ],
    [
      'a proxy',
      { mfa: { webauthn: RELYING_PARTY } },
      'production',
      /advice {3}The origins are https, but no compiled file/,
    ],
    [
      'a domain',
      { mfa: { webauthn: RELYING_PARTY, session: { cookie: { domain: 'example.com' } } } },
      'production',
      /can't be `__Host-` because of `session\.cookie\.domain`/,
    ],
    [
      'a path',
      { mfa: { webauthn: RELYING_PARTY, session: { cookie: { path: '/app' } } } },
      'production',
      /because of `session\.cookie\.path`/,
    ],
    [
      'keys for localhost where users are',
      {},
      'production',
      /PROBLEM {2}NODE_ENV says production, but keys are for localhost: `webauthn\.rpId` localhost[^]*→ Set \`webauthn\.rpId\` to the domain/,
    ],
    [
      'localhost among the origins where users are',
      {
        mfa: {
          webauthn: {
            ...RELYING_PARTY,
            origins: [...RELYING_PARTY.origins, 'http://localhost'],
            allowInsecureOrigin: true,
          },
        },
      },
      'production',
      /PROBLEM {2}NODE_ENV says production[^]*`origins` https:[^]*http:\/\/localhost/,
    ],
    ['Secure on localhost', {}, 'production', /advice {3}The session cookie is Secure: over http, Safari/],
    [
      'another host',
      { mfa: { webauthn: { ...RELYING_PARTY, rpId: 'example.org' } } },
      'production',
      /https:\/\/app\.example\.com is not within `webauthn\.rpId` example\.org/,
    ],
  ])('sees %s', async (_, application, environment, expected) => {
    given = application;
    if (environment !== undefined) process.env['NODE_ENV'] = environment;
    const { text, code } = await examine();
    expect(text).toMatch(expected);
    expect(code).toBe(text.includes('PROBLEM') ? 1 : 0);
  });

  it('reads which proxy is trusted from what was compiled', async () => {
    given = { mfa: { webauthn: RELYING_PARTY } };
    process.env['NODE_ENV'] = 'production';
    writeFileSync(path('main.js'), "app.set('trust proxy', 1);\n");
    const { text } = await examine();
    expect(text).toContain('ok       The framework is told which proxies to trust');
    expect(text).toContain('ok       The session cookie is __Host-mfa_session');
    expect(text).toContain('ok       NODE_ENV says production');
    expect(text).not.toContain('localhost');
  });

  it.each<[string, typeof given, RegExp]>([
    [
      'a short secret',
      { mfa: { secret: 'short' } },
      /does not start: `secret` is too short[^]*→ docs\/troubleshooting\.md/,
    ],
    [
      'two mistakes',
      { mfa: { gracePeriodSeconds: 0, path: undefined, totp: { digits: 5 } } },
      /`totp\.digits`[^]*`gracePeriodSeconds`/,
    ],
    [
      'a missing table',
      { orm: { migrations: [], database: ':memory:' } },
      /does not start: the database lacks mfa_/,
    ],
    ['a driver', { orm: { type: 'mssql', retryAttempts: 0 } }, /Install the driver/],
  ])('says why an application does not start: %s', async (_, application, expected) => {
    given = application;
    const { text, code } = await examine();
    expect(text).toMatch(expected);
    // What needs no start is looked at all the same.
    expect(text).toContain('ok       @nestjs/core');
    expect(text).toMatch(/MFA_SECRET|The secret/);
    expect(code).toBe(1);
  });

  it('finds the secret in what git tracks', async () => {
    const git = (...words: string[]) => execFileSync('git', words, { cwd: path('.'), stdio: 'ignore' });
    git('init');
    writeFileSync(path('.gitignore'), 'node_modules\n');
    writeFileSync(path('.env'), `MFA_SECRET=${SECRET}\n`);
    expect((await examine()).text).toContain('ok       No file that git tracks contains the secret');
    git('add', '.env');
    const { text, code } = await examine();
    expect(text).toMatch(/PROBLEM {2}The secret is committed to git, in \.env\n +→ Anyone who can read/);
    expect(text).not.toContain(SECRET);
    expect(code).toBe(1);
    given = { mfa: { secret: '' } };
    expect((await examine()).text).toContain('The secret is committed to git, in .env');
  });

  describe('from outside', () => {
    it('asks the running site', async () => {
      const app = await startTestApp();
      const { text } = await examine('--url', app.url);
      expect(text).toContain('/mfa/session answers as it should');
      expect(text).toContain('The clock here agrees with that of');
      expect(text).toContain('is not in `webauthn.origins`');
      await app.close();
    });

    it.each<[string, number, string, RegExp]>([
      [
        'a proxy that changes the host',
        403,
        '{"code":"cross_origin"}',
        /for cross-site requests\n +→ The proxy changes the Host header/,
      ],
      ['another application', 404, 'Not here', /answers 404, which is not how this module answers/],
    ])('sees %s', async (_, status, body, expected) => {
      const server = createServer((_request, response) => {
        response.writeHead(status, { date: new Date(0).toUTCString() }).end(body);
      }).listen(0);
      const { port } = server.address() as AddressInfo;
      const { text } = await examine('--url', `http://localhost:${port}`);
      expect(text).toMatch(expected);
      expect(text).toMatch(/The clock here is \d+ s ahead of that of/);
      await new Promise((resolve) => server.close(resolve));
      expect((await examine('--url', `http://localhost:${port}`)).text).toContain('does not answer');
    });

    it('is content with an origin that is known', async () => {
      given = { mfa: { webauthn: RELYING_PARTY } };
      const { text } = await examine('--url', `${ORIGIN.replace('https', 'http')}.invalid`);
      expect(text).toContain('does not answer');
    });
  });
});
