import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ValidationPipeOptions } from '@nestjs/common';
import { UnprocessableEntityException, ValidationPipe } from '@nestjs/common';

import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { enroll, halfSignIn, startTestApp } from '../support/test-app.js';

const ID = '/mfa/authenticators/00000000-0000-4000-8000-000000000000';

/** Every route, and whether it takes a body. */
const ROUTES: [method: string, path: string, takesBody: boolean][] = [
  ['GET', '/mfa/status', false],
  ['GET', '/mfa/authenticators', false],
  ['PATCH', ID, true],
  ['DELETE', ID, false],
  ['POST', '/mfa/totp', false],
  ['POST', '/mfa/totp/activate', true],
  ['GET', '/mfa/recovery-codes', false],
  ['POST', '/mfa/recovery-codes', false],
  ['POST', '/mfa/authenticate', true],
  ['DELETE', '/mfa/session', false],
];
const BODY_ROUTES = ROUTES.filter(([, , takesBody]) => takesBody);

const BAD_VALUES: unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1e308,
  '',
  ' ',
  '0',
  '1'.repeat(65),
  '1'.repeat(50_000),
  '１２３４５',
  '①②③④⑤⑥',
  '123456\0',
  '\u0000',
  '\ud800',
  '\udc00123456',
  "' OR 1=1 --",
  '123456; DROP TABLE mfa_session',
  '{{7*7}}',
  [],
  ['123456'],
  {},
  { $ne: null },
  { length: 6 },
  { toString: 'x' },
];

const BAD_BODIES = [
  '{',
  'null',
  '[]',
  '"123456"',
  '42',
  'true',
  '[{"code":"123456"}]',
  '{"code":',
  '\0',
  '{"__proto__":{"code":"123456"}}',
  // Deeper than what walks through it can follow.
  `{"code":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  `${'{"code":'.repeat(5000)}1${'}'.repeat(5000)}`,
];

const isName = (value: unknown): boolean =>
  typeof value === 'string' && /^[^\p{Cc}\p{Surrogate}]{1,100}$/u.test(value.trim());

const PROBLEMS = expect.any(Array) as unknown;

describe.each<[string, ValidationPipeOptions, unknown]>([
  ['as it is', {}, PROBLEMS],
  [
    'behind the strictest pipe of an application',
    { whitelist: true, forbidNonWhitelisted: true, transform: true },
    PROBLEMS,
  ],
  ['behind a pipe with a status of its own', { errorHttpStatusCode: 422 }, PROBLEMS],
  ['behind a pipe with another one', { errorHttpStatusCode: 406 }, PROBLEMS],
  [
    // Only the pipe would know what is wrong, and says it in its own way.
    'behind a pipe with answers of its own',
    { exceptionFactory: () => new UnprocessableEntityException({ errors: { field: 'is wrong' } }) },
    expect.anything(),
  ],
])('bad input, %s', (_, pipe, message) => {
  let test: TestApp;
  let signedIn: Client;
  let half: Client;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { rateLimit: { attempts: 100_000 } },
      configure: (app) => {
        if (Object.keys(pipe).length > 0) app.useGlobalPipes(new ValidationPipe(pipe));
      },
    });
    const user = await enroll(test);
    signedIn = user.client;
    half = await halfSignIn(test, user);
  });
  afterAll(() => test.close());

  const clientFor = (path: string) => (path === '/mfa/authenticate' ? half : signedIn);

  it.each(BODY_ROUTES)('%s %s answers every bad value with a coded 400', async (method, path) => {
    for (const field of ['code', 'name']) {
      for (const value of BAD_VALUES) {
        // Much of this is a good name, of an authenticator that is not there.
        if (path === ID && field === 'name' && isName(value)) continue;
        const answer = await clientFor(path).send(method, path, { [field]: value });
        expect([field, value, answer.status, answer.body.code, answer.body.message]).toEqual([
          field,
          value,
          400,
          'invalid_request',
          message,
        ]);
        expect(answer.text).not.toMatch(/stack|node_modules|SELECT|UPDATE|\.ts:|\.js:/);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    }
  });

  it.each(BODY_ROUTES)('%s %s answers every bad body with a coded 400', async (method, path) => {
    for (const body of BAD_BODIES) {
      const answer = await clientFor(path).send(method, path, body);
      expect([body, answer.status, answer.body.code]).toEqual([body, 400, 'invalid_request']);
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });

  it.each(BODY_ROUTES)('%s %s takes JSON only, and no more of it than fits', async (method, path) => {
    const client = clientFor(path);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/xml',
      'x',
    ]) {
      const answer = await client.send(method, path, '{"code":"123456","name":"x"}', {
        'content-type': type,
      });
      expect([type, answer.status, answer.body.code]).toEqual([type, 400, 'invalid_request']);
    }
    const huge = await client.send(method, path, { code: '1'.repeat(1_000_000) });
    expect([huge.status, huge.body.code]).toEqual([400, 'invalid_request']);
    const empty = await client.send(method, path, '');
    expect([empty.status, empty.body.code]).toEqual([400, 'invalid_request']);
  });

  it.each([
    ['application/json; charset=utf-8', 'already_enabled'],
    ['Application/JSON', 'already_enabled'],
    ['application/vnd.api+json', 'already_enabled'],
    ['application/jsonp', 'invalid_request'],
    ['application/vnd.api-json', 'invalid_request'],
  ])('a body of the type %s leads to %s', async (type, code) => {
    const answer = await signedIn.send('POST', '/mfa/totp', '{}', { 'content-type': type });
    expect(answer.body.code).toBe(code);
  });

  it.each([
    ['/mfa/authenticators/%00', 400],
    ['/mfa/authenticators/%E0%A4%A', 400],
    ['/mfa/authenticators/%ED%A0%80', 400],
    [`/mfa/authenticators/${'a'.repeat(65)}`, 400],
    ["/mfa/authenticators/'%20OR%201=1", 400],
    ['/mfa/authenticators/nothing', 404],
    [ID, 404],
  ])('DELETE %s is refused with a code', async (path, status) => {
    const answer = await signedIn.delete(path);
    expect([answer.status, answer.body.code]).toEqual([
      status,
      status === 400 ? 'invalid_request' : 'not_found',
    ]);
  });

  it.each(['?type=sms', '?type=', '?type=totp&type=webauthn', '?type=%00'])(
    'GET /mfa/authenticators%s is refused with a code',
    async (query) => {
      const answer = await signedIn.get(`/mfa/authenticators${query}`);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    },
  );

  it.each(ROUTES)(
    '%s %s is refused without a session, with a dead one, and with a broken one',
    async (method, path) => {
      for (const [cookie, code] of [
        [undefined, 'unauthenticated'],
        ['mfa_session=', 'session_expired'],
        [`mfa_session=${'A'.repeat(43)}`, 'session_expired'],
        ['mfa_session=%00%ff', 'session_expired'],
        [`mfa_session=${'x'.repeat(5000)}`, 'session_expired'],
        ['other=1; =; ;;;', 'unauthenticated'],
      ] as const) {
        const answer = await test.client(cookie === undefined ? {} : { cookie }).send(method, path);
        expect([cookie, answer.status, answer.body.code]).toEqual([cookie, 401, code]);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    },
  );

  it('left the session as it was, and nothing of it in the log', async () => {
    expect((await signedIn.get('/mfa/status')).body).toMatchObject({ enabled: true, verified: true });
    expect(test.logger.lines.filter((line) => /refused|error/i.test(line))).toEqual([]);
  });
});
