/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { codeOf, enroll, halfSignIn, startTestApp, users } from '../support/test-app.js';

describe('a database that is gone', () => {
  it('answers 503 everywhere and grants nothing', async () => {
    const test = await startTestApp();
    const { client, id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    users.set('newcomer', { id: 'newcomer' });
    await test.dataSource.destroy();
    for (const answer of [
      await client.get('/protected'),
      await client.get('/me'),
      await client.get('/mfa/status'),
      await client.post('/mfa/totp'),
      await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) }),
      await test.client().post('/login', { id }),
      await test.client().post('/login', { id: 'newcomer' }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable']);
      expect(answer.text).not.toMatch(/sqlite|select|typeorm|stack/i);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    const logged = test.logger.lines.filter((line) => line.includes('The database refused: '));
    expect(logged.length).toBeGreaterThanOrEqual(7);
    await test.close().catch(() => undefined);
  });
});
