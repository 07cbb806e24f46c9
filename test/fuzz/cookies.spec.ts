import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { safeNextPath } from 'nestjs-mfa';

import { PAGES, startPageApp } from '../pages/support.js';
import type { Client } from '../support/client.js';
import { expectAlways } from '../support/fuzz.js';
import type { Damage } from '../support/hostile-input.js';
import { damage, damagedText, trickyText } from '../support/hostile-input.js';
import { codesOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import {
  hostOf,
  isToken,
  createToken,
  readCookieList,
  readCookies,
  refererPath,
  writeCookieList,
} from '../support/parsers.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId } from '../support/test-app.js';

/** What a cookie may hold (RFC 6265bis, section 4.1.1), and the name of one. */
const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,60}$/).filter((text) => !text.includes('%'));
const name = fc.stringMatching(/^[\w.-]{1,20}$/);

/** What can stand in a header of a request. */
const headerText = trickyText.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 4000));

const requestWith = (headers: Record<string, string>) => ({ headers });

describe('a cookie', () => {
  it('is found among any others, as often as it has another value', () =>
    expectAlways(
      300,
      [name, fc.array(value, { maxLength: 3 }), fc.array(fc.tuple(name, value))],
      (wanted, values, others) => {
        const strangers = others.filter(([other]) => other !== wanted);
        const pairs = [...values.map((one) => [wanted, one] as const), ...strangers];
        const cookie = pairs.map((pair) => pair.join('=')).join('; ');
        expect(readCookies(requestWith({ cookie }), wanted)).toEqual([...new Set(values)]);
      },
    ));

  it('is looked for in any header', () =>
    expectAlways(300, [name, headerText, headerText], (wanted, before, after) => {
      const found = readCookies(requestWith({ cookie: `${before}; ${wanted}=own; ${after}` }), wanted);
      expect(found).toContain('own');
      expect(readCookies(requestWith({ cookie: before.replaceAll(wanted, '') }), wanted)).toEqual([]);
    }));

  it('of several users has the newest first, and none where anything else is in it', () =>
    expectAlways(200, [fc.integer({ min: 1, max: 12 }), damage], (count, one) => {
      const tokens = Array.from({ length: count }, createToken);
      const [newest = '', ...others] = tokens;
      const list = writeCookieList(newest, others);
      expect(readCookieList(requestWith({ cookie: `list=${list}` }), 'list', isToken)).toEqual(
        tokens.slice(0, 8),
      );
      const other = damagedText(list, one).replace(/[;=\s%"]/g, '!');
      for (const entry of readCookieList(requestWith({ cookie: `list=${other}` }), 'list', isToken))
        expect(isToken(entry)).toBe(true);
    }));
});

describe('a path to go on to', () => {
  const path = fc.oneof(
    trickyText,
    trickyText.map((text) => `/${text}`),
    fc
      .array(
        fc.constantFrom(
          '/',
          '\\',
          '.',
          '..',
          '//',
          ':',
          '@',
          '?',
          '#',
          '%2f',
          '%5c',
          '\t',
          '\n',
          'evil.example',
          'https:',
          'javascript:',
          '\u2028',
          '／',
        ),
      )
      .map((parts) => `/${parts.join('')}`),
    fc
      .array(fc.constantFrom('/', '.', '..', '//', 'a'), { maxLength: 6 })
      .map((parts) => `/${parts.join('')}`),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
  );

  it('stays on the site, however a browser reads it, and is its own reading', () =>
    expectAlways(1000, [path], (text) => {
      const safe = safeNextPath(text);
      if (safe === null) return;
      for (const base of ['https://app.example.com', 'http://localhost:3000/deep/er?x#y']) {
        const { origin, pathname, search, hash } = new URL(safe, base);
        expect([origin, pathname + search + hash]).toEqual([new URL(base).origin, safe]);
      }
      expect(safeNextPath(safe)).toBe(safe);
      // It goes into a header.
      expect(safe).toMatch(/^\/[!-~]*$/);
    }));

  it('that led here is one of the host that was asked', () =>
    expectAlways(300, [path, fc.oneof(headerText, fc.webAuthority(), trickyText)], (text, host) => {
      const asked = hostOf(requestWith({ host }));
      expect(asked ?? 'none').not.toMatch(/[\s/?#@\\]|^$/);
      const from = refererPath(text, asked);
      if (from !== null)
        expect([safeNextPath(from), new URL(text).host]).toEqual([from, new URL(`http://${asked}`).host]);
    }));
});

describe('a cookie of the module', () => {
  let test: TestApp;
  let holder: Client;
  let id: string;
  let setup: PageClient;
  beforeAll(async () => {
    test = await startPageApp({ mfa: { trustedDevices: { enabled: true }, newSignIn: { enabled: true } } });
    const user = await enroll(test);
    ({ id } = user);
    holder = await halfSignIn(test, user);
    const code = codeOf(user.secret, test.clock);
    const proven = await holder.post('/mfa/authenticate', { code, trustDevice: true });
    expect([proven.status, [...holder.cookies.keys()].sort()]).toEqual([
      200,
      ['mfa_known', 'mfa_session', 'mfa_trusted'],
    ]);
    const other = test.client();
    await other.post('/login', { id: newUserId() });
    setup = PageClient.of(other);
    await setup.get(`${PAGES}/totp/add`);
  });
  afterAll(() => test.close());

  const spoiled = fc.oneof(damage, headerText);
  const spoil = (own: string, by: Damage | string) =>
    (typeof by === 'string' ? by : damagedText(own, by)).replace(/[^\t\x20-\x7e\x80-\xff]/g, '~');

  it('opens no session when it was damaged or made up', () =>
    expectAlways(30, [spoiled, fc.boolean()], async (by, inHeader) => {
      const own = holder.cookies.get('mfa_session') ?? '';
      const token = spoil(own, by);
      fc.pre(
        !readCookies(requestWith({ cookie: `mfa_session=${token}` }), 'mfa_session').includes(own) &&
          token.trim() !== own,
      );
      const headers: Record<string, string> = inHeader
        ? { 'x-mfa-session': token }
        : { cookie: `mfa_session=${token}` };
      for (const path of ['/mfa/status', '/mfa/session', '/protected']) {
        const { status, body } = await test.client(headers).get(path);
        expect([status, body.code]).toEqual([
          401,
          expect.stringMatching(/^(?:unauthenticated|session_expired)$/),
        ]);
      }
      expect((await holder.get('/protected')).status).toBe(200);
    }));

  it('spares no second factor when it was damaged or made up', () =>
    expectAlways(50, [spoiled, spoiled], async (by, knownBy) => {
      const own = holder.cookies.get('mfa_trusted') ?? '';
      const trusted = spoil(own, by);
      fc.pre(!readCookies(requestWith({ cookie: `mfa_trusted=${trusted}` }), 'mfa_trusted').includes(own));
      const known = spoil(holder.cookies.get('mfa_known') ?? '', knownBy);
      const browser = test.client({ cookie: `mfa_trusted=${trusted}; mfa_known=${known}` });
      const { status, body } = await browser.post('/login', { id });
      expect([status, body.status]).toEqual([200, 'mfa_required']);
    }));

  it('of a page shows nothing of it when it was damaged or made up', () =>
    expectAlways(15, [spoiled], async (by) => {
      const cookies = [...setup.cookies].map(
        ([key, own]) => `${key}=${key === 'mfa_session' ? own : spoil(own, by)}`,
      );
      const page = await setup.get(`${PAGES}/totp/add`, { cookie: cookies.join('; ') });
      expect([200, 303]).toContain(page.status);
      const codes = await setup.get(`${PAGES}/recovery-codes/generate`, {
        cookie: [...cookies, `mfa_new_codes=${spoil('v1.x', by)}`].join('; '),
      });
      expect([codes.status < 500, codesOf(codes.text)]).toEqual([true, []]);
    }));
});
