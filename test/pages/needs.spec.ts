import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post } from '@nestjs/common';
import { RequireMfa } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { register } from '../support/ceremonies.js';
import { hiddenFields, textOf, unescapeHtml } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf } from '../support/test-app.js';
import { PAGES, enrolledIn, startPageApp } from './support.js';

const locationOf = PageClient.location.bind(PageClient);

@Controller('needs')
class NeedsController {
  @Get('verified')
  @RequireMfa({ userVerified: true })
  verified(): string {
    return 'verified';
  }

  @Get('bound')
  @RequireMfa({ deviceBound: true })
  bound(): string {
    return 'bound';
  }

  @Get('both')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  both(): string {
    return 'both';
  }

  @Post('transfer')
  @RequireMfa({ once: true })
  transfer(): string {
    return 'done';
  }
}

describe('a browser whose proof shows too little', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({ controllers: [NeedsController], mfa: { locales: ['en', 'de'] } });
  });
  afterAll(() => test.close());

  async function withKey() {
    const { user } = await enrolledIn(test);
    const key = new SoftwareAuthenticator({ userVerified: false, backupEligible: true });
    await register(user.client, key);
    return { user, key, browser: PageClient.of(user.client) };
  }

  it('is told why, and asks the key for it', async () => {
    const { browser, key } = await withKey();
    const asked = locationOf(await browser.get('/needs/verified'));
    expect(asked).toBe(`${PAGES}/authenticate?next=%2Fneeds%2Fverified&method=webauthn&needs=userVerified`);
    const page = await browser.get(asked);
    expect(textOf(page.text)).toContain('This needs a security key or passkey that checks your PIN');
    expect(page.text).toContain('data-mfa-needs="userVerified"');
    expect(page.text).not.toContain('name="code"');
    const { body: options } = await browser.send('POST', '/mfa/authenticate/webauthn/options', {
      userVerified: true,
    });
    const credential = JSON.stringify(key.get(options, { userVerified: true }));
    const done = await browser.submit(asked, { credential }, page);
    expect([done.status, locationOf(done)]).toEqual([303, '/needs/verified']);
    expect((await browser.get('/needs/verified')).text).toBe('verified');
  });

  it('is told which kind of key to add', async () => {
    const { browser } = await withKey();
    const asked = locationOf(await browser.get('/needs/bound'));
    expect(asked).toBe(`${PAGES}/enrol?next=%2Fneeds%2Fbound&method=webauthn&needs=deviceBound`);
    const page = textOf((await browser.get(asked)).text);
    expect(page).toContain('that stays on its device and is not synced');
    const german = await browser.send('GET', asked, undefined, { 'accept-language': 'de' });
    expect(textOf(german.text)).toContain('der auf seinem Gerät bleibt');
  });

  it('is led from factor to factor', async () => {
    const { browser, user, key } = await withKey();
    test.clock.advance(301);
    const first = locationOf(await browser.get('/needs/both'));
    expect(first).toContain('method=totp%2Cwebauthn&needs=allOf');
    const page = await browser.get(first);
    expect(textOf(page.text)).toContain('several of your second factors');
    const code = codeOf(user.secret, test.clock);
    expect(locationOf(await browser.submit(first, { code }, page))).toBe('/needs/both');
    const second = locationOf(await browser.get('/needs/both'));
    expect(second).toContain('method=webauthn&needs=allOf');
    const { body: options } = await browser.send('POST', '/mfa/authenticate/webauthn/options');
    await browser.submit(second, { credential: JSON.stringify(key.get(options)) });
    expect((await browser.get('/needs/both')).text).toBe('both');
  });

  it('is told that each time costs a confirmation, also on the way to a recovery code', async () => {
    const { browser } = await withKey();
    const referer = { referer: `${test.url}/protected` };
    const transfer = () => browser.send('POST', '/needs/transfer', undefined, referer);
    expect((await transfer()).status).toBe(201);
    const asked = locationOf(await transfer());
    expect(asked).toBe(`${PAGES}/authenticate?next=%2Fprotected&needs=once`);
    const page = await browser.get(asked);
    expect(textOf(page.text)).toContain('needs a new confirmation each time');
    const [, recovery = ''] = /href="([^"]*recovery_codes[^"]*)"/.exec(page.text) ?? [];
    expect(unescapeHtml(recovery)).toContain('needs=once');
    expect(textOf((await browser.get(unescapeHtml(recovery))).text)).toContain(
      'a new confirmation each time',
    );
  });

  it('takes nothing from the address but what it knows', async () => {
    const { browser } = await withKey();
    const page = await browser.get(`${PAGES}/authenticate?needs=%3Cscript%3E,userVerified,constructor`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('data-mfa-needs="userVerified"');
    expect(page.text).not.toContain('<script>,');
    expect(hiddenFields(page.text)).not.toHaveProperty('needs');
  });
});
