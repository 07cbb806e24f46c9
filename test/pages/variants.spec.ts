import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';

import { codesOf, secretOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { SECRET, codeOf, users } from '../support/test-app.js';
import { PAGES, PASSWORD, enrolledIn, signedIn, startPageApp } from './support.js';

const locationOf = PageClient.location.bind(PageClient);

/** Sets up an app on its page; the answer to the first code. */
async function addApp(test: TestApp, browser: PageClient) {
  const page = await browser.get(`${PAGES}/totp/add`);
  return browser.submit(`${PAGES}/totp/add`, { code: codeOf(secretOf(page.text), test.clock) }, page);
}

describe('the pages of an application', () => {
  it('that offers apps alone show nothing else', async () => {
    const test = await startPageApp({ mfa: { supportedTypes: ['totp'] } });
    const browser = await signedIn(test);
    for (const path of ['', '/enrol']) {
      expect((await browser.get(PAGES + path)).text).not.toContain('webauthn/add');
    }
    expect((await browser.get(`${PAGES}/webauthn/add`)).status).toBe(404);
    // Without recovery codes there are none to save.
    expect(locationOf(await addApp(test, browser))).toBe(`${PAGES}?notice=totp-added`);
    expect((await browser.get(`${PAGES}/recovery-codes`)).text).not.toContain('recovery-codes/generate');
    expect((await browser.get(`${PAGES}/recovery-codes/generate`)).status).toBe(409);
    await test.close();
  });

  it('that offers keys alone set up no app', async () => {
    const test = await startPageApp({ mfa: { supportedTypes: ['webauthn', 'recovery_codes'] } });
    const browser = await signedIn(test);
    expect((await browser.get(PAGES)).text).not.toContain('totp/add');
    expect((await browser.get(`${PAGES}/totp/add`)).status).toBe(404);
    await test.close();
  });

  it('that demands a second factor of staff let them set one up before anything else', async () => {
    const test = await startPageApp({ mfa: { globalGuard: true, requiredForStaff: true } });
    const browser = await signedIn(test, { isStaff: true });
    for (const path of ['/me', '/public', '/protected/feed']) {
      expect(locationOf(await browser.get(path))).toBe(`${PAGES}/enrol?next=${encodeURIComponent(path)}`);
    }
    expect(textOf((await browser.get(PAGES)).text)).toContain('Your account needs a second factor.');
    const added = await addApp(test, browser);
    expect(codesOf((await browser.get(locationOf(added))).text)).toHaveLength(10);
    expect((await browser.get('/me')).status).toBe(200);
    await test.close();
  });

  it('that has sign-in sessions of its own give its users one of ours when they prove something', async () => {
    const id = 'own-session';
    users.set(id, { id, email: 'own@example.com' });
    const test = await startPageApp({
      configure: (app: INestApplication) => {
        app.use(
          (request: { user?: object; headers: Record<string, string> }, _: unknown, next: () => void) => {
            if (request.headers['x-own-session']) request.user = { id };
            next();
          },
        );
      },
    });
    const browser = new PageClient(test.url, { accept: 'text/html', 'x-own-session': '1' });
    expect(locationOf(await browser.get(`${PAGES}/totp/add`))).toBe(
      `${PAGES}/reauthenticate?next=${encodeURIComponent(`${PAGES}/totp/add`)}`,
    );
    const page = await browser.get(`${PAGES}/reauthenticate`);
    expect((await browser.submit(`${PAGES}/reauthenticate`, { password: PASSWORD }, page)).status).toBe(303);
    const added = await addApp(test, browser);
    expect(codesOf((await browser.get(locationOf(added))).text)).toHaveLength(10);

    // A session of somebody else in the same browser counts for nothing.
    const { browser: other } = await enrolledIn(test);
    for (const [name, value] of other.cookies) browser.cookies.set(name, value);
    expect(locationOf(await browser.get(`${PAGES}/recovery-codes/generate`))).toContain('/authenticate');
    await test.close();
  });

  it('take forms of before the secret was replaced', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-rotated-'));
    const database = join(folder, 'pages.sqlite');
    const path = `${PAGES}/recovery-codes/generate`;
    const before = await startPageApp({ database, mfa: { secret: SECRET } });
    const { browser } = await enrolledIn(before);
    const page = await browser.get(path);
    await before.close();

    const after = await startPageApp({ database, mfa: { secret: [`${SECRET}, a newer one`, SECRET] } });
    after.clock.advance(60);
    const moved = new PageClient(after.url, browser.headers);
    for (const [name, value] of browser.cookies) moved.cookies.set(name, value);
    expect((await moved.submit(path, {}, page)).status).toBe(303);
    await after.close();
    rmSync(folder, { recursive: true });
  });
});
