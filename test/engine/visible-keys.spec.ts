import { createHmac, hkdfSync } from 'node:crypto';

import { afterEach, describe, expect, it } from '@jest/globals';
import { MfaStoredKey } from 'nestjs-mfa';

import { PAGES, startPageApp } from '../pages/support.js';
import { sharedDatabase } from '../support/databases.js';
import { hiddenFields } from '../support/html.js';
import { keyOf, openUnder } from '../support/inside.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp, TestAppOptions } from '../support/test-app.js';
import { RELYING_PARTY, SECRET } from '../support/test-app.js';

const PASSKEYS = { webauthn: RELYING_PARTY, passkeyLogin: true };
const VISIBLE = `visible:${keyOf(SECRET, 'encryption').id}`;

describe('what a stranger is shown', () => {
  const close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const one of close.splice(0).reverse()) await one();
  });

  async function start(orm?: TestAppOptions['orm'], secret: string | string[] = SECRET): Promise<TestApp> {
    const test = await startPageApp({ mfa: { ...PASSKEYS, secret }, ...(orm ? { orm } : {}) });
    close.push(() => test.close());
    return test;
  }

  const tokenOf = async (test: TestApp): Promise<string> =>
    hiddenFields((await PageClient.of(test.client()).get(`${PAGES}/passkey`)).text)['_csrf'] as string;

  const challengeOf = async (test: TestApp): Promise<string> =>
    (await test.client().post('/mfa/passkey/options')).body.challenge as string;

  it('is no help in guessing the secret', async () => {
    const test = await start();
    const token = await tokenOf(test);
    expect(token.split('.')[1]).not.toBe(keyOf(SECRET, 'encryption').id);
    const context = { purpose: 'page-form', userId: '', recordId: '' };
    expect(() => openUnder(SECRET, token, context)).toThrow('No secret of key id');
    const bytes = Buffer.from(await challengeOf(test), 'base64url');
    for (const purpose of ['encryption', 'challenge', 'seal'] as const) {
      const mac = createHmac('sha256', keyOf(SECRET, purpose).key).update(bytes.subarray(0, -32)).digest();
      expect(bytes.includes(mac)).toBe(false);
    }
    // Nor is the key beside it, which a reader of the table has, the secret's own.
    const { data } = await test.dataSource.getRepository(MfaStoredKey).findOneByOrFail({ id: VISIBLE });
    expect(data).not.toContain(
      Buffer.from(hkdfSync('sha256', SECRET, 'nestjs-mfa/v1', 'challenge', 32)).toString('base64url'),
    );
  });

  it('is good at every instance, after a start, and while the secret is replaced', async () => {
    const { orm, drop } = await sharedDatabase();
    close.push(drop);
    const next = 'another secret for the tests, of 32 bytes or more';
    const [one, two] = [await start(orm), await start(orm, [SECRET, next])];
    const token = await tokenOf(one);
    const submit = (test: TestApp, _csrf: string) =>
      PageClient.of(test.client()).form(`${PAGES}/passkey`, { _csrf, credential: '{}' });
    expect((await submit(two, token)).status).toBe(422);
    const three = await start(orm, [next, SECRET]);
    expect((await submit(three, token)).status).toBe(422);
    expect((await submit(two, await tokenOf(three))).status).toBe(422);
    expect((await submit(one, await tokenOf(three))).status).toBe(403);
  });

  it('is under a new key when the row of the old one was changed', async () => {
    const { orm, drop } = await sharedDatabase();
    close.push(drop);
    const before = await start(orm);
    const token = await tokenOf(before);
    await before.dataSource.getRepository(MfaStoredKey).update({ id: VISIBLE }, { data: 'v1.a.b.c.d' });
    const after = await start(orm);
    const form = (_csrf: string) =>
      PageClient.of(after.client()).form(`${PAGES}/passkey`, { _csrf, credential: '{}' });
    expect((await form(token)).status).toBe(403);
    expect((await form(await tokenOf(after))).status).toBe(422);
  });
});
