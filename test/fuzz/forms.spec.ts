import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { emailCode } from 'nestjs-mfa';

import { PAGES, PASSWORD, PageAdapter, startPageApp } from '../pages/support.js';
import type { Answer } from '../support/client.js';
import { expectAlways } from '../support/fuzz.js';
import { holdings } from '../support/holdings.js';
import { damage, damagedText, trickyText } from '../support/hostile-input.js';
import { hiddenFields, secretOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import { PLATFORMS } from '../support/platforms.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId } from '../support/test-app.js';
import { sample } from '../support/thorough.js';

class Adapter extends PageAdapter {
  override sendMessage(): void {
    // There is no mailbox either.
  }
}

const FORM = 'application/x-www-form-urlencoded';

/** Pages that do nothing without a proof, and who sends their forms. */
const PROOF_PAGES: [who: 'half' | 'newcomer' | 'nobody', page: string][] = [
  ['half', 'authenticate'],
  ['newcomer', 'totp/add'],
  ['newcomer', 'webauthn/add'],
  ['newcomer', 'factors/email_code/add'],
  ['newcomer', 'reauthenticate'],
  ['nobody', 'passkey'],
];
/** Pages that act at once, so that the form must have come of them. */
const ACTING_PAGES = [
  'recovery-codes/generate',
  'totp/remove',
  'trusted-devices',
  'sessions',
  'authenticate',
  'totp/add',
];

/** Names that the pages know, and those that Express makes lists and objects of. */
const fieldName = fc
  .tuple(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(
          'code',
          'name',
          'credential',
          'password',
          'next',
          'send',
          'newCodes',
          'method',
          'id',
        ),
      },
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'),
      trickyText,
    ),
    fc.constantFrom(
      '',
      '',
      '',
      '',
      '[]',
      '[0]',
      '[99999]',
      '[a]',
      '[toString]',
      '[__proto__][a]',
      '[a][b][c][d][e][f][g]',
      '.x',
    ),
  )
  .map((parts) => parts.join(''));

const fieldValue = fc.oneof(
  trickyText,
  fc.json(),
  damage.map((by) =>
    damagedText(JSON.stringify({ id: 'AAAA', type: 'public-key', response: { clientDataJSON: 'e30' } }), by),
  ),
);

const encoded = (fields: readonly (readonly [string, string])[]) =>
  fields
    .map((pair) =>
      pair.map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd'))).join('='),
    )
    .join('&');

