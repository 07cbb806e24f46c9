import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { totpCode } from 'nestjs-mfa/testing';

import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

const HOUR = 3_600_000;

describe('the time that a client says it is', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it.each(['date', 'x-date', 'x-timestamp', 'if-modified-since'])(
    'is read from no header: %s',
    async (header) => {
      const user = await enroll(test);
      const half = await halfSignIn(test, user);
      const then = test.clock.now() + HOUR;
      const code = totpCode(user.secret, then);
      const { body } = await half.post(
        '/mfa/authenticate',
        { code },
        { [header]: new Date(then).toUTCString() },
      );
      expect(body.code).toBe('incorrect_code');
    },
  );

  it.each(['time', 'now', 'at', 'timestamp', 'step'])('is read from no field: %s', async (field) => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const then = test.clock.now() + HOUR;
    const code = totpCode(user.secret, then);
    const said = field === 'step' ? Math.floor(then / 30_000) : then;
    expect((await half.post('/mfa/authenticate', { code, [field]: said })).status).toBe(400);
    // Nor does it take a code that is right by the server's clock from being right.
    test.clock.advance(30);
    const right = await half.post('/mfa/authenticate', { code: codeOf(user.secret, test.clock) });
    expect(right.status).toBe(200);
  });
});
