import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

describe('addresses', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { pages: { loginUrl: '/login' } } });
  });
  afterAll(() => test.close());

  // The client of all tests looks at each address that it asks for or is led to: this shows that it does.
  it('never hold a secret, in any test', async () => {
    const user = await enroll(test);
    const [code = ''] = user.recoveryCodes;
    for (const secret of [code, user.secret, [...user.client.cookies.values()][0] ?? ''])
      await expect(user.client.get(`/public?at=${encodeURIComponent(secret)}`)).rejects.toThrow(
        /has a secret of/,
      );
  });

  it('lead on after a code was typed, without it', async () => {
    const user = await enroll(test);
    test.clock.advance(30);
    const pages = PageClient.of(await halfSignIn(test, user));
    const code = codeOf(user.secret, test.clock);
    const answer = await pages.submit('/account/security/authenticate?next=/me', { code });
    expect([answer.status, PageClient.location(answer)]).toEqual([303, '/me']);
  });
});
