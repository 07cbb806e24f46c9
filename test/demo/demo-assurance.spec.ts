import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { generateSync } from 'otplib';

import { readConfig } from '../../apps/demo/src/config/demo-config.js';
import { createDemo } from '../../apps/demo/src/create-demo.js';
import type { Tampering } from '../support/authenticator.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, register } from '../support/ceremonies.js';
import { Client } from '../support/client.js';

const password = 'correct horse battery';

describe('the routes of the demo that ask for more', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-demo-'));
  let app: INestApplication;
  let url: string;
  let origin: string;
  beforeAll(async () => {
    const { database, mfa } = readConfig({
      DATABASE_URL: `sqlite:${join(folder, 'demo.sqlite')}`,
      MFA_WEBAUTHN_HINTS: 'client-device,hybrid',
    });
    app = await createDemo({ database, mfa }, { logger: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    origin = mfa.webauthn?.origins?.[0] ?? '';
  });
  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  async function signUp(email: string): Promise<Client> {
    const client = new Client(url);
    await client.post('/auth/register', { email, password });
    await client.post('/auth/login', { email, password });
    return client;
  }

  const keyOf = (flags: Tampering = {}) => new SoftwareAuthenticator({ origin, ...flags });
  const codesOf = async (client: Client) => {
    const answers = await Promise.all(['/signing', '/device', '/both'].map(async (path) => client.get(path)));
    return answers.map(({ status, body }) => (status === 200 ? 200 : (body.code as string)));
  };

  it('open to what they ask for, and say what would open them', async () => {
    const client = await signUp('ada@example.com');
    expect(await codesOf(client)).toEqual(Array(3).fill('mfa_enrollment_required'));
    const synced = keyOf({ backupEligible: true, userVerified: false });
    const { body: options } = await client.post('/mfa/webauthn/options');
    expect(options.hints).toEqual(['client-device', 'hybrid']);
    expect((await register(client, synced)).status).toBe(201);
    expect(await codesOf(client)).toEqual([
      'mfa_required',
      'mfa_enrollment_required',
      'mfa_enrollment_required',
    ]);
    await assertKey(client, synced, { userVerified: true });
    expect(await codesOf(client)).toEqual([200, 'mfa_enrollment_required', 'mfa_enrollment_required']);
    expect((await client.get('/both')).body.methods).toEqual(['totp']);
    const { body: setup } = await client.post('/mfa/totp');
    const code = generateSync({ secret: setup.secret, epoch: Math.floor(Date.now() / 1000) });
    expect((await client.post('/mfa/totp/activate', { code })).status).toBe(201);
    expect(await codesOf(client)).toEqual([200, 'mfa_enrollment_required', 200]);
    expect((await register(client, keyOf())).status).toBe(201);
    expect(await codesOf(client)).toEqual([200, 200, 200]);
    const page = await client.get('/device', { accept: 'text/html' });
    expect(page.text).toContain('Only a key that stays on its device opens this');
  });

  it('take a proof for one transfer, and none that another site has asked for', async () => {
    const client = await signUp('bob@example.com');
    const key = keyOf();
    await register(client, key);
    const forged = await client.post('/transfer', undefined, { 'sec-fetch-site': 'cross-site' });
    expect([forged.status, forged.body.code]).toEqual([403, 'cross_origin']);
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.clone().post('/transfer')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
    await assertKey(client, key);
    const { status, body } = await client.post('/transfer', { amount: 5 });
    expect([status, body]).toEqual([200, { transferred: true }]);
  });
});
