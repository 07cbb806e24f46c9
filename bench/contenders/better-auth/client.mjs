import { codeOf } from '../../../tools/support/client.mjs';
import { expect } from '../support/expect.mjs';
import { PASSWORD, emailOf, signUp } from './sign-up.mjs';

const isSignedIn = ({ status, body }) => status === 200 && typeof body.token === 'string';

export const name = 'better-auth';
export const server = new URL('./server.mjs', import.meta.url);

export async function enrol({ users, http }) {
  for (const user of users) {
    await signUp(http, user);
    const enabled = await http.send(user, 'POST', '/api/auth/two-factor/enable', { password: PASSWORD });
    expect(enabled, ({ status }) => status === 200, 'two-factor/enable');
    user.secret = new URL(enabled.body.totpURI).searchParams.get('secret');
    user.codes = enabled.body.backupCodes;
    const code = codeOf(user.secret, { time: Date.now() });
    const verified = await http.send(user, 'POST', '/api/auth/two-factor/verify-totp', { code });
    expect(verified, ({ status }) => status === 200, 'activation');
  }
}

export function flowsOf({ send }) {
  const post = (user, path, body) => send(user, 'POST', `/api/auth${path}`, body);
  return {
    open: async (user) => expect(await send(user, 'GET', '/open'), ({ body }) => body.ok === true, 'open'),
    guarded: (user) => send(user, 'GET', '/guarded'),
    login: async (user) =>
      expect(
        await post(user, '/sign-in/email', { email: emailOf(user), password: PASSWORD }),
        ({ status, body }) => status === 200 && body.twoFactorRedirect === true,
        'sign-in',
      ),
    totp: async (user, code) =>
      expect(await post(user, '/two-factor/verify-totp', { code }), isSignedIn, 'TOTP'),
    recovery: async (user, code) =>
      expect(await post(user, '/two-factor/verify-backup-code', { code }), isSignedIn, 'backup code'),
    // The closest equivalent: who the user is, and whether a second factor is on.
    status: async (user) =>
      expect(
        await send(user, 'GET', '/api/auth/get-session'),
        ({ status, body }) => status === 200 && body.user.twoFactorEnabled === true,
        'get-session',
      ),
    async renewCodes(user) {
      const answer = await post(user, '/two-factor/generate-backup-codes', { password: PASSWORD });
      return expect(answer, ({ status }) => status === 200, 'new backup codes').body.backupCodes;
    },
  };
}
