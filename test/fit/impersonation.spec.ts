import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { totpCode } from 'nestjs-mfa/testing';

import './support/environment.js';
import { AppModule } from './impersonation.app.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD, UsersService } from './support/users.js';

describe('an application whose support acts for its users', () => {
  let test: StartedApplication;
  beforeAll(async () => {
    test = await startApplication(AppModule);
  });
  afterAll(() => test.app.close());

  const idOf = (email: string) => test.app.get(UsersService, { strict: false }).findOrCreate(email).id;

  /** Somebody who has just set an authenticator app up, or signed in with the one that they have. */
  const secrets = new Map<string, string>();
  const signedIn = async (email: string) => {
    const client = test.client();
    const { body } = await client.post('/login', { email, password: PASSWORD });
    test.clock.advance(30);
    if (body.status === 'mfa_required') {
      await client.post('/mfa/authenticate', { code: totpCode(secrets.get(email) ?? '', test.clock) });
      return client;
    }
    secrets.set(email, (await client.post('/mfa/totp')).body.secret);
    await client.post('/mfa/totp/activate', { code: totpCode(secrets.get(email) ?? '', test.clock) });
    return client;
  };

  it('asks for the factor of support, shows the data of the user, and keeps the two apart', async () => {
    const ada = await signedIn('ada@example.com');
    const support = await signedIn('support@example.com');
    const [adaId, supportId] = [idOf('ada@example.com'), idOf('support@example.com')];
    expect((await support.get('/reports')).body).toEqual({ reportsOf: supportId });

    test.clock.advance(301);
    expect((await support.post(`/support/act-for/${adaId}`)).body.code).toBe('mfa_required');
    await support.post('/mfa/authenticate', {
      code: totpCode(secrets.get('support@example.com') ?? '', test.clock),
    });
    expect((await support.post(`/support/act-for/${adaId}`)).status).toBe(204);
    expect((await support.get('/reports')).body).toEqual({ reportsOf: adaId });
    expect((await support.post('/reports/publish')).status).toBe(403);

    // Ada's account is as it was, and what support does about factors is about its own.
    const [[adas], [supports]] = await Promise.all(
      [ada, support].map(async (client) => (await client.get('/mfa/authenticators')).body),
    );
    expect(adas.id).not.toBe(supports.id);
    expect((await ada.get('/mfa/sessions')).body).toHaveLength(1);
    expect((await support.delete(`/mfa/authenticators/${adas.id}`)).status).toBe(404);

    // The second factor of support goes on counting, or not.
    test.clock.advance(301);
    expect((await support.get('/reports')).body.code).toBe('mfa_required');
  });

  it('ends when support says so, signs out, or a quarter of an hour has passed', async () => {
    await signedIn('grace@example.com');
    const [graceId, supportId] = [idOf('grace@example.com'), idOf('support@example.com')];
    const support = await signedIn('support@example.com');
    const begin = () => support.post(`/support/act-for/${graceId}`);
    const subject = async (client = support) => (await client.get('/reports')).body.reportsOf;

    await begin();
    expect(await subject()).toBe(graceId);
    // Another session of the same person acts for nobody.
    expect(await subject(await signedIn('support@example.com'))).toBe(supportId);
    await support.delete('/support/act-for');
    expect(await subject()).toBe(supportId);

    await begin();
    const now = Date.now();
    const later = jest.spyOn(Date, 'now').mockReturnValue(now + 15 * 60_000 + 1);
    expect(await subject()).toBe(supportId);
    later.mockRestore();

    await begin();
    await support.delete('/mfa/session');
    expect((await support.get('/reports')).body.code).toBe('unauthenticated');
    expect(await subject(await signedIn('support@example.com'))).toBe(supportId);
  });

  it('is for support alone, with a second factor, and for users that there are', async () => {
    const mallory = await signedIn('mallory@example.com');
    expect((await mallory.post(`/support/act-for/${idOf('ada@example.com')}`)).status).toBe(403);
    const support = await signedIn('support@example.com');
    expect((await support.post('/support/act-for/nobody')).status).toBe(404);

    const half = test.client();
    await half.post('/login', { email: 'support@example.com', password: PASSWORD });
    expect((await half.post(`/support/act-for/${idOf('ada@example.com')}`)).body.code).toBe(
      'unauthenticated',
    );
  });
});
