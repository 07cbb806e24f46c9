import { describe, expect, it } from '@jest/globals';

import { FormerSessions } from './former-sessions.js';

describe('the session that a client held before', () => {
  it.each([
    ['is ended by the token that it presents', 'a-token', [{ ends: 'a-token' }]],
    ['is none without a token', null, []],
  ])('%s', async (_, token, writes) => {
    const former = new FormerSessions(
      { readToken: () => Promise.resolve(token) } as never,
      { planEndingToken: (one: string) => ({ ends: one }) } as never,
    );
    await expect(former.planEnding({})).resolves.toEqual(writes);
  });
});
