/** The adapter: connects the module to the application's users. */
export const ADAPTER = `import { Injectable } from '@nestjs/common';
import { DefaultMfaAdapter } from 'nestjs-mfa';
import type { MfaUser } from 'nestjs-mfa';

/** Connects nestjs-mfa to the users of this application. All hooks are in docs/adapter.md of the package. */
@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  /**
   * The user with this id; null if there is none, or if the user is disabled and must not sign in. Inject the service that knows your
   * users, and return what it says: \`{ id, email, isStaff, emailVerified }\`. Its module has to export it, and belongs in the \`imports\` of
   * \`adapter\`, where MfaModule is imported.
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

/** The options of nestjs-mfa, read when the application boots. All options are in README.md of the package. */
export function mfaOptions(): MfaBehaviourOptions {
  readEnvFile();
  const origin = appOrigin();
  return {
    secret: process.env.MFA_SECRET,
    webauthn: {
      rpId: new URL(origin).hostname,
      rpName: ${JSON.stringify(name).replace(/^"(.*)"$/, "'$1'")},
      origins: [origin],
      // Allows plain http on localhost only, on developers' machines.
      allowInsecureOrigin: isDevelopment(),
    },
  };
}

/** The site as browsers see it, such as https://app.example.com. Keys registered on localhost work nowhere else. */
function appOrigin(): string {
  const { APP_ORIGIN: origin } = process.env;
  if (origin) return origin;
  if (isDevelopment()) return 'http://localhost:3000';
  throw new Error(
    'APP_ORIGIN is not set: set it to the address of the site, such as https://app.example.com. It is optional only with NODE_ENV=development or test.',
  );
}

/** As nestjs-mfa sees it: an unset NODE_ENV means production. */
function isDevelopment(): boolean {
  return ['development', 'test'].includes(process.env.NODE_ENV ?? '');
}

/** Variables that are already set take precedence over the file, which is for developers' machines. */
function readEnvFile(): void {
  // Not \`process.loadEnvFile()\`: tests under Jest don't see what it loads.
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
 * This test writes to the database that the application uses when NODE_ENV is \`test\`. Use one only for tests:
 * \`database: process.env.NODE_ENV === 'test' ? ':memory:' : 'app.sqlite'\`, or a name from the environment.
 */
describe('The second factor (e2e)', () => {
  let app: INestApplication;
  let clock: MovableClock;
  let url: string;

  beforeAll(async () => {
    // In CI there is no .env.
    if (!existsSync('.env')) process.env.MFA_SECRET ??= randomBytes(32).toString('base64');
    const builder = Test.createTestingModule({ imports: [${name}], controllers: [GuardedController] });
    ({ clock } = MfaTestingModule.wrap(builder));
    app = (await builder.compile()).createNestApplication();
    await app.listen(0);
    url = (await app.getUrl()).replace('[::1]', 'localhost');
  });
  afterAll(() => app?.close());

  it('is required by the route, and opens it', async () => {
    const open = async (headers = {}) => (await fetch(\`\${url}/behind-a-second-factor\`, { headers })).status;
    expect(await open()).toBe(401);

    // A user whom \`findUser()\` of the adapter finds: at first, that is any id. Once \`findUser()\` asks a database, create the user there:
    // \`const user = await app.get(UsersService, { strict: false }).create({ … })\`, or whatever your service calls it.
    const user = { id: randomUUID() };
    const { headers, secret } = await signInWithMfa(app, user);
    expect(await open(headers)).toBe(200);

    // Five minutes later, the second factor is required again.
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
