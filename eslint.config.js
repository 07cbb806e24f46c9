import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

import { fewDependencies } from './tools/lint/few-dependencies.mjs';
import { LEVELS } from './tools/lint/levels.mjs';
import { noFactorName } from './tools/lint/no-factor-name.mjs';
import { noUpwardImport } from './tools/lint/no-upward-import.mjs';

/** Folders of the library that know neither Nest nor TypeORM. */
const pureFolders = [
  'attacks',
  'core/clock',
  'core/crypto',
  'core/otpauth',
  'core/policy',
  'core/traits',
  'core/users',
  'core/virtual-authenticators',
  'i18n',
];
/** What factors hold in common; the other folders of `factors` are one each. */
const shared = ['delivered-codes', 'plugged', 'traits'];
const factors = LEVELS.flatMap(([folder]) => /^factors\/([^/]+)$/.exec(folder)?.[1] ?? []).filter(
  (folder) => !shared.includes(folder),
);

const noTransport = {
  group: ['**/*.controller.js', '**/*.controller'],
  message: 'Nothing imports a controller: controllers only translate.',
};

const library = (folder, patterns) => ({
  files: [`libs/mfa/src/${folder}/**/*.{ts,tsx}`],
  rules: { 'no-restricted-imports': ['error', { patterns: [noTransport, ...patterns] }] },
});

export default tseslint.config(
  // Sources of applications that are made elsewhere; their build checks them.
  { ignores: ['**/dist/**', 'coverage/**', 'node_modules/**', 'tools/compat/application/**'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A module class of Nest has no members: its decorator says everything.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      // A name for what is made of a table.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      'no-console': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use node:crypto.' },
      ],
    },
  },
  {
    files: ['libs/mfa/src/**/*.{ts,tsx}'],
    plugins: {
      house: {
        rules: {
          'no-upward-import': noUpwardImport,
          'no-factor-name': noFactorName,
          'few-dependencies': fewDependencies,
        },
      },
    },
    rules: {
      'house/no-upward-import': 'error',
      'house/no-factor-name': 'error',
      'house/few-dependencies': 'error',
    },
  },
  library('**', []),
  ...pureFolders.map((folder) =>
    library(folder, [
      { group: ['@nestjs/*', 'typeorm'], message: `${folder} knows neither Nest nor TypeORM.` },
    ]),
  ),
  ...factors.map((folder) =>
    library(`factors/${folder}`, [
      {
        group: factors.filter((other) => other !== folder).map((other) => `../${other}/**`),
        message: 'Factors never import each other.',
      },
    ]),
  ),
  {
    // What runs in browsers takes nothing of the library but types, so that no server code is ever sent there.
    files: ['libs/mfa/src/browser/**/*.ts'],
    rules: {
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@nestjs/*', 'typeorm', 'node:*'], message: 'This runs in browsers.' },
            {
              group: ['../*', 'nestjs-mfa'],
              allowTypeImports: true,
              message: 'Only types: this runs in browsers.',
            },
          ],
        },
      ],
    },
  },
  {
    // The modules that put the parts together.
    files: [
      'libs/mfa/src/{index,*.module}.ts',
      'libs/mfa/src/module/*.ts',
      'libs/mfa/src/factors/*/*.parts.ts',
      'libs/mfa/src/pages/page-controllers.ts',
      'apps/demo/src/**/*.module.ts',
    ],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    extends: [jest.configs['flat/recommended']],
    rules: {
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*'] }],
      'jest/no-standalone-expect': 'off',
      // A test that can't run here says so by being skipped; CI has what it needs.
      'jest/no-disabled-tests': 'off',
      // Answers of a server have no type; what is expected of them is what the test is about.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // What is to be expected of an input that nobody has chosen depends on what it is.
    files: ['test/fuzz/*.spec.ts'],
    rules: { 'jest/no-conditional-expect': 'off' },
  },
  {
    // What tests see is what applications see: the entries of the package.
    files: ['test/**/*.ts'],
    ignores: [
      // What no application can do, in one place.
      'test/support/inside.ts',
      // The parsers behind that, for fuzzing.
      'test/support/parsers.ts',
      // The command line, in the process of the tests.
      'test/support/cli.ts',
      // Ceremonies gone wrong, made of the pieces of honest ones.
      'test/support/authenticator.ts',
      // The routes of a factor without the rest of the module.
      'test/support/factor-routes.ts',
    ],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/libs/**'],
              message: 'Import `nestjs-mfa`; a test of the insides stands beside its unit, in libs/mfa/src.',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression[source.value=/libs\\//]', message: 'Import `nestjs-mfa`.' },
      ],
    },
  },
);
