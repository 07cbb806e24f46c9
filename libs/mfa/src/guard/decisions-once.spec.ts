import { beforeEach, describe, expect, it } from '@jest/globals';

import type { MfaUser } from '../core/users/mfa-user.js';
import type { MfaPolicyDecision } from '../core/policy/policy.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { DecisionsOnce } from './decisions-once.js';

const SESSION = { id: 'one' } as MfaRequest['session'];

interface Asked {
  question: string;
  session: MfaRequest['session'];
  user: MfaUser | null;
}

describe('decisions of one operation', () => {
  const request = {};
  let decisions: DecisionsOnce;
  let made: number;

  beforeEach(() => {
    decisions = new DecisionsOnce();
    made = 0;
  });

  const decide = (): Promise<MfaPolicyDecision> => {
    made += 1;
    return Promise.resolve({ allow: true });
  };
  const ask = async (
    operation: object,
    { question = 'same', session = SESSION, user = { id: 1 } }: Partial<Asked> = {},
  ) => decisions.once({ request, session, user } as unknown as MfaRequest, operation, () => question, decide);

  it('are made once for the same question', async () => {
    const operation = {};
    expect(await ask(operation)).toBe(await ask(operation));
    expect(made).toBe(1);
  });

  it('are made once while the first is still under way', async () => {
    const operation = {};
    await Promise.all([ask(operation), ask(operation), ask(operation)]);
    expect(made).toBe(1);
  });

  it.each([
    ['question', { question: 'other' }],
    ['session', { session: { id: 'one' } as MfaRequest['session'] }],
    ['user', { user: { id: 2 } }],
    ['missing user', { user: null }],
  ])('are made anew for another %s', async (_, other) => {
    const operation = {};
    await ask(operation);
    await ask(operation, other);
    expect(made).toBe(2);
  });

  it('are made anew once the same user object has become somebody else', async () => {
    const operation = {};
    const user = { id: 1, isStaff: true };
    await ask(operation, { user });
    user.isStaff = false;
    await ask(operation, { user });
    expect(made).toBe(2);
  });

  it('are made anew for another operation', async () => {
    await ask({});
    await ask({});
    expect(made).toBe(2);
  });

  it('are made anew each time an HTTP request asks, which may have changed in between', async () => {
    await ask(request);
    await ask(request);
    expect(made).toBe(2);
  });
});
