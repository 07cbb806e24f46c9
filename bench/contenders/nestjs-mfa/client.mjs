import { SecurityKey } from '../../../tools/support/security-key.mjs';
import { expect } from '../support/expect.mjs';
import { RELYING_PARTY } from '../support/relying-party.mjs';

const isSignedIn = ({ status, body }) => status === 200 && body.status === 'authenticated';

export const name = 'nestjs-mfa';
export const server = new URL('./server.mjs', import.meta.url);

export async function enrol({ users, keyUsers, http, ask }) {
  const { imported } = await ask('enrol', users);
  if (imported !== users.length) throw new Error(`${imported} of ${users.length} users are imported`);
  const { keyOf } = flowsOf(http);
  for (const user of keyUsers) await keyOf(user);
}

export function flowsOf({ send }) {
  return {
    open: async (user) => expect(await send(user, 'GET', '/open'), ({ body }) => body.ok === true, 'open'),
    guarded: (user) => send(user, 'GET', '/guarded'),
    login: async (user) =>
      expect(
        await send(user, 'POST', '/login', { id: user.id }),
        ({ status, body }) => status === 200 && body.status === 'mfa_required',
        'login',
      ),
    totp: async (user, code) =>
      expect(await send(user, 'POST', '/mfa/authenticate', { code }), isSignedIn, 'TOTP'),
    recovery: async (user, code) =>
      expect(await send(user, 'POST', '/mfa/authenticate', { code }), isSignedIn, 'recovery code'),
    'key-options': async (user) =>
      expect(
        await send(user, 'POST', '/mfa/passkey/options'),
        ({ status, body }) => status === 200 && body.challenge !== undefined,
        'key options',
      ),
    'key-sign-in': async (user, credential) =>
      expect(await send(user, 'POST', '/mfa/passkey', { credential }), isSignedIn, 'key sign-in'),
    status: async (user) =>
      expect(
        await send(user, 'GET', '/mfa/status'),
        ({ status, body }) => status === 200 && body.enabled === true && body.verified === true,
        'status',
      ),
    page: async (user) =>
      expect(
        await send(user, 'GET', '/account/security/authenticate'),
        ({ status, body }) => status === 200 && body.includes('name="code"'),
        'authenticate page',
      ),
    async renewCodes(user) {
      const { body } = expect(
        await send(user, 'POST', '/mfa/recovery-codes'),
        ({ status }) => status === 201,
        'new recovery codes',
      );
      return body.codes;
    },
    async keyOf(user) {
      await send(user, 'POST', '/login', { id: user.id });
      user.key = new SecurityKey(RELYING_PARTY.origin);
      const options = await send(user, 'POST', '/mfa/webauthn/options', { passwordless: true });
      const credential = user.key.create(options.body);
      const answer = await send(user, 'POST', '/mfa/webauthn', { credential });
      return expect(answer, ({ status }) => status === 201, 'registration of a key');
    },
  };
}
