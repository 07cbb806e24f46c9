import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSync } from 'otplib';
import { DataSource } from 'typeorm';

import { databaseOptions } from '../../apps/demo/src/config/database.js';
import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';
import { Client } from '../support/client.js';
import { ENGINE, emptyDatabase, rowsOf } from '../support/databases.js';
import { MemoryLogger } from '../support/memory-logger.js';
import { sample } from '../support/thorough.js';

const password = 'correct horse battery';

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** What a field may hold. JSON escapes the lone surrogates, and so they arrive. */
const VALUES: unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, Number.MAX_SAFE_INTEGER],
  ...[
    '',
    ' ',
    '\u0000',
    'a\u0000b@example.com',
    '\ud800',
    '\udc00',
    'x\ud800@example.com',
    '\ud800'.repeat(20),
  ],
  ...[
    '\u200b',
    '\u202e',
    '\ufeff',
    '\ufffd',
    '💥'.repeat(95),
    'é@exämple.com',
    'ﬀ@example.com',
    '@',
    'a@b',
    'a@b.c',
  ],
  ...[
    '"a\u0000"@example.com',
    '"a b"@example.com',
    'a'.repeat(190),
    `${'a'.repeat(64)}@${'b'.repeat(63)}.com`,
  ],
  ...[
    'x'.repeat(257),
    'x'.repeat(50_000),
    '💥'.repeat(20_000),
    '1'.repeat(50_000),
    '٣'.repeat(6),
    '１２３４５６',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    "'; DROP TABLE demo_user; --",
    '{{7*7}}',
    '%00',
    '../../etc/passwd',
  ],
  ...['{', '{"id":"\\ud800","rawId":"\\u0000"}', '{"__proto__":{"id":1}}', '[]', '"x"', '-1', 'NaN', '1e999'],
  ...['+491701234567', '+\u0661\u0662\u0663\u0664\u0665\u0666\u0667', '+', '00491701234567', '+1\u00007'],
  ...[
    [],
    [null],
    ['a@example.com', 'b@example.com'],
    [[[]]],
    {},
    { $ne: null },
    { length: 6 },
    { toString: 'x' },
  ],
  ...[{ constructor: null }, { __proto__: { x: 1 } }, { then: 'x' }, { toJSON: 'x' }, Array(1000).fill('x')],
];

/** Bodies that are no object with the fields of the route. */
const BODIES = [
  ...[
    '',
    ' ',
    'null',
    'true',
    '0',
    '"x"',
    '[]',
    '[[]]',
    '{',
    '{"email"',
    '\0',
    '\ufeff{}',
    '{"a":1e999}',
    '\ud800',
  ],
  ...[
    '{"__proto__":{"email":"a@example.com"}}',
    '{"constructor":{"prototype":{}}}',
    '{"":""}',
    '{"length":1e9}',
  ],
  ...[
    '{"hasOwnProperty":1,"toString":1,"valueOf":1}',
    '{"email":{"__proto__":null}}',
    deep(10),
    deep(40_000),
  ],
  ...[`{"email":${deep(5000)}}`, `{"x":"${'y'.repeat(90_000)}"}`, `{"x":"${'y'.repeat(200_000)}"}`],
  ...[`{${Array.from({ length: 5000 }, (_, key) => `"k${key}":1`).join()}}`, '[{"email":"a@example.com"}]'],
  ...[
    'email=a%00@example.com&password=x',
    'email[]=a&email[]=b',
    'email[__proto__][x]=1',
    '%',
    '%ED%A0%80=%FF',
    '&&==&',
  ],
  ...[`${'a[]=1&'.repeat(1500)}`, `a${'[b]'.repeat(200)}=1`],
];

const CONTENT_TYPES = [
  ...[
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json; charset=utf-7',
  ],
  ...['application/json; charset=utf-16le', 'multipart/form-data', 'nonsense'],
];

/** All fields that any route knows. */
const FIELDS = [
  ...[
    'email',
    'password',
    'phone',
    'next',
    'code',
    'name',
    'credential',
    'trustDevice',
    'passwordless',
    'id',
    'all',
  ],
  ...['cancel', '_csrf'],
];

/** Routes that take bodies from anybody. */
const OPEN = ['/auth/register', '/auth/login', '/login', '/mfa/passkey', '/account/security/passkey'];

interface Sent {
  body: string;
  type: string;
}

const RAW: Sent[] = CONTENT_TYPES.flatMap((type) => BODIES.map((body) => ({ body, type })));

const JSON_VALUES: Sent[] = VALUES.map((value) => ({
  body: JSON.stringify(Object.fromEntries(FIELDS.map((field) => [field, value]))),
  type: 'application/json',
}));

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

/** What body parsers refuse, which 400 and 413 answer, Nest 11 logs as errors too. */
const isOfFailure = (line: string): boolean =>
  /error|exception/i.test(line) && !/^(PayloadTooLarge|BadRequest)Error/.test(line);

