import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, it } from '@jest/globals';
import { signInWithMfa } from 'nestjs-mfa/testing';

import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD, UsersService } from './support/users.js';

const secret = () => randomBytes(32).toString('base64');

describe('an application with @nestjs/config', () => {
  let test: StartedApplication | undefined;
  afterEach(async () => {
    await test?.app.close();
    test = undefined;
  });

  const start = async (environment: Record<string, string>) => {
    for (const name of ['MFA_SECRET', 'MFA_GRACE_PERIOD_SECONDS']) delete process.env[name];
    Object.assign(process.env, { APP_URL: 'https://app.example.com', ...environment });
    const { AppModule } = await import('./config.app.js');
    return startApplication(AppModule);
  };

  it('starts with what the environment says', async () => {
    test = await start({ MFA_SECRET: [secret(), secret()].join(','), MFA_GRACE_PERIOD_SECONDS: '60' });
    const client = test.client();
    const { body } = await client.post('/login', { email: 'ada@example.com', password: PASSWORD });
    expect(body.status).toBe('authenticated');
    const ada = test.app.get(UsersService, { strict: false }).findOrCreate('ada@example.com');
    const { headers } = await signInWithMfa(test.app, ada);
    expect((await test.client(headers).get('/reports')).body).toEqual({ turnover: 42 });
    test.clock.advance(61);
    expect((await test.client(headers).get('/reports')).body).toMatchObject({
      code: 'mfa_required',
      maxAge: 60,
    });
    const { body: options } = await test
      .client((await signInWithMfa(test.app, ada)).headers)
      .post('/mfa/webauthn/options');
    expect(options.rp).toEqual({ id: 'app.example.com', name: 'Example' });
    expect((await test.client().get('/account/security', { accept: 'text/html' })).status).toBe(303);
  });

  it.each([
    ['no secret', {}, '`secret`'],
    ['a short one', { MFA_SECRET: 'short' }, '`secret`'],
    ['a short one behind another', { MFA_SECRET: `${secret()},short` }, '`secret`'],
    [
      'a period that is no number',
      { MFA_SECRET: secret(), MFA_GRACE_PERIOD_SECONDS: 'long' },
      '`gracePeriodSeconds`',
    ],
  ])('does not start with %s, and says so', async (_, environment, problem) => {
    await expect(start(environment as Record<string, string>)).rejects.toThrow(problem);
  });
});
