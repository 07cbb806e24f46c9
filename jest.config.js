import { availableParallelism } from 'node:os';

import { CJS_PACKAGES } from './test/support/cjs-packages.mjs';
import { ESM_PACKAGES } from './test/support/esm-packages.mjs';

// Test databases carry it in their names, so that what a failed test leaves behind can be told and dropped.
process.env.MFA_TEST_RUN ??= `nestjs_mfa_${process.pid}_${Date.now()}`;

/** The compiler of the tests; `tsx` reads `<T>` as markup, so each kind of file has its own. */
const swc = (tsx) => [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', tsx, decorators: true },
      transform: {
        legacyDecorator: true,
        decoratorMetadata: true,
        react: { runtime: 'automatic', importSource: 'preact' },
      },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

/** @type {import('jest').Config} */
export default {
  // Keeps packages and the library's sources loaded from one test file of a worker to the next.
  runtime: '<rootDir>/test/support/runtime.cjs',
  testEnvironment: '<rootDir>/test/support/environment.mjs',
  testMatch: ['<rootDir>/libs/**/*.spec.ts', '<rootDir>/apps/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '^.+\\.ts$': swc(false), '^.+\\.tsx$': swc(true) },
  moduleNameMapper: {
    // The sources themselves, so that tests need no build.
    '^nestjs-mfa$': '<rootDir>/libs/mfa/src/index.ts',
    '^nestjs-mfa/(attacks|browser|pages|claims|import|opentelemetry|terminus|testing)$':
      '<rootDir>/libs/mfa/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...Object.fromEntries(
      Object.entries(ESM_PACKAGES).map(([name, file]) => [
        `^${name}$`,
        `<rootDir>/test/fit/dist/${file}.mjs`,
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(CJS_PACKAGES).map(([name, file]) => [`^${name}$`, `<rootDir>/test/fit/dist/${file}`]),
    ),
  },
  // The script of the pages, which they serve.
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  setupFiles: ['reflect-metadata'],
  globalTeardown: '<rootDir>/test/support/drop-databases.ts',
  collectCoverageFrom: [
    'libs/mfa/src/**/*.{ts,tsx}',
    '!**/*.spec.ts',
    '!**/*.d.ts',
    // These few talk to navigator.credentials: only a browser runs them, and test/browser/client.spec.ts has one do it.
    '!libs/mfa/src/browser/{autofill,ceremonies,signals}.ts',
    // The script of the pages: bundled, and run by Chromium (test/browser/pages.spec.ts).
    '!libs/mfa/src/pages/client/**',
    // Types only.
    '!libs/mfa/src/pages/frame/{page-props,pages-options}.ts',
    '!libs/mfa/src/browser/{answers,index,mfa-client}.ts',
    '!libs/mfa/src/adapter/{adapter-option,message}.ts',
    '!libs/mfa/src/core/users/notification.ts',
    '!libs/mfa/src/import/import-record.ts',
    '!libs/mfa/src/module/module-options.ts',
    '!libs/mfa/src/options/{addresses,mfa-options}.ts',
    '!libs/mfa/src/engine/rows/issued-session.ts',
  ],
  // The second one sees to it that the tests which docs/security names were among those that ran.
  reporters: ['default', '<rootDir>/test/support/named-tests.mjs'],
  coverageProvider: 'v8',
  coverageReporters: [['text', { skipFull: true }], 'text-summary'],
  coverageThreshold: { global: { branches: 95, functions: 95, lines: 95, statements: 95 } },
  // Twice as many as there are cores where these are few: the tests in a browser and on servers wait a lot.
  maxWorkers: Math.max(process.env.MFA_TEST_DATABASE === undefined ? 4 : 3, availableParallelism() - 1),
  // Making a database takes a server seconds when it is busy.
  testTimeout: 60_000,
};
