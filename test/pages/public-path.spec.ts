import type { Server } from 'node:http';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { MfaPagesOptions } from 'nestjs-mfa';

import { Client } from '../support/client.js';
import { addressesOf, attributeOf, codesOf, hiddenFields, secretOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import { codeOf, newUserId } from '../support/test-app.js';
import type { TestApp, TestAppOptions } from '../support/test-app.js';
import { startPageApp } from './support.js';

const locationOf = PageClient.location.bind(PageClient);
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** An application behind a proxy that shows its paths under others: of a path that it does not know nothing is there. */
async function startBehindProxy(
  pages: MfaPagesOptions,
  toServer: (path: string) => string | null,
  options: TestAppOptions = {},
): Promise<{ test: TestApp; url: string }> {
  const test = await startPageApp({ ...options, mfa: { pages } });
  const proxy: Server = createServer((incoming, outgoing) => {
    const path = toServer(incoming.url ?? '');
    if (path === null) return void outgoing.writeHead(404).end();
    const { method = 'GET', headers } = incoming;
    const passed = forward(test.url + path, { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  open.push(test, { close: () => (proxy.closeAllConnections(), proxy.close()) });
  return { test, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}

const strip = (prefix: string) => (path: string) =>
  path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : null;

describe.each([
  ['takes a prefix away', '/app/account/security', '/app', strip('/app'), {}],
  [
    'takes a prefix away, on Fastify',
    '/app/account/security',
    '/app',
    strip('/app'),
    {
      create: (module, logger) =>
        module.createNestApplication(new FastifyAdapter(), { forceCloseConnections: true, logger }),
    },
  ],
  [
    'adds a prefix',
    '/account/security/',
    '',
    (path: string) => `/api${path}`,
    { configure: (app) => void app.setGlobalPrefix('api') },
  ],
] as [string, string, string, (path: string) => string | null, TestAppOptions][])(
  'pages behind a proxy that %s',
  (_, publicPath, prefix, toServer, options) => {
    it('lead from a refusal through a set-up and back, by addresses that browsers see', async () => {
      const { test, url } = await startBehindProxy({ publicPath }, toServer, options);
      const pages = publicPath.replace(/\/$/, '');
      const signIn = new Client(url);
      await signIn.post(`${prefix}/login`, { id: newUserId() });
      const browser = PageClient.of(signIn);

      const refused = await browser.get(`${prefix}/protected?a=1`);
      const next = encodeURIComponent(`${prefix}/protected?a=1`);
      expect(locationOf(refused)).toBe(`${pages}/enrol?next=${next}`);

      const add = `${pages}/totp/add?next=${next}`;
      const enroll = await browser.get(locationOf(refused));
      expect(enroll.text).toContain(`href="${add}"`);
      const page = await browser.get(add);
      expect(page.headers.getSetCookie()).toEqual([expect.stringContaining(`Path=${pages}/totp/add;`)]);
      for (const address of addressesOf(page.text).filter((one) => one.includes('/assets/'))) {
        expect((await browser.get(address)).status).toBe(200);
      }
      const api = attributeOf(page.text, 'data-mfa-api');
      expect(api).toBe(`${prefix}/mfa`);
      expect((await browser.get(`${api}/status`)).status).toBe(200);

      const code = codeOf(secretOf(page.text), test.clock);
      const added = await browser.form(add, { ...hiddenFields(page.text), code });
      expect(locationOf(added)).toBe(`${pages}/recovery-codes/generate?next=${next}`);
      const codes = await browser.get(locationOf(added));
      expect(codesOf(codes.text)).toHaveLength(10);
      expect(codes.text).toContain(`value="${prefix}/protected?a=1"`);
      expect((await browser.get(`${prefix}/protected?a=1`)).text).toBe('plain');
    });
  },
);

describe('pages on a host of their own', () => {
  it('are at its root', async () => {
    const { url } = await startBehindProxy({ publicPath: '/' }, (path) => `/account/security${path}`);
    const page = await PageClient.of(new Client(url)).get('/passkey');
    expect(page.status).toBe(404);
    expect(page.text).toContain('href="/assets/mfa.css');
  });
});

describe('the address that browsers see', () => {
  it('never leads to another host', async () => {
    const { test } = await startBehindProxy({ publicPath: '/' }, () => null);
    const browser = PageClient.of(test.client());
    const refused = await browser.get('/account/security//evil.example');
    expect(locationOf(refused)).not.toContain('evil');
  });
});
