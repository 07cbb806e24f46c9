import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MfaAdminService, MfaService } from 'nestjs-mfa';

import type { Client } from '../../support/client.js';
import { rowsOf } from '../../support/databases.js';
import type { Enrolled, TestApp } from '../../support/test-app.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../../support/test-app.js';

/**
 * A deployment that was rolled back, or an instance without the option that the others have: it finds authenticators of a type that it
 * knows nothing of.
 */
describe('an authenticator whose factor is not there', () => {
  let test: TestApp;
  let ada: Enrolled;
  let client: Client;

  beforeAll(async () => {
    test = await startTestApp({ mfa: { pages: true } });
    ada = await enroll(test);
    await rowsOf(test.dataSource, "UPDATE mfa_authenticator SET type = 'retired' WHERE id = ?", [
      ada.authenticatorId,
    ]);
    client = await halfSignIn(test, ada);
  });
  afterAll(() => test.close());

  const countOf = async () => {
    const sql = 'SELECT second_factors AS count FROM mfa_user_state WHERE user_id = ?';
    return (await rowsOf(test.dataSource, sql, [ada.id])) as unknown;
  };

  it('is still owed, and the user has what else there is', async () => {
    expect((await client.get('/mfa/session')).body).toMatchObject({
      status: 'mfa_required',
      methods: ['recovery_codes'],
    });
    expect(test.logger.lines.filter((line) => line.includes('of type retired'))).toHaveLength(1);
    await expect(test.app.get(MfaService).isMfaEnabled({ id: ada.id })).resolves.toBe(true);
    await expect(test.app.get(MfaService).isMfaEnabled({ id: ada.id }, ['totp'])).resolves.toBe(false);
  });

  it('gives nobody with the password a factor of their own', async () => {
    for (const path of ['/mfa/totp', '/mfa/recovery-codes', '/protected']) {
      const { status } = await client.send(path === '/protected' ? 'GET' : 'POST', path);
      expect([path, status]).toEqual([path, 401]);
    }
    const code = codeOf(ada.secret, test.clock);
    expect(await client.post('/mfa/authenticate', { code })).toMatchObject({
      status: 400,
      body: { code: 'incorrect_code' },
    });
    const page = await client.get('/account/security/authenticate', { accept: 'text/html' });
    expect(page.status).toBe(200);
    expect(page.text).toContain('recovery code');
  });

  it('can be replaced, and removed, by whoever has proven another one', async () => {
    const [code] = ada.recoveryCodes;
    expect((await client.post('/mfa/authenticate', { code })).status).toBe(200);
    expect((await client.get('/protected')).status).toBe(200);
    const { body: setup } = await client.post('/mfa/totp');
    const added = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect(added).toMatchObject({ status: 201, body: { authenticator: { type: 'totp' } } });
    expect(await countOf()).toEqual([{ count: 2 }]);
    const index = await client.get('/account/security', { accept: 'text/html' });
    expect(index).toMatchObject({ status: 200, text: expect.stringContaining('Authenticator app') });
    expect((await client.delete(`/mfa/authenticators/${ada.authenticatorId}`)).status).toBe(204);
    expect(await countOf()).toEqual([{ count: 1 }]);
  });

  it('goes with all others in a reset', async () => {
    const bob = await enroll(test);
    await rowsOf(test.dataSource, "UPDATE mfa_authenticator SET type = 'retired' WHERE id = ?", [
      bob.authenticatorId,
    ]);
    await test.app.get(MfaAdminService).reset(bob.id, 'ticket 7');
    expect((await test.client().post('/login', { id: bob.id })).body.status).toBe('authenticated');
  });
});
