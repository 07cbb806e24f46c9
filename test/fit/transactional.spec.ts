import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';

import './support/environment.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { Account, AppModule, Invitation } from './transactional.app.js';

describe('an application with @nestjs-cls/transactional', () => {
  let test: StartedApplication;
  let email = '';
  let people = 0;
  beforeAll(async () => {
    test = await startApplication(AppModule);
  });
  afterAll(() => test.app.close());
  beforeEach(async () => {
    people += 1;
    email = `user-${people}@example.com`;
    await test.app.get(DataSource).getRepository(Invitation).insert({ email });
  });

  const accounts = () => test.app.get(DataSource).getRepository(Account).countBy({ email });

  it('signs in after the transaction', async () => {
    const client = test.client();
    expect((await client.post('/register', { email })).body.status).toBe('authenticated');
    expect((await client.get('/account')).body.email).toBe(email);
    expect((await client.post('/mfa/totp')).status).toBe(201);
  });

  it('signs nobody in whose transaction was undone', async () => {
    const answer = await test.client().post('/register', { email: 'nobody@example.com' });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([500, []]);
  });

  it('fails at once inside the transaction, says why, and leaves nothing behind', async () => {
    const client = test.client();
    const begun = performance.now();
    expect((await client.post('/register-in-one', { email })).status).toBe(500);
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(test.logger.lines.join('\n')).toContain('called inside an open transaction of the application');
    expect(client.cookies.size).toBe(0);
    expect(await accounts()).toBe(0);
    expect((await client.post('/register', { email })).status).toBe(200);
    expect(await accounts()).toBe(1);
  });
});
