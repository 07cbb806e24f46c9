import { afterEach, describe, expect, it } from '@jest/globals';

import './support/environment.js';
import type { StartedApplication } from './support/start-application.js';
import { startApplication } from './support/start-application.js';
import { PASSWORD } from './support/users.js';
import { AppModule, ThrottledModule } from './throttler.app.js';

describe('an application with @nestjs/throttler', () => {
  let test: StartedApplication;
  afterEach(() => test.app.close());

  const login = (email: string, password = PASSWORD) => test.client().post('/login', { email, password });

  it('counts what an address tries on all sign-in routes together, and refuses it in the module’s words', async () => {
    test = await startApplication(AppModule);
    const client = test.client();
    await client.post('/login', { email: 'ada@example.com', password: PASSWORD });
    const statuses = [];
    for (let index = 0; index < 18; index++) {
      const answer =
        index % 2
          ? await login(`${index}@example.com`, 'wrong')
          : await client.post('/mfa/authenticate', { code: '000000' });
      statuses.push(answer.status);
    }
    expect(statuses).not.toContain(429);
    // The twentieth is the last.
    expect((await login('ada@example.com', 'wrong')).status).toBe(401);
    const refusals = [
      await login('ada@example.com'),
      await client.post('/mfa/authenticate', { code: '000000' }),
      await client.post('/mfa/totp'),
    ];
    for (const { status, body, headers } of refusals) {
      expect([status, body.code, body.retryAfter]).toEqual([429, 'too_many_attempts', expect.any(Number)]);
      expect(headers.get('retry-after')).toBe(String(body.retryAfter));
    }
    expect((await client.get('/mfa/status')).status).toBe(200);
    expect((await client.get('/me')).status).toBe(200);
  });

  it('limits the module’s routes as it is told, where the guard is a global one', async () => {
    test = await startApplication(ThrottledModule);
    const client = test.client();
    await client.post('/login', { email: 'ada@example.com', password: PASSWORD });
    const all = [];
    for (let index = 0; index < 11; index++) all.push((await client.post('/mfa/totp')).status);
    expect(all).toEqual([...Array<number>(10).fill(201), 429]);
    const own = [];
    for (let index = 0; index < 11; index++) own.push((await client.get('/me')).status);
    expect(own).not.toContain(429);
  });
});
