import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator } from 'nestjs-mfa';
import { Not } from 'typeorm';

import { attributesOf, codesOf, hiddenFields, secretOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf } from '../support/test-app.js';
import { PAGES, PASSWORD, enrolledIn, halfSignedIn, signedIn, startPageApp, statusOf } from './support.js';

const locationOf = PageClient.location.bind(PageClient);

describe('the pages without JavaScript', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({
      mfa: { trustedDevices: { enabled: true }, totp: { maxPerUser: 2 }, locales: ['en', 'de'] },
    });
  });
  afterAll(() => test.close());

  describe('setting up an authenticator app', () => {
    it('shows the same secret until it is activated, then the recovery codes, once', async () => {
      const browser = await signedIn(test);
      const first = await browser.get(`${PAGES}/totp/add?next=%2Fprotected`);
      expect(first.status).toBe(200);
      const secret = secretOf(first.text);
      expect(secretOf((await browser.get(`${PAGES}/totp/add`)).text)).toBe(secret);

      const wrong = await browser.submit(`${PAGES}/totp/add`, { code: '000000', name: 'My phone' }, first);
      expect(wrong.status).toBe(422);
      expect(textOf(wrong.text)).toContain('Incorrect code.');
      expect(wrong.text).toContain('aria-describedby="code-hint code-error"');
      expect(wrong.text).toContain('value="My phone"');
      expect(secretOf(wrong.text)).toBe(secret);

      const code = codeOf(secret, test.clock);
      const fields = { code: ` ${code.slice(0, 3)} ${code.slice(3)} `, name: 'My phone' };
      const right = await browser.submit(`${PAGES}/totp/add`, fields, wrong);
      expect([right.status, locationOf(right)]).toEqual([
        303,
        `${PAGES}/recovery-codes/generate?next=%2Fprotected`,
      ]);
      // Nothing that the address could give away.
      const shown = await browser.get(locationOf(right));
      const codes = codesOf(shown.text);
      expect(codes).toHaveLength(10);
      for (const one of codes) expect(locationOf(right)).not.toContain(one);
      const again = await browser.get(locationOf(right));
      expect(codesOf(again.text)).toEqual([]);
      expect(textOf(again.text)).toContain('Create new codes');

      expect((await browser.get('/protected')).text).toBe('plain');
      expect(textOf((await browser.get(PAGES)).text)).toContain('My phone');
    });

    it('says what is wrong with a name, and keeps what was typed', async () => {
      const browser = await signedIn(test);
      const page = await browser.get(`${PAGES}/totp/add`);
      const code = codeOf(secretOf(page.text), test.clock);
      const refused = await browser.submit(`${PAGES}/totp/add`, { code, name: 'a'.repeat(101) }, page);
      expect(refused.status).toBe(422);
      expect(refused.text).toContain('id="name-error"');
      expect(textOf(refused.text)).toContain('Enter a name of 1 to 100 characters.');
    });

    it('starts over when the set-up has expired', async () => {
      const browser = await signedIn(test);
      const page = await browser.get(`${PAGES}/totp/add`);
      test.clock.advance(601);
      // By now the password is not recent enough either.
      await browser.submit(`${PAGES}/reauthenticate`, { password: PASSWORD });
      const code = codeOf(secretOf(page.text), test.clock);
      const late = await browser.submit(`${PAGES}/totp/add`, { code });
      expect(late.status).toBe(422);
      expect(secretOf(late.text)).not.toBe(secretOf(page.text));
    });

    it('refuses who has all the apps that are allowed, on a page', async () => {
      const { browser } = await enrolledIn(test);
      const page = await browser.get(`${PAGES}/totp/add`);
      const added = await browser.submit(`${PAGES}/totp/add`, {
        code: codeOf(secretOf(page.text), test.clock),
      });
      expect(locationOf(added)).toBe(`${PAGES}?notice=totp-added`);
      const full = await browser.get(`${PAGES}/totp/add`);
      expect(full.status).toBe(409);
      expect(textOf(full.text)).toContain('This factor is already set up.');
      for (const page of [PAGES, `${PAGES}/enrol`])
        expect((await browser.get(page)).text).not.toContain(`href="${PAGES}/totp/add"`);
    });

    it('offers nothing to who has not verified their address, says what to do, and refuses', async () => {
      const browser = await signedIn(test, { emailVerified: false });
      for (const page of ['', '/enrol', '/enrol?method=webauthn']) {
        const { status, text } = await browser.get(`${PAGES}${page}`);
        expect([status, textOf(text).includes('Verify your email address first')]).toEqual([200, true]);
        expect(text).not.toMatch(/href="[^"]*\/(totp|webauthn)\/add/);
        expect(textOf(text)).not.toContain('No second factor can be set up');
      }
      const verified = await signedIn(test, { emailVerified: true });
      for (const page of ['', '/enrol']) {
        const { text } = await verified.get(`${PAGES}${page}`);
        expect(textOf(text)).not.toContain('verified your email');
        expect(text).toMatch(/href="[^"]*\/totp\/add/);
        expect(text).toMatch(/href="[^"]*\/webauthn\/add/);
      }
      for (const page of ['totp/add', 'webauthn/add']) {
        const answer = await browser.get(`${PAGES}/${page}`);
        expect([answer.status, textOf(answer.text).includes('verified your email')]).toEqual([403, true]);
      }
    });
  });

  describe('confirming', () => {
    it('finishes a sign-in with a code, and leads where the user wanted to go', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      const address = `${PAGES}/authenticate?next=%2Fprotected`;
      const wrong = await browser.submit(address, { code: '000000' });
      expect([wrong.status, textOf(wrong.text).includes('Incorrect code.')]).toEqual([422, true]);
      const malformed = await browser.submit(address, { code: '<script>' }, wrong);
      expect([malformed.status, malformed.text.includes('<script>')]).toEqual([422, false]);
      const right = await browser.submit(address, { code: codeOf(user.secret, test.clock) }, wrong);
      expect([right.status, locationOf(right)]).toEqual([303, '/protected']);
      expect((await browser.get('/protected')).text).toBe('plain');
    });

    it('takes a recovery code, on a page that has the letters', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      const page = await browser.get(`${PAGES}/authenticate?method=recovery_codes`);
      expect(page.text).toContain('inputmode="text"');
      const answer = await browser.submit(
        `${PAGES}/authenticate?method=recovery_codes`,
        { code: user.recoveryCodes[0] as string },
        page,
      );
      expect([answer.status, locationOf(answer)]).toEqual([303, PAGES]);
      expect(textOf((await browser.get(PAGES)).text)).toContain('9 of 10 recovery codes left');
    });

    it('trusts the browser when it is asked to', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      await browser.submit(`${PAGES}/authenticate`, {
        code: codeOf(user.secret, test.clock),
        trustDevice: 'on',
      });
      expect(textOf((await browser.get(`${PAGES}/trusted-devices`)).text)).toContain('(this browser)');
      expect((await browser.post('/login', { id: user.id })).body.status).toBe('authenticated');
    });

    it('offers trust only where a browser is trusted then', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      const read = async (query = '') => {
        const { text } = await browser.get(`${PAGES}/authenticate${query}`);
        return { hasBox: text.includes('name="trustDevice"'), text: textOf(text) };
      };
      const byApp = await read();
      expect(byApp.hasBox).toBe(true);
      // The field takes recovery codes too.
      expect(byApp.text).toContain('nobody else uses. Has no effect with a recovery code.');
      expect((await read('?method=totp')).text).not.toContain('Has no effect');
      for (const query of ['?method=recovery_codes', '?method=recovery_codes&only=totp,recovery_codes']) {
        const { hasBox, text } = await read(query);
        expect([query, text.includes('Recovery code'), hasBox]).toEqual([query, true, false]);
      }

      const trusted = { code: codeOf(user.secret, test.clock), trustDevice: 'on' };
      await browser.submit(`${PAGES}/authenticate`, trusted);
      expect((await read()).hasBox).toBe(false);
      // It is trusted for this one kind of browser, and for this user.
      const moved = await browser.get(`${PAGES}/authenticate`, {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      });
      expect(moved.text).toContain('name="trustDevice"');
      const { user: other } = await enrolledIn(test);
      await browser.post('/login', { id: other.id });
      expect((await read()).hasBox).toBe(true);
    });

    it('reads no trusted browsers for who brings no cookie of one, and uses no token up', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      const reads = async () => {
        const statements = await test.logger.statementsOf(() => browser.get(`${PAGES}/authenticate`));
        return statements.filter((statement) => statement.includes('trusted'));
      };
      expect(await reads()).toEqual([]);
      const code = codeOf(user.secret, test.clock);
      await browser.submit(`${PAGES}/authenticate`, { code, trustDevice: 'on' });
      const token = browser.cookies.get('mfa_trusted');
      expect(await reads()).toEqual([expect.stringMatching(/^SELECT/)]);
      expect(browser.cookies.get('mfa_trusted')).toBe(token);
    });

    it('offers trust with a recovery code where that makes a browser trusted', async () => {
      const lenient = await startPageApp({
        mfa: { trustedDevices: { enabled: true, afterRecoveryCode: true } },
      });
      const { user } = await enrolledIn(lenient);
      const browser = await halfSignedIn(lenient, user);
      expect(textOf((await browser.get(`${PAGES}/authenticate`)).text)).not.toContain('Has no effect');
      const address = `${PAGES}/authenticate?method=recovery_codes`;
      const page = await browser.get(address);
      expect(page.text).toContain('name="trustDevice"');
      await browser.submit(address, { code: user.recoveryCodes[0] as string, trustDevice: 'on' }, page);
      expect((await browser.post('/login', { id: user.id })).body.status).toBe('authenticated');
      await lenient.close();
    });

    it('says when another attempt makes sense, also for a right code', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      for (let guess = 0; guess < 5; guess++)
        await browser.submit(`${PAGES}/authenticate`, { code: '000000' });
      const refused = await browser.submit(`${PAGES}/authenticate`, {
        code: codeOf(user.secret, test.clock),
      });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '300']);
      // Without a script in UTC, and with the day: nobody knows the reader's.
      expect(textOf(refused.text)).toMatch(/Too many attempts\. Try again after \w+ \d+, \d{4}, .*UTC \./);
      expect(textOf(refused.text)).not.toContain('later');
      const german = await browser.get(`${PAGES}/authenticate`, { 'accept-language': 'de' });
      const fields = { code: codeOf(user.secret, test.clock), ...hiddenFields(german.text) };
      const said = await browser.form(`${PAGES}/authenticate`, fields, { 'accept-language': 'de' });
      expect(textOf(said.text)).toMatch(/Zu viele Versuche\. Versuchen Sie es nach \d.*UTC erneut\./);
    });

    it('can be given up', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      const answer = await browser.submit(`${PAGES}/authenticate`, { cancel: '1' });
      expect([answer.status, locationOf(answer)]).toEqual([303, '/']);
      expect((await browser.get(`${PAGES}/authenticate`)).status).toBe(401);
    });

    it('refuses what is no credential like any failed ceremony', async () => {
      const { user } = await enrolledIn(test);
      const browser = await halfSignedIn(test, user);
      for (const credential of ['', '{', 'null', '"x"', '{"id":1}', '[]', 'a'.repeat(100_001)]) {
        const answer = await browser.submit(`${PAGES}/authenticate`, { credential });
        expect([credential.slice(0, 8), answer.status]).toEqual([credential.slice(0, 8), 422]);
      }
      expect((await browser.get('/me')).status).not.toBe(200);
    });
  });

  describe('the password', () => {
    it('is asked for when it is long ago, counts as an attempt, and leads on', async () => {
      const browser = await signedIn(test);
      test.clock.advance(301);
      const sent = await browser.get(`${PAGES}/totp/add`);
      expect([sent.status, locationOf(sent)]).toEqual([
        303,
        `${PAGES}/reauthenticate?next=${encodeURIComponent(`${PAGES}/totp/add`)}`,
      ]);
      const wrong = await browser.submit(locationOf(sent), { password: 'wrong' });
      expect([wrong.status, textOf(wrong.text).includes('Wrong password.')]).toEqual([422, true]);
      const right = await browser.submit(locationOf(sent), { password: PASSWORD });
      expect([right.status, locationOf(right)]).toEqual([303, `${PAGES}/totp/add`]);
      expect((await browser.get(`${PAGES}/totp/add`)).status).toBe(200);
    });

    it('can’t be guessed beyond the budget', async () => {
      const browser = await signedIn(test);
      for (let guess = 0; guess < 5; guess++) {
        await browser.submit(`${PAGES}/reauthenticate`, { password: `guess ${guess}` });
      }
      const refused = await browser.submit(`${PAGES}/reauthenticate`, { password: PASSWORD });
      expect(refused.status).toBe(429);
    });

    it('proves too little for who has a second factor', async () => {
      const { browser } = await enrolledIn(test);
      const answer = await browser.get(`${PAGES}/reauthenticate?next=%2Fprotected`);
      expect(locationOf(answer)).toBe(`${PAGES}/authenticate?next=%2Fprotected`);
    });
  });

  describe('removing and renewing', () => {
    it('removes an app by its id, and says when it is the last', async () => {
      const { user, browser } = await enrolledIn(test);
      const page = await browser.get(`${PAGES}/totp/remove`);
      expect(textOf(page.text)).toContain('This is your last second factor');
      expect((await browser.submit(`${PAGES}/totp/remove`, { id: 'another' }, page)).status).toBe(404);
      const removed = await browser.submit(`${PAGES}/totp/remove`, {}, page);
      expect([removed.status, locationOf(removed)]).toEqual([303, `${PAGES}?notice=removed`]);
      expect(textOf((await browser.get(locationOf(removed))).text)).toContain(
        'The second factor was removed.',
      );
      expect(await statusOf(test, user.id)).toMatchObject({ enabled: false, recoveryCodes: { total: 0 } });
      expect((await browser.get(`${PAGES}/totp/remove`)).status).toBe(404);
    });

    it('removes the only app without its id, and none of several', async () => {
      const { user, browser } = await enrolledIn(test);
      const page = await browser.get(`${PAGES}/totp/remove`);
      const apps = test.dataSource.getRepository(Authenticator);
      const app = await apps.findOneByOrFail({ id: user.authenticatorId });
      await apps.insert({ ...app, id: randomUUID() });
      expect((await browser.submit(`${PAGES}/totp/remove`, { id: '' }, page)).status).toBe(404);
      await apps.delete({ id: Not(app.id), userId: user.id, type: 'totp' });
      expect((await browser.submit(`${PAGES}/totp/remove`, { id: '' }, page)).status).toBe(303);
      expect(await statusOf(test, user.id)).toMatchObject({ enabled: false });
    });

    it('makes new recovery codes, and the old ones are dead', async () => {
      const { user, browser } = await enrolledIn(test);
      const asked = await browser.submit(`${PAGES}/recovery-codes/generate`);
      const shown = await browser.get(locationOf(asked));
      expect(codesOf(shown.text)).toHaveLength(10);
      expect(codesOf(shown.text)).not.toContain(user.recoveryCodes[0]);
      expect(shown.text).toContain(encodeURIComponent(codesOf(shown.text).join('\n')));
      const other = await halfSignedIn(test, user);
      const dead = await other.submit(`${PAGES}/authenticate`, { code: user.recoveryCodes[0] as string });
      expect(dead.status).toBe(422);
    });

    it('makes none for who has no second factor', async () => {
      const browser = await signedIn(test);
      expect(textOf((await browser.get(`${PAGES}/recovery-codes`)).text)).toContain(
        'You’ll get recovery codes when you set up a second factor.',
      );
      expect((await browser.get(`${PAGES}/recovery-codes/generate`)).status).toBe(409);
    });

    it('revokes one trusted browser, or all of them', async () => {
      const { user, browser } = await enrolledIn(test);
      for (let browsers = 0; browsers < 2; browsers++) {
        const other = await halfSignedIn(test, user);
        test.clock.advance(30);
        const code = codeOf(user.secret, test.clock);
        await other.submit(`${PAGES}/authenticate`, { code, trustDevice: 'on' });
      }
      const page = await browser.get(`${PAGES}/trusted-devices`);
      const ids = attributesOf(page.text, 'value', '[name=id]');
      expect(ids).toHaveLength(2);
      const one = await browser.submit(`${PAGES}/trusted-devices`, { id: ids[0] as string }, page);
      expect(locationOf(one)).toBe(`${PAGES}/trusted-devices?notice=device-revoked`);
      expect((await browser.submit(`${PAGES}/trusted-devices`, { id: ids[0] as string }, page)).status).toBe(
        404,
      );
      const all = await browser.submit(`${PAGES}/trusted-devices`, { all: '1' }, page);
      expect(textOf((await browser.get(locationOf(all))).text)).toContain('You have no trusted browsers');
    });

    it('needs a recent second factor', async () => {
      const { browser } = await enrolledIn(test);
      test.clock.advance(301);
      for (const page of ['totp/add', 'totp/remove', 'webauthn/add', 'recovery-codes/generate']) {
        const answer = await browser.get(`${PAGES}/${page}`);
        expect([answer.status, locationOf(answer)]).toEqual([
          303,
          `${PAGES}/authenticate?next=${encodeURIComponent(`${PAGES}/${page}`)}`,
        ]);
      }
      const late = await browser.form(`${PAGES}/recovery-codes/generate`, {});
      expect([late.status, locationOf(late)]).toEqual([303, `${PAGES}/authenticate`]);
    });
  });

  it('refuses a key whose answer is nested without end', async () => {
    const browser = await signedIn(test);
    const credential = `{"id":${'['.repeat(5000)}${']'.repeat(5000)}}`;
    const answer = await browser.submit(`${PAGES}/webauthn/add`, { credential });
    expect([answer.status, textOf(answer.text).includes('could not be verified')]).toEqual([422, true]);
  });

  it('offers passkeys only where one can sign in with them', async () => {
    const browser = await signedIn(test);
    expect((await browser.get(`${PAGES}/passkey`)).status).toBe(404);
    expect((await browser.get(`${PAGES}/sign-up`)).status).toBe(404);
    expect((await browser.get(`${PAGES}/webauthn/add`)).text).not.toContain('passwordless');
  });
});