describe.each(sample(Object.entries(PLATFORMS), 2))('a form on %s', (_name, createOn) => {
  let test: TestApp;
  let secret: string;
  let browsers: Record<'half' | 'newcomer' | 'nobody' | 'enrolled', PageClient>;
  beforeAll(async () => {
    test = await startPageApp({
      create: createOn(),
      adapter: Adapter,
      mfa: {
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        rateLimit: { attempts: 1_000_000 },
        factors: [emailCode()],
      },
    });
    const user = await enroll(test);
    ({ secret } = user);
    const newcomer = test.client();
    await newcomer.post('/login', { id: newUserId() });
    browsers = {
      enrolled: PageClient.of(user.client),
      half: PageClient.of(await halfSignIn(test, user)),
      newcomer: PageClient.of(newcomer),
      nobody: PageClient.of(test.client()),
    };
  });
  afterAll(() => test.close());

  /** A page, or the way to one of this site. */
  function expectPage({ status, text, headers }: Answer): void {
    expect(status).toBeLessThan(500);
    expect(text).not.toMatch(/node_modules|SELECT|UPDATE|\.[jt]sx?:\d/);
    if (status === 303)
      expect(new URL(headers.get('location') ?? '', test.url).origin).toBe(new URL(test.url).origin);
    else expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  }

  const isRight = (text: string) =>
    text.includes(PASSWORD) || [-1, 0, 1].some((step) => text.includes(codeOf(secret, test.clock, step)));

  it('of any fields proves nothing', () =>
    expectAlways(
      40,
      [fc.constantFrom(...PROOF_PAGES), fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 4 })],
      async ([who, page], fields) => {
        fc.pre(!isRight(JSON.stringify(fields)));
        const browser = browsers[who];
        const shown = await browser.get(`${PAGES}/${page}`);
        const before = await holdings(test);
        const body = encoded([...Object.entries(hiddenFields(shown.text)), ...fields]);
        expectPage(await browser.send('POST', `${PAGES}/${page}`, body, { 'content-type': FORM }));
        expect(await holdings(test)).toEqual(before);
      },
    ));

  it('of any text proves nothing, whatever it is called', () =>
    expectAlways(
      30,
      [
        fc.constantFrom(...PROOF_PAGES),
        fc.oneof(trickyText, damage),
        fc.constantFrom(
          FORM,
          `${FORM}; charset=utf-16`,
          'application/json',
          'multipart/form-data; boundary=x',
          'text/plain',
          '',
        ),
      ],
      async ([who, page], by, type) => {
        const browser = browsers[who];
        const fields = {
          ...hiddenFields((await browser.get(`${PAGES}/${page}`)).text),
          code: '123456',
          credential: '{"id":1}',
        };
        const whole = type.includes('json') ? JSON.stringify(fields) : encoded(Object.entries(fields));
        const before = await holdings(test);
        expectPage(
          await browser.send(
            'POST',
            `${PAGES}/${page}`,
            typeof by === 'string' ? by : damagedText(whole, by),
            type ? { 'content-type': type } : {},
          ),
        );
        expect(await holdings(test)).toEqual(before);
      },
    ));

  it('that no page of this session has made does nothing', () =>
    expectAlways(30, [fc.constantFrom(...ACTING_PAGES), fc.oneof(damage, trickyText)], async (page, by) => {
      const { enrolled } = browsers;
      const { _csrf = '', ...hidden } = hiddenFields((await enrolled.get(`${PAGES}/${page}`)).text);
      const token = typeof by === 'string' ? by : damagedText(_csrf, by);
      // Bits that base64 has left over make another spelling of the same token.
      const bytesOf = (text: string) =>
        text
          .split('.')
          .map((part, at) => (at < 2 ? part : Buffer.from(part, 'base64url').toString('hex')))
          .join();
      fc.pre(bytesOf(token) !== bytesOf(_csrf));
      const before = await holdings(test);
      const answer = await enrolled.form(`${PAGES}/${page}`, {
        ...hidden,
        _csrf: token,
        code: codeOf(secret, test.clock),
      });
      expectPage(answer);
      expect(await holdings(test)).toEqual(before);
    }));

  it('is asked for with any query', () =>
    expectAlways(
      30,
      [
        fc.constantFrom(
          '',
          '/authenticate',
          '/reauthenticate',
          '/enrol',
          '/totp/add',
          '/passkey',
          '/recovery-codes',
          '/sessions',
          '/webauthn/x/edit',
        ),
        fc.array(
          fc.tuple(
            fc.constantFrom('next', 'method', 'only', 'needs', 'notice', 'notice[a]', 'next[]', '__proto__'),
            trickyText,
          ),
          { maxLength: 4 },
        ),
        fc.constantFrom('half', 'newcomer', 'enrolled', 'nobody'),
      ],
      async (page, query, who) => {
        expectPage(await browsers[who].get(`${PAGES}${page}?${encoded(query).slice(0, 8000)}`));
      },
    ));

  it('works after all of that for its users', async () => {
    const code = codeOf(secret, test.clock);
    expect((await browsers.half.submit(`${PAGES}/authenticate`, { code })).status).toBe(303);
    expect((await browsers.half.get('/protected')).status).toBe(200);
    const page = await browsers.newcomer.get(`${PAGES}/totp/add`);
    const ownCode = codeOf(secretOf(page.text), test.clock);
    expect((await browsers.newcomer.submit(`${PAGES}/totp/add`, { code: ownCode }, page)).status).toBe(303);
    expect((await browsers.newcomer.get('/protected')).status).toBe(200);
  });
});
