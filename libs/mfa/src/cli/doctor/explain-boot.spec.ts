import { describe, expect, it } from '@jest/globals';

import { explainBoot } from './explain-boot.js';

describe('why an application does not start', () => {
  it.each([
    [
      Object.assign(new Error("Cannot find module '/app/dist/app.module.js'"), {
        code: 'ERR_MODULE_NOT_FOUND',
      }),
      /Build the application/,
    ],
    [new Error('Could not locate the bindings file. Tried: …'), /npm rebuild/],
    [new Error('Postgres package has not been found installed.'), /Install the driver/],
    [
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      /can’t be reached/,
    ],
    [
      new Error("Nest can't resolve dependencies of the AppMfaAdapter (?)."),
      /modules that export the adapter/,
    ],
    [
      new Error("Nest can't resolve dependencies of the AppController (?)."),
      /import the module that exports it/,
    ],
    [new Error("Cannot find package 'pg' imported from /app"), /Install the package/],
    [Object.assign(new Error('require() of ES Module'), { code: 'ERR_REQUIRE_ESM' }), /@nestjs\/typeorm@11/],
    [
      Object.assign(new Error("ENOENT: no such file or directory, open '.env'"), { code: 'ENOENT' }),
      /no \.env/,
    ],
    [new Error('APP_ORIGIN is not set: set it to the address of the site'), /Set APP_ORIGIN to the address/],
    [new Error('something else'), /not from nestjs-mfa/],
    ['thrown text', /not from nestjs-mfa/],
    [undefined, /not from nestjs-mfa/],
  ])('knows a remedy for %s', (error, remedy) => {
    expect(explainBoot(error)).toEqual([
      {
        kind: 'problem',
        what: expect.stringContaining('does not start'),
        remedy: expect.stringMatching(remedy),
      },
    ]);
  });
});
