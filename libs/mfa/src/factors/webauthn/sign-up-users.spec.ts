import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { SignUpUsers } from './sign-up-users.js';

const ADA = { id: 'ada' };
const SIGN_UP = { name: 'ada', displayName: 'Ada', fields: {} };
const REQUEST = {};

class Creating extends DefaultMfaAdapter {
  override createUser(): MfaUser | null {
    return ADA;
  }
}

interface World {
  adapter?: object;
  isOn?: boolean;
  /** What is stored for the user. */
  state?: object | null;
  factors?: object[];
  sessions?: object[];
}

const usersOf = ({
  adapter = { createUser: () => ADA },
  isOn = true,
  state = null,
  factors = [],
  sessions = [],
}: World = {}) =>
  new SignUpUsers(
    { find: () => Promise.resolve({ state, authenticators: factors }) } as never,
    { list: () => Promise.resolve(sessions) } as never,
    adapter as never,
    { passkeySignUp: isOn } as never,
  );

describe('the users who sign up', () => {
  afterEach(() => void jest.restoreAllMocks());

  /** What is logged as an error from now on. */
  const errors = () => {
    const logged: unknown[] = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((text: unknown) => void logged.push(text));
    return logged;
  };

  it('are made by the adapter, which has to be able to', () => {
    const able = Object.create(Creating.prototype) as Creating;
    const unable = Object.create(DefaultMfaAdapter.prototype) as DefaultMfaAdapter;
    expect(() => usersOf({ adapter: able }).onModuleInit()).not.toThrow();
    expect(() => usersOf({ adapter: unable, isOn: false }).onModuleInit()).not.toThrow();
    expect(() => usersOf({ adapter: unable }).onModuleInit()).toThrow('createUser()');
  });

  it('are made of what they sent', async () => {
    const given: unknown[] = [];
    const adapter = {
      createUser: (...all: unknown[]) => {
        given.push(...all);
        return Promise.resolve(ADA);
      },
    };
    expect(await usersOf({ adapter }).create(SIGN_UP, REQUEST)).toBe(ADA);
    expect(given).toEqual([SIGN_UP, REQUEST]);
  });

  it('are refused by the application like a failed ceremony, without a line in the log', async () => {
    const logged = errors();
    const users = usersOf({ adapter: { createUser: () => null } });
    await expect(users.create(SIGN_UP, REQUEST)).rejects.toMatchObject({ code: 'webauthn_failed' });
    expect(logged).toEqual([]);
  });

  it.each<[string, World]>([
    ['of whom anything is stored', { state: {} }],
    ['with a factor', { factors: [{}] }],
    ['with a session', { sessions: [{}] }],
  ])('are nobody %s, which is logged', async (_, known) => {
    const logged = errors();
    await expect(usersOf(known).create(SIGN_UP, REQUEST)).rejects.toMatchObject({
      code: 'webauthn_failed',
    });
    expect(logged).toEqual([expect.stringContaining('user ada, who already existed')]);
  });

  it('are removed by the adapter', async () => {
    const removed: unknown[] = [];
    const adapter = { discardUser: (user: object) => Promise.resolve(removed.push(user)) };
    await usersOf({ adapter }).discard(ADA);
    expect(removed).toEqual([ADA]);
  });

  it.each([
    [new Error('no such table'), /discardUser\(\): no such table$/],
    ['thrown by itself', /discardUser\(\): $/],
  ])('may be impossible to remove, which is only logged', async (error, text) => {
    const logged = errors();
    // Applications throw what they like.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await usersOf({ adapter: { discardUser: () => Promise.reject(error) } }).discard(ADA);
    expect(logged).toEqual([expect.stringMatching(text)]);
  });
});
