import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MfaMessage } from 'nestjs-mfa';
import { emailCode, smsCode } from 'nestjs-mfa';

import { codesOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { halfSignIn, users } from '../support/test-app.js';
import { PAGES, PageAdapter, signedIn, startPageApp } from './support.js';

const outbox: MfaMessage[] = [];

/** Whether the application lets go of authenticators. */
let deletes = true;

class SendingAdapter extends PageAdapter {
  override canDeleteAuthenticator(): boolean {
    return deletes;
  }

  override sendMessage(message: MfaMessage): void {
    outbox.push(message);
  }
}

const code = () => outbox.at(-1)?.code as string;

describe('pages of codes that are sent', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({
      adapter: SendingAdapter,
      mfa: { factors: [emailCode(), smsCode()], locales: ['en', 'de'] },
    });
  });
  afterAll(() => test.close());
  beforeEach(() => {
    outbox.length = 0;
  });

  const add = `${PAGES}/factors/email_code/add`;

  /** Somebody who has set codes by e-mail up on the page. */
  async function withCodes(): Promise<{ id: string; browser: PageClient }> {
    const browser = await signedIn(test);
    await browser.submit(add, { begin: '1' });
    await browser.submit(add, { code: code() });
    const { body } = await browser.get('/me', { accept: 'application/json' });
    return { id: body.id as string, browser };
  }

  it('are offered again when the address on record has changed', async () => {
    const { id, browser } = await withCodes();
    const isSaid = /Doesn’t work any more: your address or number has changed/;
    const offer = async (client: PageClient) => {
      const { text } = await client.get(PAGES);
      return [text.includes(`href="${add}"`), isSaid.test(textOf(text))];
    };
    expect(await offer(browser)).toEqual([false, false]);
    users.set(id, { ...users.get(id), id, email: 'new@example.com' });
    expect(await offer(browser)).toEqual([true, true]);
    await browser.submit(add, { begin: '1' });
    expect(outbox.at(-1)?.to).toBe('new@example.com');
    await browser.submit(add, { code: code() });
    expect(await offer(browser)).toEqual([false, false]);
    expect(textOf((await browser.get(PAGES)).text)).toContain('n•••@example.com');
  });

  it('are not offered again if the adapter keeps those to the old address', async () => {
    const { id, browser } = await withCodes();
    users.set(id, { ...users.get(id), id, email: 'new@example.com' });
    deletes = false;
    try {
      expect((await browser.get(PAGES)).text).not.toContain(`href="${add}"`);
      expect((await browser.post('/mfa/factors/email_code')).body.code).toBe('cannot_delete_authenticator');
    } finally {
      deletes = true;
    }
  });

  it('set them up, sign in with them, and remove them', async () => {
    const browser = await signedIn(test, { phoneNumber: '+491701234567' });
    const index = await browser.get(PAGES);
    expect(index.text).toContain(`href="${add}"`);
    expect(textOf(index.text)).toContain('Set up: Codes by e-mail');
    expect(textOf(index.text)).toContain('Set up: Codes by text message');
    expect(textOf((await browser.get(`${PAGES}/enrol`)).text)).toContain('Codes by e-mail');

    const before = await browser.get(add);
    expect(before.text).not.toContain('name="code"');
    const begun = await browser.submit(add, { begin: '1' }, before);
    expect([begun.status, begun.headers.get('location')]).toEqual([303, add]);
    const shown = await browser.get(add);
    expect(textOf(shown.text)).toMatch(/We sent a code to u•••@example\.com\./);
    await browser.get(add);
    expect(outbox).toHaveLength(1);

    const wrong = await browser.submit(add, { code: code() === '000000' ? '000001' : '000000' }, shown);
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('Incorrect code.');
    const added = await browser.submit(add, { code: code(), name: 'My mail' }, shown);
    expect(added.status).toBe(303);
    const codes = await browser.get(added.headers.get('location') as string);
    expect(codesOf(codes.text)).toHaveLength(10);
    const card = textOf((await browser.get(`${PAGES}?notice=factor-added`)).text);
    expect(card).toContain('The second factor was added.');
    expect(card).toContain('My mail Codes by e-mail · u•••@example.com');
    expect(card).not.toContain('Set up: Codes by e-mail');

    const { body: me } = await browser.get('/me', { accept: 'application/json' });
    const half = PageClient.of(await halfSignIn(test, me));
    const page = await half.get(`${PAGES}/authenticate?next=%2Fpublic`);
    expect(textOf(page.text)).toContain('Send a code: Codes by e-mail');
    expect(page.text).not.toContain('name="code"');
    const sent = await half.submit(`${PAGES}/authenticate?next=%2Fpublic`, { send: 'email_code' }, page);
    expect(sent.status).toBe(303);
    const asking = await half.get(sent.headers.get('location') as string);
    expect(textOf(asking.text)).toContain('We sent a code to u•••@example.com.');
    expect(textOf(asking.text)).toContain('Code from the message');
    expect(textOf(asking.text)).toContain('Send another code: Codes by e-mail');
    const done = await half.submit(sent.headers.get('location') as string, { code: code() }, asking);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/public']);

    const [{ id }] = (await half.get('/mfa/authenticators?type=email_code', { accept: 'application/json' }))
      .body;
    const removal = `${PAGES}/factors/email_code/remove?id=${id}`;
    expect((await half.get(PAGES)).text).toContain(`href="${removal}"`);
    expect(textOf((await half.get(removal)).text)).toContain(
      'You won’t be able to sign in with it any more.',
    );
    expect((await half.submit(removal)).status).toBe(303);
    expect((await half.get(removal)).status).toBe(404);
  });

  it('say the risk of text messages before they are set up', async () => {
    const browser = await signedIn(test, { phoneNumber: '+491701234567' });
    const page = textOf((await browser.get(`${PAGES}/factors/sms_code/add`)).text);
    expect(page).toContain('Phone numbers can be hijacked');
    expect(textOf((await browser.get(add)).text)).not.toContain('Phone numbers');
    const without = await signedIn(test, { phoneNumber: null });
    expect(textOf((await without.get(PAGES)).text)).not.toContain('Codes by text message');
    const refused = await without.submit(`${PAGES}/factors/sms_code/add`, { begin: '1' });
    expect(refused.status).toBe(422);
    expect(textOf(refused.text)).toContain('The request is not valid.');
  });

  it('say when no further code is sent', async () => {
    const { id } = await withCodes();
    const half = PageClient.of(await halfSignIn(test, { id }));
    const path = `${PAGES}/authenticate`;
    for (let sent = 0; sent < 4; sent++) await half.submit(path, { send: 'email_code' });
    const refused = await half.submit(path, { send: 'email_code' });
    expect(refused.status).toBe(429);
    expect(textOf(refused.text)).toContain('Too many codes were requested. Try again after ');
    expect(refused.headers.get('retry-after')).toBe('600');
  });

  it('say that a code is wrong on a page that no longer asks for one', async () => {
    const { id, browser } = await withCodes();
    const half = PageClient.of(await halfSignIn(test, { id }));
    const path = `${PAGES}/authenticate`;
    const refused = await half.submit(path, { code: '000000' });
    expect(refused.status).toBe(422);
    expect(refused.text).not.toContain('name="code"');
    expect(textOf(refused.text)).toContain('Incorrect code.');

    // The set-up was begun elsewhere, so this page doesn't know of it.
    users.set(id, { ...users.get(id), id, phoneNumber: '+491701234567' });
    await browser.post('/mfa/factors/sms_code');
    const unknown = await browser.submit(`${PAGES}/factors/sms_code/add`, { code: '000000' });
    expect(unknown.status).toBe(422);
    expect(textOf(unknown.text)).toContain('Incorrect code.');
  });

  it('are there in German, and for no factor that is not', async () => {
    const browser = await signedIn(test, { locale: 'de' });
    expect(textOf((await browser.get(PAGES)).text)).toContain('Einrichten: Codes per E-Mail');
    for (const type of ['totp', 'webauthn', 'nothing', '__proto__']) {
      expect((await browser.get(`${PAGES}/factors/${type}/add`)).status).toBe(404);
      expect((await browser.get(`${PAGES}/factors/${type}/remove`)).status).toBe(404);
    }
  });
});
