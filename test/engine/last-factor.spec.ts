import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaUser } from 'nestjs-mfa';
import { MfaAdminService } from 'nestjs-mfa';

import { PAGES, PageAdapter, enrolledIn, startPageApp } from '../pages/support.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { enroll } from '../support/test-app.js';

class Requiring extends PageAdapter {
  override async isMfaRequired(user: MfaUser, ...rest: [never]): Promise<boolean> {
    return user.username === 'treasurer' || (await super.isMfaRequired(user, ...rest));
  }
}

describe('the last second factor of somebody who must have one', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startPageApp({ adapter: Requiring, mfa: { requiredForStaff: true } });
  });
  afterAll(() => test.close());

  const addKey = async (client: Client): Promise<string> => {
    const options = (await client.post('/mfa/webauthn/options')).body;
    const credential = new SoftwareAuthenticator().create(options);
    return (await client.post('/mfa/webauthn', { credential })).body.authenticator.id as string;
  };
  const remove = (client: Client, id: string) => client.delete(`/mfa/authenticators/${id}`);

  it.each([{ isStaff: true }, { username: 'treasurer' }])('stays: %j', async (extra) => {
    const { client, authenticatorId } = await enroll(test, extra);
    const refused = await remove(client, authenticatorId);
    expect([refused.status, refused.body.code]).toEqual([409, 'cannot_delete_authenticator']);
    expect((await client.get('/mfa/status')).body).toMatchObject({
      enabled: true,
      verified: true,
      recoveryCodes: { remaining: 10 },
    });
    // Beside another one it may go, and so may recovery codes, which stand for nobody.
    const key = await addKey(client);
    expect((await remove(client, authenticatorId)).status).toBe(204);
    expect((await remove(client, key)).body.code).toBe('cannot_delete_authenticator');
    const [codes] = (await client.get('/mfa/authenticators?type=recovery_codes')).body;
    expect((await remove(client, codes.id)).status).toBe(204);
    expect((await remove(client, key)).body.code).toBe('cannot_delete_authenticator');
  });

  it('goes with who need not have one', async () => {
    const { client, authenticatorId } = await enroll(test, { isStaff: false });
    expect((await remove(client, authenticatorId)).status).toBe(204);
  });

  it('takes along what other factors have proven in the session', async () => {
    const user = await enroll(test, { isStaff: false });
    const client = test.client();
    await client.post('/login', { id: user.id });
    const [code] = user.recoveryCodes;
    expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
    expect((await client.get('/protected')).status).toBe(200);
    expect((await remove(client, user.authenticatorId)).status).toBe(204);
    const { proven } = (await client.get('/mfa/session')).body;
    expect(proven.map(({ method }: { method: string }) => method)).toEqual(['pwd']);
    expect((await client.get('/protected')).body.code).toBe('mfa_enrollment_required');
  });

  it('goes by an administrator’s reset', async () => {
    const { id, client } = await enroll(test, { isStaff: true });
    await test.app.get(MfaAdminService).reset(id, 'Lost the phone');
    expect((await client.get('/me')).status).toBe(401);
  });

  it('stays when both factors are removed at once', async () => {
    const { client, authenticatorId } = await enroll(test, { isStaff: true });
    const key = await addKey(client);
    const answers = await Promise.all([remove(client, authenticatorId), remove(client.clone(), key)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    expect((await client.get('/mfa/authenticators')).body).toHaveLength(2);
  });

  it('says so on its page, and where to add another one', async () => {
    const { user, browser } = await enrolledIn(test, { isStaff: true });
    const page = await browser.get(`${PAGES}/totp/remove`);
    // Nothing to send but the sign-out.
    expect([page.status, page.text.match(/<form[^>]*>/g)]).toEqual([
      200,
      [expect.stringContaining('sign-out')],
    ]);
    expect(textOf(page.text)).toContain('you can’t remove the last one. Add another one first.');
    expect(page.text).toContain(`<a class="mfa-button" href="${PAGES}">`);
    expect((await browser.get(`${PAGES}/totp/remove`, { 'accept-language': 'de' })).status).toBe(200);

    const form = await browser.get(`${PAGES}/recovery-codes/generate`);
    const forced = await browser.submit(`${PAGES}/totp/remove`, { id: user.authenticatorId }, form);
    expect([forced.status, textOf(forced.text).includes('Add another one first.')]).toEqual([409, true]);

    const key = await addKey(user.client);
    const own = PageClient.of(user.client);
    expect((await own.submit(`${PAGES}/totp/remove`)).status).toBe(303);
    const keyPage = await own.get(`${PAGES}/webauthn/${key}/remove`);
    expect([/<form[^>]*remove/.test(keyPage.text), textOf(keyPage.text).includes('Add another')]).toEqual([
      false,
      true,
    ]);
  });
});
