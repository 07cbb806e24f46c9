import { afterEach, describe, expect, it } from '@jest/globals';
import type { MfaUser } from 'nestjs-mfa';

import { parseHtml, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import { PAGES, PageAdapter, enrolledIn, halfSignedIn, startPageApp } from '../pages/support.js';
import type { TestApp, TestAppOptions } from '../support/test-app.js';
import { RELYING_PARTY, enroll } from '../support/test-app.js';

let test: TestApp;
afterEach(() => test.close());

const start = async (options: TestAppOptions) => {
  test = await startPageApp(options);
};

/** The title of a page, and the subject of a mail. */
async function siteNames(): Promise<[string, string]> {
  const { browser } = await enrolledIn(test);
  const { text } = await browser.get(PAGES);
  return [
    parseHtml(text).querySelector('title')?.text ?? '',
    test.adapter.notifications.at(-1)?.subject ?? '',
  ];
}

describe('mails and pages call the application', () => {
  it('by the name of its relying party', async () => {
    await start({ mfa: { totp: { issuer: 'Issuer' }, webauthn: { ...RELYING_PARTY, rpName: 'Shop' } } });
    expect(await siteNames()).toEqual(['Account security – Shop', 'Shop: a second factor was added']);
  });

  it('else by the issuer', async () => {
    const supportedTypes = ['totp', 'recovery_codes'] as const;
    await start({
      mfa: { totp: { issuer: 'Issuer' }, supportedTypes: [...supportedTypes], webauthn: undefined as never },
    });
    expect(await siteNames()).toEqual(['Account security – Issuer', 'Issuer: a second factor was added']);
  });

  it('as the hook says, and apps by the issuer still', async () => {
    class Named extends PageAdapter {
      override getSiteName(): Promise<string> {
        return Promise.resolve('The <Shop>');
      }
    }
    await start({ adapter: Named, mfa: { totp: { issuer: 'Issuer' } } });
    expect(await siteNames()).toEqual([
      'Account security – The <Shop>',
      'The <Shop>: a second factor was added',
    ]);
    const { browser } = await enrolledIn(test);
    expect((await browser.post('/mfa/totp')).status).toBe(409);
    const codes = await browser.submit(`${PAGES}/recovery-codes/generate`);
    expect((await browser.get(PageClient.location(codes))).text).toContain(
      encodeURIComponent('The <Shop>: recovery'),
    );
  });

  it('by the issuer that an adapter names, where it names nothing else', async () => {
    class Issued extends PageAdapter {
      override getTotpIssuer(): string {
        return 'My Company';
      }
    }
    await start({ adapter: Issued });
    expect(await siteNames()).toEqual([
      'Account security – My Company',
      'My Company: a second factor was added',
    ]);
  });
});

describe('whom to ask', () => {
  const asked: MfaUser[] = [];
  let contact: string | null | undefined | Error;

  class Supported extends PageAdapter {
    override getSupportContact(user: MfaUser): string | null {
      asked.push(user);
      if (contact instanceof Error) throw contact;
      return contact as string | null;
    }
  }

  it('stands under every page of a user, and in the mails', async () => {
    contact = 'https://example.com/help?a=1&b=<2>';
    await start({ adapter: Supported });
    const { user, browser } = await enrolledIn(test);
    const link =
      '<a href="https://example.com/help?a=1&amp;b=&lt;2>">https://example.com/help?a=1&amp;b=&lt;2></a>';
    for (const page of ['', '/authenticate', '/recovery-codes', '/webauthn/add', '/totp/add'])
      expect((await browser.get(`${PAGES}${page}`)).text).toContain(`Questions? ${link}`);
    const half = await halfSignedIn(test, user);
    asked.length = 0;
    expect((await half.get(`${PAGES}/authenticate`)).text).toContain(link);
    expect(asked).toMatchObject([{ id: user.id, email: `${user.id}@example.com` }]);
    const mail = test.adapter.notifications.at(-1);
    expect(mail?.text.split('\n\n').at(-1)).toBe('Questions? https://example.com/help?a=1&b=<2>');
    expect(mail?.html).toContain('<a href="https://example.com/help?a=1&amp;b=&lt;2&gt;">');
    // Nobody to ask for.
    asked.length = 0;
    expect((await PageClient.of(test.client()).get(PAGES)).text).not.toContain('Questions?');
    expect(asked).toEqual([]);
  });

  it.each([
    ['Call <b>4711</b>', 'Questions? Call <b>4711</b>'],
    ['javascript:alert(1)', 'Questions? javascript:alert(1)'],
  ])('is text where it is no address: %s', async (text, shown) => {
    contact = text;
    await start({ adapter: Supported });
    const { browser } = await enrolledIn(test);
    const page = await browser.get(PAGES);
    expect(textOf(page.text)).toContain(shown);
    const footer = page.text.slice(page.text.indexOf('<footer'));
    expect(footer).not.toMatch(/<a|<b/);
  });

  it.each([null, undefined, '', '  ', new Error('no answer')])(
    'is left out when it is %p',
    async (answer) => {
      contact = answer;
      await start({ adapter: Supported });
      const { browser } = await enrolledIn(test);
      const page = await browser.get(PAGES);
      expect([page.status, page.text.includes('<footer')]).toEqual([200, false]);
      expect(test.adapter.notifications.at(-1)?.text).not.toContain('Questions?');
      const isLogged = test.logger.lines.some((line) => line.includes('no answer'));
      expect(isLogged).toBe(answer instanceof Error);
    },
  );

  it('is nobody by default', async () => {
    await start({});
    await enroll(test);
    const paragraphs = test.adapter.notifications.at(-1)?.text.split('\n\n');
    expect(paragraphs).toHaveLength(4);
    expect(paragraphs?.at(-1)).toBe('See your account: https://app.example.com/account/security');
  });
});
