import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaLocaleTexts } from 'nestjs-mfa';
import { ENGLISH } from 'nestjs-mfa';

import type { PageClient } from '../support/page-client.js';
import { textOf } from '../support/html.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { halfSignIn } from '../support/test-app.js';
import { PAGES, enrolledIn, halfSignedIn, startPageApp } from './support.js';

const POLISH: MfaLocaleTexts = {
  ...ENGLISH,
  locale: 'pl',
  pages: {
    codesFew: {
      one: 'Został {remaining} kod.',
      few: 'Zostały {remaining} kody.',
      many: 'Zostało {remaining} kodów.',
      other: 'Zostało {remaining} kodu.',
    },
    codesRemaining: 'Kody: {remaining}',
  },
};

describe('numbers in the texts of the pages', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({
      mfa: {
        locales: ['en', 'de', POLISH],
        recoveryCodes: { count: 5 },
        trustedDevices: { enabled: true, ttlSeconds: 86_400 },
      },
    });
  });
  afterAll(() => test.close());

  const spend = async (user: Enrolled, code: string) =>
    (await halfSignIn(test, user)).post('/mfa/authenticate', { code });

  const said = async (browser: PageClient, page: string, language: string) =>
    textOf((await browser.get(`${PAGES}${page}`, { 'accept-language': language })).text);

  it('have the form that the number asks for, and warn when the mail does', async () => {
    const { user, browser } = await enrolledIn(test);
    const expected: [left: number, en: string, de: string, pl: string][] = [
      [5, '5 of 5 recovery codes left', 'Noch 5 von 5 Wiederherstellungscodes', 'Kody: 5'],
      [4, '4 of 5 recovery codes left', 'Noch 4 von 5 Wiederherstellungscodes', 'Kody: 4'],
      [3, 'Only 3 recovery codes are left.', 'Nur noch 3 Wiederherstellungscodes sind', 'Zostały 3 kody.'],
      [2, 'Only 2 recovery codes are left.', 'Nur noch 2 Wiederherstellungscodes sind', 'Zostały 2 kody.'],
      [1, 'Only 1 recovery code is left.', 'Nur noch 1 Wiederherstellungscode ist', 'Został 1 kod.'],
      [
        0,
        'You have no recovery codes left.',
        'Sie haben keine Wiederherstellungscodes mehr.',
        'You have no recovery codes left.',
      ],
    ];
    for (const [left, ...texts] of expected) {
      const mails = test.adapter.notifications.length;
      if (left < 5) await spend(user, user.recoveryCodes[left] as string);
      const warnings = test.adapter.notifications
        .slice(mails)
        .filter(({ type }) => type === 'recovery_codes_low');
      for (const page of ['', '/recovery-codes']) {
        for (const [index, language] of ['en', 'de', 'pl'].entries())
          expect(await said(browser, page, language)).toContain(texts[index]);
        const { text } = await browser.get(`${PAGES}${page}`);
        expect([left, page, text.includes('<p class="mfa-warning">')]).toEqual([
          left,
          page,
          warnings.length > 0,
        ]);
      }
    }
  });

  it('say for one day, not for one days', async () => {
    const { user } = await enrolledIn(test);
    const browser = await halfSignedIn(test, user);
    expect(await said(browser, '/authenticate', 'en')).toContain('when you sign in for 1 day. Only');
    expect(await said(browser, '/authenticate', 'de')).toContain('Er fragt 1 Tag lang bei');
  });

  it('do not warn of a small set that is whole', async () => {
    const small = await startPageApp({ mfa: { recoveryCodes: { count: 1 } } });
    const { browser } = await enrolledIn(small);
    const { text } = await browser.get(PAGES);
    expect(textOf(text)).toContain('1 of 1 recovery code left');
    expect(text).not.toContain('mfa-warning');
    await small.close();
  });
});
