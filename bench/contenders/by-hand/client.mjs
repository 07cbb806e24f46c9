import { randomUUID } from 'node:crypto';

import { SecurityKey } from '../../../tools/support/security-key.mjs';
import { expect } from '../support/expect.mjs';
import { RELYING_PARTY } from '../support/relying-party.mjs';

/** As many as the others generate. */
const CODES = 10;

const isSignedIn = ({ status, body }) => status === 200 && body.status === 'authenticated';

export const name = 'by hand';
export const server = new URL('./server.mjs', import.meta.url);

export async function enrol({ users, keyUsers, http, ask }) {
  await ask('enrol', [...users, ...keyUsers.map(({ id }) => ({ id }))]);
  for (const user of keyUsers) {
    await http.send(user, 'POST', '/login', { id: user.id });
    user.key = new SecurityKey(RELYING_PARTY.origin);
    const options = await http.send(user, 'POST', '/register/options');
    const credential = user.key.create(options.body);
    const answer = await http.send(user, 'POST', '/register', { credential });
    expect(answer, ({ status }) => status === 200, 'registration of a key');
  }
}

export function flowsOf({ send }, ask) {
  return {
    open: async (user) => expect(await send(user, 'GET', '/open'), ({ body }) => body.ok === true, 'open'),
    guarded: (user) => send(user, 'GET', '/guarded'),
    login: async (user) =>
      expect(
        await send(user, 'POST', '/login', { id: user.id }),
        ({ status, body }) => status === 200 && body.status === 'mfa_required',
        'login',
      ),
    totp: async (user, code) => expect(await send(user, 'POST', '/totp', { code }), isSignedIn, 'TOTP'),
    recovery: async (user, code) =>
      expect(await send(user, 'POST', '/recovery', { code }), isSignedIn, 'recovery code'),
    'key-options': async (user) =>
      expect(
        await send(user, 'POST', '/key/options'),
        ({ status, body }) => status === 200 && body.challenge !== undefined,
        'key options',
      ),
    'key-sign-in': async (user, credential) =>
      expect(await send(user, 'POST', '/key', { credential }), isSignedIn, 'key sign-in'),
    async renewCodes({ id }) {
      const codes = Array.from({ length: CODES }, () => randomUUID());
      await ask('renew', { userId: id, codes });
      return codes;
    },
  };
}
