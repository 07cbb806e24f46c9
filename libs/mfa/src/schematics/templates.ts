/** The adapter: connects the module to the application's users. */
export const ADAPTER = `import { Injectable } from '@nestjs/common';
import { DefaultMfaAdapter } from 'nestjs-mfa';
import type { MfaUser } from 'nestjs-mfa';

/** Shows nestjs-mfa the users of this application. All its hooks: docs/adapter.md of the package. */
@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  /**
   * The user of that id, or null for one who is gone or disabled, and can't sign in then. Inject the service that knows your users,
   * and answer with what it says: \`{ id, email, isStaff, emailVerified }\`. Its module goes into the \`imports\` of \`adapter\`, where
   * MfaModule is imported, and has to export it.
   */
  override findUser(userId: string): MfaUser | null | Promise<MfaUser | null> {
    return { id: userId };
  }
}
`;

/** @param name the site's name, shown in authenticators */
export function optionsFile(name: string): string {
  return `import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

import type { MfaBehaviourOptions } from 'nestjs-mfa';

/** What nestjs-mfa is told when the application boots. All its options: README.md of the package. */
export function mfaOptions(): MfaBehaviourOptions {
  readEnvFile();
  const origin = appOrigin();
  return {
    secret: process.env.MFA_SECRET,
    webauthn: {
      rpId: new URL(origin).hostname,
      rpName: ${JSON.stringify(name).replace(/^"(.*)"$/, "'$1'")},
      origins: [origin],
      // Plain http for localhost on developers' machines, and for nothing else.
      allowInsecureOrigin: isDevelopment(),
    },
  };
}

/** The site as browsers see it, such as https://app.example.com. Keys that are registered for localhost work nowhere else. */
function appOrigin(): string {
  const { APP_ORIGIN: origin } = process.env;
  if (origin) return origin;
  if (isDevelopment()) return 'http://localhost:3000';
  throw new Error(
    'APP_ORIGIN is not set: give the address of the site, such as https://app.example.com. Only NODE_ENV=development and test do without.',
  );
}

/** As nestjs-mfa sees it: without NODE_ENV it is production. */
function isDevelopment(): boolean {
  return ['development', 'test'].includes(process.env.NODE_ENV ?? '');
}

/** What the environment says already counts more than the file, which is for developers' machines. */
function readEnvFile(): void {
  // \`process.loadEnvFile()\` would not do: tests under Jest don't see what it loads.
  if (existsSync('.env')) Object.assign(process.env, { ...parseEnv(readFileSync('.env', 'utf8')), ...process.env });
}
`;
}

/** The entry for this module in the root module's `imports`. */
export function moduleImport({ path, pages }: { path: string; pages: boolean }): string {
  const lines = [
    '// `imports`: the modules that export what the adapter injects, such as UsersModule.',
    'adapter: { useClass: AppMfaAdapter, imports: [] },',
    ...(path === 'mfa' ? [] : [`path: '${path}',`]),
    ...(pages ? ['pages: true,'] : []),
    'useFactory: mfaOptions,',
  ];
  return `MfaModule.forRootAsync({\n${lines.map((line) => `  ${line}\n`).join('')}})`;
}

/** The TypeORM entry for an application without one: a file, or memory in tests. */
export const TYPE_ORM_IMPORT = `TypeOrmModule.forRoot({
  type: 'better-sqlite3',
  database: process.env.NODE_ENV === 'test' ? ':memory:' : 'app.sqlite',
  autoLoadEntities: true,
  migrations: mfaMigrations,
  migrationsRun: true,
})`;

/** @param root the root module's import specifier, relative to the test */
export function testFile({ root, name, path }: { root: string; name: string; path: string }): string {
  return `import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';

import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { RequireMfa } from 'nestjs-mfa';
import { MfaTestingModule, signInWithMfa, totpCode } from 'nestjs-mfa/testing';
import type { MovableClock } from 'nestjs-mfa/testing';

import { ${name} } from '${root}';

@Controller('behind-a-second-factor')
class GuardedController {
  @Get()
  @RequireMfa()
  open(): string {
    return 'open';
  }
}

/**
 * It writes into the database that the application names where NODE_ENV is \`test\`. Let that be one for tests alone:
 * \`database: process.env.NODE_ENV === 'test' ? ':memory:' : 'app.sqlite'\`, or a name from the environment.
 */
describe('The second factor (e2e)', () => {
  let app: INestApplication;
  let clock: MovableClock;
  let url: string;

  beforeAll(async () => {
    // As in CI, where nobody has a .env.
    if (!existsSync('.env')) process.env.MFA_SECRET ??= randomBytes(32).toString('base64');
    const builder = Test.createTestingModule({ imports: [${name}], controllers: [GuardedController] });
    ({ clock } = MfaTestingModule.wrap(builder));
    app = (await builder.compile()).createNestApplication();
    await app.listen(0);
    url = (await app.getUrl()).replace('[::1]', 'localhost');
  });
  afterAll(() => app?.close());

  it('is asked for, and opens what it guards', async () => {
    const open = async (headers = {}) => (await fetch(\`\${url}/behind-a-second-factor\`, { headers })).status;
    expect(await open()).toBe(401);

    // Somebody whom \`findUser()\` of the adapter finds: at first that is anybody. Once \`findUser()\` asks a database, store somebody there:
    // \`const user = await app.get(UsersService, { strict: false }).create({ … })\`, with what your service calls it.
    const user = { id: randomUUID() };
    const { headers, secret } = await signInWithMfa(app, user);
    expect(await open(headers)).toBe(200);

    // Five minutes later it is asked for again.
    clock.advance(301);
    expect(await open(headers)).toBe(401);
    const answer = await fetch(\`\${url}/${path}/authenticate\`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ code: totpCode(secret as string, clock) }),
    });
    expect(answer.status).toBe(200);
    const { sessionToken } = (await answer.json()) as { sessionToken: string };
    expect(await open({ ...headers, 'x-mfa-session': sessionToken })).toBe(200);
  });
});
`;
}
