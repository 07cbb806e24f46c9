import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';

import { addressesOf, codesOf, secretOf, textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf } from '../support/test-app.js';
import { startTransportApp } from '../transports/support/transport-app.js';
import { PAGES, signedIn } from './support.js';

const locationOf = PageClient.location.bind(PageClient);

describe('the pages on Fastify', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTransportApp({
      mfa: { pages: true, webauthn: RELYING_PARTY },
      create: (module, logger) =>
        module.createNestApplication<INestApplication>(new FastifyAdapter(), {
          forceCloseConnections: true,
          logger,
        }),
    });
  });
  afterAll(() => test.close());

  it('lead from a refusal through a set-up and back', async () => {
    const browser = await signedIn(test);
    const refused = await browser.get('/protected?a=1');
    expect([refused.status, locationOf(refused)]).toEqual([303, `${PAGES}/enrol?next=%2Fprotected%3Fa%3D1`]);
    const page = await browser.get(`${PAGES}/totp/add?next=%2Fprotected`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const wrong = await browser.submit(`${PAGES}/totp/add`, { code: '000000' }, page);
    expect([wrong.status, textOf(wrong.text).includes('Incorrect code.')]).toEqual([422, true]);
    const code = codeOf(secretOf(page.text), test.clock);
    const added = await browser.submit(`${PAGES}/totp/add`, { code }, page);
    expect(added.status).toBe(303);
    expect(codesOf((await browser.get(locationOf(added))).text)).toHaveLength(10);
    expect(codesOf((await browser.get(locationOf(added))).text)).toEqual([]);
    expect((await browser.get('/protected')).text).toBe('plain');
  });

  it('refuse forged forms, and say what is not there', async () => {
    const browser = await signedIn(test);
    expect((await browser.form(`${PAGES}/recovery-codes/generate`, {})).status).toBe(403);
    const missing = await browser.get(`${PAGES}/webauthn/none/edit`);
    expect([missing.status, textOf(missing.text).includes('Not found.')]).toEqual([404, true]);
    expect(missing.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('have their style sheet and script', async () => {
    const browser = await signedIn(test);
    const { text } = await browser.get(PAGES);
    for (const path of addressesOf(text).filter((address) => address.includes('/assets/'))) {
      expect((await browser.get(path)).status).toBe(200);
    }
  });
});
