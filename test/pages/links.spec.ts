import { afterEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Inject, Post, Redirect, Req, Res } from '@nestjs/common';
import type { MfaPagePath } from 'nestjs-mfa';
import { MfaPageLinks, MfaService, TotpService } from 'nestjs-mfa';

import { PageClient } from '../support/page-client.js';
import type { TestApp, TestAppOptions } from '../support/test-app.js';
import { codeOf, newUserId, startTestApp, users } from '../support/test-app.js';
import { startPageApp } from './support.js';

const locationOf = PageClient.location.bind(PageClient);

/** A sign-in form of an application, which sends browsers on to the pages. */
@Controller('form')
class FormController {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Post()
  @HttpCode(303)
  @Redirect()
  async signIn(
    @Body() { id }: { id: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<{ url: string }> {
    const next = '/api/protected?a=1';
    const { status } = await this.mfa.login({ id }, { request, response });
    if (status === 'authenticated') return { url: next };
    return { url: this.links.to(status === 'mfa_required' ? 'authenticate' : 'enrol', { next }) };
  }
}

describe('MfaPageLinks', () => {
  const started: TestApp[] = [];
  const start = async (options: TestAppOptions) => {
    const test = await startPageApp({ controllers: [FormController], ...options });
    started.push(test);
    return test;
  };
  afterEach(async () => {
    for (const test of started.splice(0)) await test.close();
  });

  it('leads a sign-in of the application’s own to its pages, below a global prefix and a path of its choosing', async () => {
    const test = await start({
      mfa: { pages: { path: '/me/safety' } },
      configure: (app) => void app.setGlobalPrefix('api'),
    });
    const id = newUserId();
    users.set(id, { id });
    const totp = test.app.get(TotpService);
    const { secret } = await totp.begin({ id });
    await totp.activate({ id }, { code: codeOf(secret, test.clock) });
    const browser = PageClient.of(test.client());
    const signedIn = await browser.post('/api/form', { id });
    expect(locationOf(signedIn)).toBe('/api/me/safety/authenticate?next=%2Fapi%2Fprotected%3Fa%3D1');
    expect((await browser.get(locationOf(signedIn))).text).toContain('name="code"');
  });

  it.each<[MfaPagePath, string]>([
    ['index', '/api/me/safety'],
    ['totp/add', '/api/me/safety/totp/add'],
    ['recovery-codes', '/api/me/safety/recovery-codes'],
    ['trusted-devices', '/api/me/safety/trusted-devices'],
    ['sessions', '/api/me/safety/sessions'],
    ['lost', '/api/me/safety/lost'],
  ])('has an address for %s that answers', async (page, address) => {
    const test = await start({
      mfa: { pages: { path: '/me/safety' }, trustedDevices: { enabled: true } },
      configure: (app) => void app.setGlobalPrefix('api'),
    });
    const links = test.app.get(MfaPageLinks);
    expect(links.to(page)).toBe(address);
    const client = test.client();
    await client.post('/api/login', { id: newUserId() });
    // The page itself, or one that asks for a proof first.
    expect([200, 303]).toContain((await PageClient.of(client).get(links.to(page))).status);
  });

  it('has the addresses that browsers see, where a proxy changes them', async () => {
    const test = await start({ mfa: { pages: { publicPath: '/app/safety' } } });
    const links = test.app.get(MfaPageLinks);
    expect(links.to('webauthn/add', { next: '/x?y' })).toBe('/app/safety/webauthn/add?next=%2Fx%3Fy');
    expect(links.to('index', { next: null })).toBe('/app/safety');
  });

  it('knows that there are none', async () => {
    const test = await startTestApp({});
    started.push(test);
    const links = test.app.get(MfaPageLinks);
    expect(links.areOn).toBe(false);
    expect(() => links.to('index')).toThrow('There are no pages to link to: set the option `pages`');
  });
});
