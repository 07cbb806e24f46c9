import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import type { MfaClient } from 'nestjs-mfa/browser';
import { totpCode } from 'nestjs-mfa/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { freePort } from '../../tools/support/free-port.mjs';
import { SharedContext, VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';
import './support/environment.js';
import type { CreateApplication, StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD } from './support/users.js';

const HTML = `<!doctype html><title>Example</title>
  <form id="login"><input name="email"><input name="password" type="password"><button>Sign in</button></form>
  <form id="code" hidden><input name="code"><button>Go on</button></form>
  <form id="reports"><button>Reports</button></form>
  <form id="logout"><button>Sign out</button></form>
  <output id="answer"></output>
  <script type="module" src="SCRIPT"></script>`;

declare const mfa: MfaClient;

const describeInBrowser = hasChromium ? describe : describe.skip;

describeInBrowser('a page on another origin than the API', () => {
  let test: StartedApplication;
  let browser: Browser;
  let shared: SharedContext;
  const scripts: Record<string, string> = {};
  /** Serves the page; its path says which script it has. */
  const serve: RequestListener = ({ url = '' }, response) => {
    const script = scripts[url.slice(1)];
    response
      .setHeader('content-type', script ? 'text/javascript' : 'text/html')
      .end(script ?? HTML.replace('SCRIPT', `${url}.js`));
  };
  const servers = [createServer(serve), createServer(serve)];
  /** The headers of the last request to the API. */
  let last: object;
  let [WEB, PARTNER, STRANGER] = ['', '', ''];

  beforeAll(async () => {
    for (const server of servers)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const [own = 0, other = 0] = servers.map((server) => (server.address() as AddressInfo).port);
    [WEB, PARTNER] = [`http://localhost:${own}`, `http://127.0.0.1:${own}`];
    STRANGER = `http://localhost:${other}`;
    const port = await freePort();
    Object.assign(process.env, { WEB_ORIGIN: WEB, PARTNER_ORIGIN: PARTNER });
    const { AppModule, allowPages } = await import('./spa/api.app.js');
    const { outputFiles } = await build({
      entryPoints: ['cookie', 'header'].map((name) => join(import.meta.dirname, `spa/${name}.page.ts`)),
      outdir: '.',
      bundle: true,
      format: 'esm',
      write: false,
      define: { API_ORIGIN: JSON.stringify(`http://localhost:${port}`) },
      logLevel: 'silent',
    });
    for (const { path, text } of outputFiles) scripts[basename(path).replace('.page', '')] = text;
    const create: CreateApplication = (module, logger) => {
      const app = module.createNestApplication({ forceCloseConnections: true, logger });
      allowPages(app);
      app.use(({ headers }: { headers: object }, _response: object, next: () => void) => {
        last = headers;
        next();
      });
      return app;
    };
    test = await startApplication(AppModule, create, port);
    browser = await launchChromium();
    shared = await SharedContext.open(browser, `${WEB}/cookie`);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await test.app.close();
    for (const server of servers) server.close();
  });

  async function open(origin: string, script: 'cookie' | 'header', context?: BrowserContext): Promise<Page> {
    const page = await (context ?? (await shared.begin())).newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${origin}/${script}`);
    return page;
  }

  const expectToSay = (page: Page, text: string) => page.getByText(text, { exact: true }).waitFor();
  const press = (page: Page, name: string) => page.getByRole('button', { name }).click();

  async function signIn(page: Page, email: string): Promise<void> {
    await expectToSay(page, 'Signed out.');
    await page.locator('[name=email]').fill(email);
    await page.locator('[name=password]').fill(PASSWORD);
    await press(page, 'Sign in');
  }

  async function typeCode(page: Page, code: string): Promise<void> {
    await page.locator('[name=code]').fill(code);
    await press(page, 'Go on');
  }

  /** Sets an authenticator app up, and answers what makes its codes. */
  async function setUp(page: Page): Promise<() => string> {
    await expectToSay(page, 'Signed in.');
    const secret = await page.evaluate(async () => (await mfa.beginTotp()).secret);
    await page.evaluate((code) => mfa.activateTotp({ code }), totpCode(secret, test.clock));
    return () => {
      test.clock.advance(30);
      return totpCode(secret, test.clock);
    };
  }

  describe.each([
    ['the cookie, on a trusted origin', () => WEB, 'cookie'],
    ['the header, on another site', () => PARTNER, 'header'],
  ] as const)('with %s', (_, origin, script) => {
    it('signs in, sets an app up, signs in with it, steps up and signs out', async () => {
      const email = `${script}@example.com`;
      const page = await open(origin(), script);
      await signIn(page, email);
      const code = await setUp(page);
      await press(page, 'Sign out');
      await signIn(page, email);
      await typeCode(page, '000000');
      await expectToSay(page, 'Incorrect code.');
      await typeCode(page, code());
      await expectToSay(page, 'Signed in.');
      await press(page, 'Reports');
      await expectToSay(page, '{"turnover":42}');
      test.clock.advance(301);
      await press(page, 'Reports');
      await typeCode(page, code());
      await page.locator('#code').waitFor({ state: 'hidden' });
      await expectToSay(page, '{"turnover":42}');
      await press(page, 'Sign out');
      await expectToSay(page, 'Signed out.');
    });
  });

  it('goes on with a half-finished sign-in after it was reloaded', async () => {
    const page = await open(WEB, 'cookie');
    await signIn(page, 'reloaded@example.com');
    const code = await setUp(page);
    await press(page, 'Sign out');
    await signIn(page, 'reloaded@example.com');
    await page.locator('#code').waitFor();
    await page.reload();
    await typeCode(page, code());
    await expectToSay(page, 'Signed in.');
    await page.reload();
    await expectToSay(page, 'Signed in.');
  });

  it('signs in with a key, which belongs to the page', async () => {
    const page = await open(WEB, 'cookie');
    await VirtualAuthenticator.add(page, 'usb');
    await signIn(page, 'key@example.com');
    await expectToSay(page, 'Signed in.');
    await page.evaluate(async () => void (await mfa.addSecurityKey()));
    await press(page, 'Sign out');
    await signIn(page, 'key@example.com');
    await expectToSay(page, 'Signed in.');
    await press(page, 'Reports');
    await expectToSay(page, '{"turnover":42}');
  });

  it('is the only one: the page of a stranger neither reads nor changes anything', async () => {
    const page = await open(WEB, 'cookie');
    await signIn(page, 'victim@example.com');
    await setUp(page);
    const before = await page.evaluate(() => mfa.recoveryCodes());
    const stranger = await open(STRANGER, 'cookie', page.context());
    await expectToSay(stranger, 'Signed out.');
    const url = `http://localhost:${new URL(test.url).port}/mfa/recovery-codes`;
    const refused = stranger.waitForResponse(url);
    await stranger.evaluate(
      (url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }),
      url,
    );
    expect((await refused).status()).toBe(403);
    // It did come with the cookie: the two are one site.
    expect(last).toMatchObject({
      origin: STRANGER,
      'sec-fetch-site': 'same-site',
      cookie: expect.stringContaining('mfa_session='),
    });
    await expect(page.evaluate(() => mfa.recoveryCodes())).resolves.toEqual(before);
  });
});
