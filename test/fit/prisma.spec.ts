import { describe, expect, it } from '@jest/globals';

import { PrismaMfaAdapter } from './prisma.app.js';

describe('an adapter over Prisma’s client', () => {
  const users = [
    { id: 1, email: 'ada@example.com', disabledAt: null },
    { id: 2, email: 'mallory@example.com', disabledAt: new Date(0) },
  ];
  // Prisma downloads the program with which it makes its client, which tests must not need: this is of the same shape.
  const adapter = new PrismaMfaAdapter({
    user: { findUnique: ({ where }) => Promise.resolve(users.find(({ id }) => id === where.id) ?? null) },
  });

  it.each([
    ['1', 'ada@example.com'],
    ['2', undefined],
    ['3', undefined],
  ])('finds of %s the address %s', async (id, email) => {
    expect((await adapter.findUser(id))?.email).toBe(email);
  });
});
