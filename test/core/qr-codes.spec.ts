import { afterEach, describe, expect, it } from '@jest/globals';
import jsQR from 'jsqr';
import { TotpAuthenticator, TotpService } from 'nestjs-mfa';
import { PNG } from 'pngjs';
import { toString } from 'qrcode';

import { attributeOf } from '../support/html.js';
import { PAGES, PageAdapter, signedIn, startPageApp } from '../pages/support.js';
import type { TestApp } from '../support/test-app.js';
import { newUserId } from '../support/test-app.js';

let test: TestApp;
afterEach(() => test.close());

/** What a camera reads from the picture, point by point. */
function scan(dataUrl: string): string | undefined {
  const { width, height, data } = PNG.sync.read(Buffer.from(dataUrl.split(',')[1] ?? '', 'base64'));
  return jsQR.default(new Uint8ClampedArray(data), width, height)?.data;
}

class OwnCodes extends PageAdapter {
  override buildTotpSvg(url: string): Promise<string> {
    return toString(url, { type: 'svg', errorCorrectionLevel: 'H', color: { dark: '#123456' } });
  }
}

describe('the QR code of an authenticator app', () => {
  it.each([
    ['a short address', 'ada@example.com', 254],
    ['the longest address', `${'a'.repeat(64)}@${`${'b'.repeat(62)}.`.repeat(2)}${'c'.repeat(59)}.com`, 254],
    ['an address in another script', `${'аналитическая'.repeat(4)}@машина.рф`, 254],
    ['an address that fills it', 'я'.repeat(400), 400],
    ['an address that no code holds', '機'.repeat(1000), 300],
  ])('holds the whole URI, four points to a module, with %s', async (_, email, kept) => {
    test = await startPageApp();
    const client = test.client();
    await client.post('/login', { id: newUserId(), email });
    const { status, body } = await client.post('/mfa/totp');
    expect(status).toBe(201);
    expect(scan(body.qrCode)).toBe(body.url);
    const label = decodeURIComponent(new URL(body.url).pathname).split(':')[1] as string;
    expect(label).toBe(email.slice(0, kept));
    expect(new URL(body.url).searchParams.get('secret')).toBe(body.secret);
    const modules = Number(/viewBox="0 0 (\d+)/.exec(body.svg)?.[1]);
    const png = PNG.sync.read(Buffer.from(body.qrCode.split(',')[1], 'base64'));
    expect(png.width).toBe(modules * 4);
  });

  it('is the adapter’s own wherever it is shown', async () => {
    test = await startPageApp({ adapter: OwnCodes });
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    const { svg, qrCode } = (await client.post('/mfa/totp')).body;
    expect(svg).toContain('#123456');
    expect(Buffer.from(qrCode.split(',')[1], 'base64').toString()).toBe(svg);
    expect(qrCode).toMatch(/^data:image\/svg\+xml;base64,/);
    const totp = test.app.get(TotpService);
    const authenticator = new TotpAuthenticator({ id }, totp, await totp.begin({ id }));
    for (const picture of [
      await authenticator.generateQrCode(),
      await authenticator.generateQrCode('other@example.com'),
    ])
      expect(Buffer.from(picture.split(',')[1] ?? '', 'base64').toString()).toContain('#123456');

    const page = await (await signedIn(test)).get(`${PAGES}/totp/add`);
    const shown = attributeOf(page.text, 'src', '.mfa-qr');
    expect(Buffer.from(shown.split(',')[1] ?? '', 'base64').toString()).toContain('#123456');
  });
});
