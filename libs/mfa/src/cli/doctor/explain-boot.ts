import type { Finding } from './finding.js';
import { problem } from './finding.js';

/** Errors that stop an application before the module can report anything, with their remedies. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [
    /Cannot find (?:module|package) '[^']*app\.module|Cannot find module '\/|ERR_MODULE_NOT_FOUND.*dist/,
    'Build the application first (`npm run build`), and pass the compiled file of its root module: --app dist/app.module.js',
  ],
  [
    /bindings file|NODE_MODULE_VERSION|invalid ELF header/,
    'The driver was not built for this Node.js: `npm rebuild better-sqlite3`. pnpm and newer npm ask first: `pnpm approve-builds`, `npm install-scripts approve better-sqlite3`',
  ],
  [
    /package has not been found installed|DriverPackageNotInstalled/,
    'Install the driver of your database: better-sqlite3, pg or mysql2',
  ],
  [
    /ECONNREFUSED|ENOTFOUND|ETIMEDOUT|password authentication|Access denied/,
    'The database can’t be reached: check its address and password, and that it is running',
  ],
  [
    /can't resolve dependencies of the \w*(?:Adapter|MFA_ADAPTER)|resolve dependencies of the .*MFA_ADAPTER/,
    'Import the modules that export the adapter’s dependencies: `adapter: { useClass: AppMfaAdapter, imports: [UsersModule] }`',
  ],
  [
    /can't resolve dependencies of the/,
    'Nest finds no provider for the dependency marked `?`: import the module that exports it. If there are two copies of a package, see above',
  ],
  [/Cannot find (?:module|package) '([^']+)'/, 'Install the package that is named'],
  [
    /ERR_REQUIRE_ESM|require\(\) of ES Module|Cannot use import statement/,
    'A package of ES modules is loaded by CommonJS: on NestJS 11 install `@nestjs/typeorm@11`, and use Node.js 20.19, 22.12, 24 or newer',
  ],
  [
    /APP_ORIGIN is not set/,
    'Set APP_ORIGIN to the address of the site as browsers see it, such as https://app.example.com; on a developer’s machine, set NODE_ENV=development',
  ],
  [
    /ENOENT.*\.env/,
    'There is no .env where the application looks for it: run this in its folder, or create the file',
  ],
];

/** Why an application didn't boot: each cause with its remedy. */
export function explainBoot(error: unknown): Finding[] {
  // By name: the application may have loaded the module in its other format.
  const { name, problems } = (error ?? {}) as { name?: string; problems?: readonly string[] };
  if (name === 'MfaOptionsError' && problems) {
    return problems.map((one) =>
      problem(`The application does not start: ${one}`, 'docs/troubleshooting.md'),
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  const { code = '' } = (error ?? {}) as { code?: string };
  const [, remedy] = KNOWN.find(([pattern]) => pattern.test(`${code} ${text}`)) ?? [];
  const first = text.trim().split('\n').slice(0, 3).join(' ');
  return [
    problem(
      `The application does not start: ${first}`,
      remedy ?? 'This error is not from nestjs-mfa: start the application itself, and look at its log',
    ),
  ];
}
