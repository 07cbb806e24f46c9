import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { UserStateService } from '../users/user-state.service.js';
import { MessageBudget } from './message-budget.js';

const NOW = 1_800_000_000_000;
const WINDOW_MS = 600_000;
const LIMIT = { messages: 2, windowSeconds: 600 };
const spent = (retryAfter: number) => ({ code: 'too_many_messages', details: { retryAfter } });

describe('the budget of messages', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let users: UserStateService;
  let budget: MessageBudget;
  let now: number;
  const clock = { now: () => now };

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(MfaUserState));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
    users = new UserStateService(storage, clock);
    budget = new MessageBudget(storage, users, clock);
  });
  beforeEach(async () => {
    now = NOW;
    await dataSource.createQueryBuilder().delete().from(MfaUserState).execute();
    await storage.commit([users.planCreation('ada'), users.planCreation('eve')]);
  });
  afterAll(() => close());

  const take = (userId = 'ada', limit = LIMIT) => budget.take(userId, limit);
  const giveBack = (taken: Awaited<ReturnType<typeof take>>) =>
    storage.commit([budget.planGivingBack(taken)]);
  const counted = async (userId = 'ada') => (await users.find(userId))?.messages;

  it('allows as many as a window has, and tells when the next one may be sent', async () => {
    await expect(take()).resolves.toEqual({ userId: 'ada', at: NOW, nextAt: new Date(NOW) });
    now += 1000;
    await expect(take()).resolves.toEqual({ userId: 'ada', at: now, nextAt: new Date(NOW + WINDOW_MS) });
    now += 500;
    await expect(take()).rejects.toMatchObject(spent(599));
  });

  it('is full again from the moment in which the window ends', async () => {
    await take();
    await take();
    now = NOW + WINDOW_MS - 1;
    await expect(take()).rejects.toMatchObject(spent(1));
    now = NOW + WINDOW_MS;
    await expect(take()).resolves.toMatchObject({ nextAt: new Date(now) });
    await expect(take()).resolves.toMatchObject({ nextAt: new Date(now + WINDOW_MS) });
  });

  it('is full again where the window began at a time that is none', async () => {
    const messagesFrom = 9_000_000_000_000_000 as never;
    await dataSource.getRepository(MfaUserState).update('ada', { messages: 2, messagesFrom });
    await expect(take()).resolves.toMatchObject({ nextAt: new Date(NOW) });
    await expect(take()).resolves.toMatchObject({ nextAt: new Date(NOW + WINDOW_MS) });
    await expect(take()).rejects.toMatchObject(spent(600));
  });

  it('belongs to one user', async () => {
    await take();
    await take();
    expect(await counted('eve')).toBeNull();
    await expect(take('eve')).resolves.toMatchObject({ userId: 'eve', nextAt: new Date(NOW) });
  });

  it('is none of a user who was forgotten', async () => {
    await expect(take('gone')).rejects.toMatchObject({ code: 'session_expired' });
  });

  it('has a message again that was given back, once', async () => {
    await take();
    await giveBack(await take());
    await take();
    await expect(take()).rejects.toMatchObject(spent(600));
  });

  it('begins a new window after the only message of one was given back', async () => {
    await giveBack(await take());
    now += 60_000;
    await take();
    await expect(take()).resolves.toMatchObject({ nextAt: new Date(now + WINDOW_MS) });
  });

  it('gets nothing back for a window that is over, nor for another user, nor more than was taken', async () => {
    const old = await take();
    await take('eve');
    now += WINDOW_MS;
    await take();
    await giveBack(old);
    expect(await counted()).toBe(1);
    await giveBack({ ...old, userId: 'eve' });
    await giveBack({ ...old, userId: 'eve' });
    expect([await counted(), await counted('eve')]).toEqual([1, 0]);
  });

  it('counts from now if the window was given back before it is read', async () => {
    const emptied = { find: () => Promise.resolve({ messages: 0, messagesFrom: null }) };
    const late = new MessageBudget(storage, emptied as never, clock);
    await expect(late.take('ada', LIMIT)).resolves.toMatchObject({ nextAt: new Date(NOW) });
    await late.take('ada', LIMIT);
    now += 1000;
    await expect(late.take('ada', LIMIT)).rejects.toMatchObject(spent(600));
  });
});
