import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaMessage } from 'nestjs-mfa';
import { emailCode } from 'nestjs-mfa';
import type { MfaClient } from 'nestjs-mfa/browser';
import { createMfaClient } from 'nestjs-mfa/browser';

import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { TestAdapter, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const sent: MfaMessage[] = [];

class SendingAdapter extends TestAdapter {
  override sendMessage(message: MfaMessage): void {
    sent.push(message);
  }
}

describe('the browser client', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { factors: [emailCode()] }, adapter: SendingAdapter });
  });
  afterAll(() => test.close());

  const clientOf = (browser: Client): MfaClient =>
    createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: browser.fetch });

  it('sets up codes by e-mail, and signs in with one', async () => {
    const browser = test.client();
    const id = newUserId();
    await browser.post('/login', { id });
    const mfa = clientOf(browser);
    await expect(mfa.beginFactor('email_code')).resolves.toEqual({
      destination: 'u•••@example.com',
      expiresAt: moment,
    });
    const added = await mfa.activateFactor('email_code', { code: sent.at(-1)?.code as string, name: 'Mail' });
    expect(added.authenticator).toMatchObject({ type: 'email_code', name: 'Mail' });
    const half = clientOf(await halfSignIn(test, { id }));
    await expect(half.sendCode('email_code')).resolves.toEqual({
      destination: 'u•••@example.com',
      expiresAt: moment,
      nextAt: moment,
    });
    const { status } = await half.authenticate({ code: sent.at(-1)?.code as string });
    expect(status).toBe('authenticated');
  });
});
