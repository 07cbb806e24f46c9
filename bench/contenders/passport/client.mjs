import { expect } from '../support/expect.mjs';

export const name = 'passport';
export const server = new URL('./server.mjs', import.meta.url);

export async function enrol({ users, ask }) {
  await ask(
    'enrol',
    users.map(({ id, secret }) => ({ id, secret })),
  );
}

export function flowsOf({ send }) {
  return {
    open: async (user) => expect(await send(user, 'GET', '/open'), ({ body }) => body.ok === true, 'open'),
    guarded: (user) => send(user, 'GET', '/guarded'),
    login: async (user) =>
      expect(await send(user, 'POST', '/login', { id: user.id }), ({ status }) => status === 200, 'login'),
    totp: async (user, code) =>
      expect(await send(user, 'POST', '/totp', { code }), ({ status }) => status === 200, 'TOTP'),
  };
}
