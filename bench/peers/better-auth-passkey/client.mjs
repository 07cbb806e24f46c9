import { signUp } from '../../contenders/better-auth/sign-up.mjs';
import { expect } from '../../contenders/support/expect.mjs';
import { RELYING_PARTY } from '../../contenders/support/relying-party.mjs';
import { SecurityKey } from '../../../tools/support/security-key.mjs';

export const name = 'better-auth passkey';
export const server = new URL('./server.mjs', import.meta.url);

export async function enrol({ keyUsers, http }) {
  for (const user of keyUsers) {
    await signUp(http, user);
    user.key = new SecurityKey(RELYING_PARTY.origin);
    const options = await http.send(user, 'GET', '/api/auth/passkey/generate-register-options');
    const response = user.key.create(options.body);
    const answer = await http.send(user, 'POST', '/api/auth/passkey/verify-registration', { response });
    expect(answer, ({ status }) => status === 200, 'registration of a key');
  }
}

export function flowsOf({ send }) {
  return {
    guarded: (user) => send(user, 'GET', '/guarded'),
    'key-options': async (user) =>
      expect(
        await send(user, 'GET', '/api/auth/passkey/generate-authenticate-options'),
        ({ status, body }) => status === 200 && body.challenge !== undefined,
        'key options',
      ),
    'key-sign-in': async (user, response) =>
      expect(
        await send(user, 'POST', '/api/auth/passkey/verify-authentication', { response }),
        ({ status, body }) => status === 200 && body.session !== undefined,
        'key sign-in',
      ),
  };
}