describe(`the routes of the demo, on ${ENGINE}`, () => {
  const logger = new MemoryLogger();
  let close: () => Promise<void>;
  let dataSource: DataSource;
  let routes: [method: string, path: string][];
  let people: Record<'nobody' | 'enrolled' | 'half', Client>;

  beforeAll(async () => {
    const own = await emptyDatabase();
    const { mfa } = readConfig({
      DATABASE_URL: 'sqlite::memory:',
      MFA_SECRET: 'a secret for the tests of 32 bytes or more',
      MFA_RATE_LIMIT_ATTEMPTS: '1000000',
      MFA_PASSKEY_LOGIN: 'true',
      MFA_TRUSTED_DEVICES_ENABLED: 'true',
    });
    const address = ENGINE === 'sqlite' ? 'sqlite::memory:' : `${ENGINE}://`;
    const { url: _, ...common } = databaseOptions(address) as { url?: string };
    const app = await createDemo({ database: { ...common, ...own.orm }, mfa }, { logger });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const { stack } = (app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } }).router;
    routes = stack.flatMap(({ route }) =>
      route
        ? Object.keys(route.methods)
            .filter((method) => !['options', 'head'].includes(method))
            .map((method) => [method.toUpperCase(), route.path] as [string, string])
        : [],
    );
    dataSource = app.get(DataSource);
    close = async () => {
      await app.close();
      await own.drop();
    };

    const signIn = async (email: string) => {
      const client = new Client(url);
      await client.post('/auth/register', { email, password });
      const { status } = (await client.post('/auth/login', { email, password })).body;
      return { client, status };
    };
    const { client: enrolled } = await signIn('eve@staff.example.com');
    const { secret } = (await enrolled.post('/mfa/totp')).body;
    const code = generateSync({ secret });
    expect((await enrolled.post('/mfa/totp/activate', { code })).status).toBe(201);
    const half = await signIn('eve@staff.example.com');
    expect(half.status).toBe('mfa_required');
    people = { nobody: new Client(url), enrolled, half: half.client };
  }, 60_000);
  afterAll(() => close());

  /** Sends all of these at once, a few at a time, and returns what was answered with 5xx. */
  async function failures(client: Client, path: string, method: string, bodies: Sent[]): Promise<string[]> {
    const failed: string[] = [];
    const waiting = [...bodies];
    const send = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { body, type } = next;
        const { status, text } = await client.send(method, path, body, { 'content-type': type });
        if (status < 500) continue;
        failed.push(`${method} ${path} ${type} ${body.slice(0, 80)}: ${status} ${text.slice(0, 80)}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, send));
    return failed;
  }

  it('are all of them', () => {
    expect(routes).toContainEqual(['POST', '/auth/login']);
    expect(routes).toContainEqual(['POST', '/account/security/totp/add']);
    expect(routes.length).toBeGreaterThan(60);
  });

  it.each([
    ['enrolled', /./],
    ['half', /authenticate|session|logout/],
    ['nobody', /login|register|passkey|logout|authenticate/],
  ] as const)(
    'answer no field of %s with 5xx',
    async (person, ofInterest) => {
      const failed: string[] = [];
      const changing = routes.filter(([one, path]) => one !== 'GET' && ofInterest.test(path));
      for (const [turn, [method, route]] of changing.entries()) {
        const path = route.replace(/:\w+/, '00000000-0000-4000-8000-000000000000');
        failed.push(...(await failures(people[person], path, method, sample(JSON_VALUES, 8, turn))));
      }
      expect(failed).toEqual([]);
      expect(logger.lines.filter(isOfFailure)).toEqual([]);
    },
    120_000,
  );

  it.each(OPEN)(
    'answer no body sent to %s with 5xx',
    async (path) => {
      expect(
        await failures(people.nobody, path, 'POST', sample(RAW, OPEN.length, OPEN.indexOf(path))),
      ).toEqual([]);
      expect(logger.lines.filter(isOfFailure)).toEqual([]);
    },
    120_000,
  );

  it('answers any wrong password alike, however short or long', async () => {
    for (const wrong of ['', ' ', 'x', '1234567', '\ud800', '\u0000', 'x'.repeat(1000)]) {
      for (const email of [
        'eve@staff.example.com',
        'nobody@example.com',
        '\ud800',
        'a\u0000@example.com',
        '',
      ]) {
        const { status, body, headers } = await people.nobody.post('/auth/login', { email, password: wrong });
        expect([email, wrong, status, body.message]).toEqual([
          email,
          wrong,
          401,
          'Wrong address or password',
        ]);
        expect(headers.get('www-authenticate')).toBe('Bearer');
      }
    }
  });

  it('registers an account with a telephone number, if it is one', async () => {
    const register = (phone: unknown, email: string) =>
      people.nobody.post('/auth/register', { email, password, phone });
    for (const phone of [
      '4930123456',
      '+04930123456',
      '+1',
      '+1234567890123456',
      '+49 30 123456',
      '+٤٩٣٠',
      49,
      [],
    ]) {
      expect([phone, (await register(phone, 'wrong-phone@example.com')).status]).toEqual([phone, 400]);
    }
    expect((await register('+4930123456', 'phone@example.com')).status).toBe(201);
    expect((await register(null, 'no-phone@example.com')).status).toBe(201);
    const rows = await rowsOf(
      dataSource,
      'SELECT email, phone FROM demo_user WHERE email LIKE ? ORDER BY email',
      ['%phone@example.com'],
    );
    expect(rows).toEqual([
      { email: 'no-phone@example.com', phone: null },
      { email: 'phone@example.com', phone: '+4930123456' },
    ]);
  });
});
