import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf } from '../support/test-app.js';
import { PAGES, PageAdapter, enrolledIn, halfSignedIn, signedIn, startPageApp } from './support.js';

const LOST = `${PAGES}/lost`;
const locationOf = PageClient.location.bind(PageClient);

class ContactAdapter extends PageAdapter {
  override getSupportContact(): string {
    return 'help@example.com';
  }

  override canSuspendAuthenticator({ name }: { name: string }): boolean {
    return name !== 'Kept';
  }
}

describe('the pages of a lost second factor', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({
      adapter: ContactAdapter,
      mfa: { totp: { maxPerUser: 2 }, locales: ['en', 'de'] },
    });
  });
  afterAll(() => test.close());

  it('lead from a half-finished sign-in to its report, and back to what is owed still', async () => {
    const { user } = await enrolledIn(test);
    const browser = await halfSignedIn(test, user);
    const asked = await browser.get(`${PAGES}/authenticate?next=%2Fprotected`);
    expect(asked.text).toContain(`href="${LOST}?next=%2Fprotected"`);

    const page = await browser.get(`${LOST}?next=%2Fprotected`);
    expect(page.status).toBe(200);
    expect(textOf(page.text)).toContain('Your account will still ask for a second factor');
    expect(textOf(page.text)).toContain('help@example.com');
    const german = await browser.get(LOST, { 'accept-language': 'de' });
    expect(textOf(german.text)).toContain('Verlorenen zweiten Faktor melden');

    const sent = await browser.submit(`${LOST}?next=%2Fprotected`, {}, page);
    expect([sent.status, locationOf(sent)]).toEqual([
      303,
      `${PAGES}/authenticate?next=%2Fprotected&notice=suspended`,
    ]);
    const owed = await browser.get(locationOf(sent));
    expect(textOf(owed.text)).toContain('Nobody can sign in with it.');
    expect(textOf(owed.text)).toContain('Recovery code');
    expect(textOf((await browser.get(LOST)).text)).toContain(
      'has been reported as lost. Use a recovery code',
    );
    const code = user.recoveryCodes[0] as string;
    const done = await browser.submit(`${PAGES}/authenticate`, { code }, owed);
    expect(done.status).toBe(303);
    expect(textOf((await browser.get(LOST)).text)).toContain(
      'has been reported as lost. Use a recovery code',
    );
    const other = await signedIn(test);
    expect(textOf((await other.get(LOST)).text)).toContain('There’s nothing to report.');
  });

  it('report one from account security, and take that back after another proof', async () => {
    const { user, browser } = await enrolledIn(test);
    const index = await browser.get(PAGES);
    expect(index.text).toContain(`href="${LOST}?id=${user.authenticatorId}"`);
    const sent = await browser.submit(`${LOST}?id=${user.authenticatorId}`, {});
    expect([sent.status, locationOf(sent)]).toEqual([303, `${PAGES}?notice=suspended`]);

    const after = await browser.get(locationOf(sent));
    expect(textOf(after.text)).toContain('Reported as lost: can’t be used to sign in');
    expect(textOf(after.text)).not.toContain('Locked after too many failed attempts');
    const found = `${PAGES}/found?id=${user.authenticatorId}`;
    expect(after.text).toContain(`href="${found}"`);
    const refused = await browser.get(found);
    expect([refused.status, locationOf(refused)]).toEqual([
      303,
      expect.stringContaining(`${PAGES}/authenticate?`),
    ]);

    await browser.submit(`${PAGES}/authenticate`, { code: user.recoveryCodes[0] as string });
    const page = await browser.get(found);
    expect(textOf(page.text)).toContain('Use it again only if nobody else has had it.');
    const back = await browser.submit(found, {}, page);
    expect([back.status, locationOf(back)]).toEqual([303, `${PAGES}?notice=resumed`]);
    expect(textOf((await browser.get(PAGES)).text)).not.toContain('Reported as lost');
    expect((await browser.get(found)).status).toBe(404);
  });

  it('ask which one, where there are several', async () => {
    const { user } = await enrolledIn(test);
    const { body: setup } = await user.client.post('/mfa/totp');
    const { body } = await user.client.post('/mfa/totp/activate', {
      code: codeOf(setup.secret, test.clock),
      name: 'Kept',
    });
    const browser = PageClient.of(user.client);
    const page = await browser.get(LOST);
    expect(page.text.match(/type="radio"/g)).toHaveLength(2);
    expect(textOf(page.text)).toContain('What did you lose?');
    const refused = await browser.submit(LOST, { id: body.authenticator.id }, page);
    expect(refused.status).toBe(409);
    expect(textOf(refused.text)).toContain('This factor cannot be reported as lost here.');
    const sent = await browser.submit(LOST, { id: user.authenticatorId }, page);
    expect(sent.status).toBe(303);
  });

  it('take no form of another site’s, and show strangers nothing', async () => {
    const { user } = await enrolledIn(test);
    const browser = await halfSignedIn(test, user);
    const forged = await browser.form(LOST, { id: user.authenticatorId });
    expect(forged.status).toBe(403);
    const other = await signedIn(test);
    expect((await other.submit(LOST, { id: user.authenticatorId }, await other.get(PAGES))).status).toBe(404);
    expect((await PageClient.of(test.client()).get(LOST)).status).not.toBe(200);
  });
});
