import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';
import { Client } from '../support/client.js';
import { PageClient } from '../support/page-client.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-demo-factors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const password = 'correct horse battery';

describe('the demo with codes by e-mail and text message', () => {
  it('sends them into its outbox', async () => {
    const { database, mfa } = readConfig({
      DATABASE_URL: `sqlite:${join(folder, 'codes.sqlite')}`,
      MFA_FACTORS: 'email_code,sms_code',
    });
    const app = await createDemo({ database, mfa }, { logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const one = new Client(url);
    const outbox = async () => (await one.get('/outbox', { accept: 'application/json' })).body;
    const sentCode = async () => /\b\d{6}\b/.exec((await outbox())[0].text)?.[0];
    const credentials = { email: 'eve@example.com', password, phone: '+491701234567' };
    await one.post('/auth/register', credentials);
    await one.post('/auth/login', credentials);
    for (const [type, channel, to] of [
      ['email_code', 'email', 'eve@example.com'],
      ['sms_code', 'sms', '+491701234567'],
    ]) {
      expect((await one.post(`/mfa/factors/${type}`)).status).toBe(201);
      expect((await outbox())[0]).toMatchObject({
        channel,
        to,
        subject: expect.any(String),
        at: expect.any(String),
      });
      const code = await sentCode();
      expect((await one.post(`/mfa/factors/${type}/activate`, { code })).status).toBe(201);
    }
    const two = new Client(url);
    const login = await two.post('/auth/login', credentials);
    expect(login.body.methods).toEqual(['recovery_codes', 'email_code', 'sms_code']);
    expect((await two.post('/mfa/authenticate/sms_code/challenge')).body.destination).toBe('•••• 4567');
    expect((await two.post('/mfa/authenticate', { code: await sentCode() })).status).toBe(200);
    expect((await two.get('/reports')).status).toBe(200);
    await app.close();
  });

  it('takes a phone number on the page that creates an account, if codes are sent to it', async () => {
    const database = `sqlite:${join(folder, 'phones.sqlite')}`;
    const start = async (factors: string) => {
      const { database: found, mfa } = readConfig({ DATABASE_URL: database, MFA_FACTORS: factors });
      const app = await createDemo({ database: found, mfa }, { logger: false });
      await app.listen(0, '127.0.0.1');
      return { app, browser: new PageClient(await app.getUrl()) };
    };
    const { app, browser } = await start('sms_code');
    expect((await browser.get('/register')).text).toContain('name="phone"');
    const fields = { email: 'kim@example.com', password };
    const wrong = await browser.form('/register', { ...fields, phone: '030 <1>' });
    expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining('with its country code')]);
    const created = await browser.form('/register', { ...fields, phone: '+49 (170) 123-45.67' });
    expect(created.status).toBe(303);
    const sent = await browser.post('/mfa/factors/sms_code');
    expect([sent.status, sent.body.destination]).toEqual([201, '•••• 4567']);
    const without = await new PageClient(await app.getUrl()).form('/register', {
      ...fields,
      email: 'lee@example.com',
      phone: '',
    });
    expect(without.status).toBe(303);
    await app.close();
    const other = await start('email_code');
    expect((await other.browser.get('/register')).text).not.toContain('name="phone"');
    await other.app.close();
  });

  it('says which names it knows', () => {
    expect(() =>
      readConfig({ DATABASE_URL: 'sqlite::memory:', MFA_SECRET: 'x', MFA_FACTORS: 'email' }),
    ).toThrow('MFA_FACTORS must list email_code, sms_code; email is not one of these');
  });
});
