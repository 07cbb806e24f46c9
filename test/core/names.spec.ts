import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MfaImportService, MfaService, TotpService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  codeOf,
  enroll,
  newUserId,
  startTestApp,
  users,
} from '../support/test-app.js';

/** Reads "Key name", and holds what is not seen. */
const TURNED = '\u200bKey \u202eeman\u2069';
const CLEAN = 'Key eman';

let generated = '';

class NamingAdapter extends TestAdapter {
  override generateAuthenticatorName(): Promise<string> {
    return Promise.resolve(generated);
  }
}

describe('names of authenticators, with characters that are not seen', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ adapter: NamingAdapter, mfa: { webauthn: RELYING_PARTY } });
  });
  afterAll(() => test.close());

  const namesOf = async (id: string) =>
    (await test.app.get(MfaService).getUserAuthenticators({ id }, 'totp')).map(({ name }) => name);

  it('lose them when users give them', async () => {
    const { client, authenticatorId } = await enroll(test);
    const path = `/mfa/authenticators/${authenticatorId}`;
    expect((await client.patch(path, { name: TURNED })).body).toMatchObject({ name: CLEAN });
    expect((await client.patch(path, { name: '👩🏽\u200d🚀 می\u200cخواهم' })).body.name).toBe(
      '👩🏽\u200d🚀 می\u200cخواهم',
    );
    // Nothing to see is no name.
    for (const name of ['\u200b\u2060', '\u202e', '\ufeff \u200f', '\u3164']) {
      const refused = await client.patch(path, { name });
      expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
    }
    const options = (await client.post('/mfa/webauthn/options')).body;
    const credential = new SoftwareAuthenticator().create(options);
    const added = await client.post('/mfa/webauthn', { credential, name: TURNED });
    expect([added.status, added.body.authenticator.name]).toEqual([201, CLEAN]);
    expect(test.adapter.notifications.at(-1)).toMatchObject({
      authenticatorName: CLEAN,
      text: expect.stringMatching(/^“Key eman” was added/),
    });
  });

  it.each([
    ['letters', 'x'.repeat(100), 'x'.repeat(101)],
    ['characters of two UTF-16 units', '🔑'.repeat(100), '🔑'.repeat(101)],
    [
      'characters with a variation selector, which the column counts',
      '1\ufe0f'.repeat(50),
      '1\ufe0f'.repeat(51),
    ],
  ])('have at most 100 characters, and users get all of them: %s', async (_, longest, longer) => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const { secret } = (await client.post('/mfa/totp')).body;
    const activate = (name: string) =>
      client.post('/mfa/totp/activate', { code: codeOf(secret, test.clock), name });
    const refused = await activate(longer);
    expect([refused.status, refused.body.message]).toEqual([400, ['name must have 1 to 100 characters']]);
    const { status, body } = await activate(longest);
    expect([status, body.authenticator.name]).toEqual([201, longest]);
    const path = `/mfa/authenticators/${body.authenticator.id}`;
    expect((await client.patch(path, { name: longer })).body.code).toBe('invalid_request');
    expect((await client.patch(path, { name: longest })).body.name).toBe(longest);
  });

  it('lose them when code gives them', async () => {
    const id = newUserId();
    users.set(id, { id });
    const totp = test.app.get(TotpService);
    const { secret } = await totp.begin({ id });
    await totp.activate({ id }, { code: codeOf(secret, test.clock), name: `${TURNED}\r\n` });
    expect(await namesOf(id)).toEqual([CLEAN]);
  });

  it.each([
    [TURNED, CLEAN],
    ['Key\r\n\r\nforged', 'Key forged'],
    ['x'.repeat(300), 'x'.repeat(100)],
    [`x${'💥'.repeat(100)}`, `x${'💥'.repeat(99)}`],
    ['\u202e\u200b', 'Authenticator'],
    ['', 'Authenticator'],
  ])('lose them when the hook makes them: %j', async (name, kept) => {
    generated = name;
    const { id } = await enroll(test);
    expect(await namesOf(id)).toEqual([kept]);
  });

  it('lose them when they are imported', async () => {
    const id = newUserId();
    users.set(id, { id });
    const record = { userId: id, totp: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', name: TURNED } };
    expect(await test.app.get(MfaImportService).importRecords([record])).toMatchObject({ imported: 1 });
    expect(await namesOf(id)).toEqual([CLEAN]);
  });

  it('are shown without them where they are older than this rule', async () => {
    const { id, client } = await enroll(test);
    await test.dataSource
      .createQueryBuilder()
      .update('mfa_authenticator')
      .set({ name: TURNED })
      .where('user_id = :id AND type = :type', { id, type: 'totp' })
      .execute();
    expect((await client.get('/mfa/authenticators?type=totp')).body[0].name).toBe(CLEAN);
    await client.delete(`/mfa/authenticators/${(await client.get('/mfa/authenticators')).body[0].id}`);
    expect(test.adapter.notifications.at(-1)?.text).toMatch(/^“Key eman” was removed/);
  });
});
