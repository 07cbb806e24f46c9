import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jsQR from 'jsqr';
import type { Browser } from 'playwright-core';
import { PNG } from 'pngjs';

import { freePort } from '../../tools/support/free-port.mjs';
import { PAGES, startPageApp } from '../pages/support.js';
import { SharedContext, hasChromium, launchChromium } from '../support/chromium.js';
import type { TestApp } from '../support/test-app.js';
import { newUserId } from '../support/test-app.js';

const ADDRESSES: [name: string, email: string][] = [
  ['a short address', 'ada@example.com'],
  ['a long address', `${'ada.lovelace'.repeat(5)}@${'analytical-engine.'.repeat(3)}example.com`],
  ['the longest address', `${'a'.repeat(64)}@${`${'b'.repeat(62)}.`.repeat(2)}${'c'.repeat(59)}.com`],
  ['a long address in another script', `${'аналитическая'.repeat(12)}@машина.рф`],
];

/** Each point of a screen is one of the page, as on most monitors. */
const onScreen = hasChromium ? describe : describe.skip;

onScreen('the QR code of the page, at 1x', () => {
  let test: TestApp;
  let browser: Browser;
  let shared: SharedContext;
  beforeAll(async () => {
    const port = await freePort();
    const webauthn = { rpId: 'localhost', rpName: 'Example', origins: [`http://localhost:${port}`] };
    test = await startPageApp({ port, mfa: { webauthn: { ...webauthn, allowInsecureOrigin: true } } });
    browser = await launchChromium();
    const options = { baseURL: test.url, deviceScaleFactor: 1 };
    shared = await SharedContext.open(browser, `${test.url}/public`, options);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await test?.close();
  });

  it.each(ADDRESSES)('is readable with %s', async (_, email) => {
    const context = await shared.begin();
    await context.request.post('/login', { data: { id: newUserId(), email } });
    const page = await context.newPage();
    await page.goto(`${PAGES}/totp/add`);
    for (const width of [1280, 768]) {
      await page.setViewportSize({ width, height: 900 });
      const { width: across, height, data } = PNG.sync.read(await page.getByRole('img').screenshot());
      const scanned = jsQR.default(new Uint8ClampedArray(data), across, height)?.data ?? '';
      expect(decodeURIComponent(new URL(scanned).pathname)).toContain(email);
      const svg = await page
        .getByRole('img')
        .evaluate((image: HTMLImageElement) => atob(image.src.split(',')[1] ?? ''));
      const modules = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
      const { width: shown = 0 } = (await page.getByRole('img').boundingBox()) ?? {};
      expect((shown - 2) / modules).toBeGreaterThanOrEqual(4);
      expect((shown - 2) % modules).toBe(0);
    }
  });
});
