// What users do, in the order in which one user does it. `kind` says what may be slow: a request never may.
import { Client, codeOf } from '../support/client.mjs';
import { SecurityKey } from '../support/security-key.mjs';
import { ORIGIN } from './application.mjs';
import { hasKey, isEnrolled, isUnenrolled, tokenOf, userIdOf } from './fill.mjs';

const step = (name, expected, run, more = {}) => ({ name, kind: 'request', expected, run, ...more });
const hidden = (run) => ({ name: null, kind: 'request', run });

/** Flows of the users filled in by SQL, chosen at random, so that the whole of each table is visited. */
export function flowsOfAnybody({ url, pick }) {
  const withToken = (kind, n) => new Client(url, { 'x-mfa-session': tokenOf(kind, n) });
  const anonymous = () => new Client(url, { 'x-mfa-session': 'new' });
  const enrolled = () => pick(isEnrolled);
  const unenrolled = () => pick(isUnenrolled);
  const as = (path) => () => withToken('fresh', enrolled()).get(path);
  return [
    step('guard, verified', 200, as('/protected')),
    step('guard, proof too old', 401, () =>
      withToken(
        'old',
        pick((n) => isEnrolled(n) && n % 50 !== 1),
      ).get('/protected'),
    ),
    step('guard, not enrolled', 403, () => withToken('fresh', unenrolled()).get('/protected')),
    step('guard, unknown token', 401, () => withToken('unknown', enrolled()).get('/protected')),
    step('status', 200, as('/mfa/status')),
    step('list of authenticators', 200, () => withToken('fresh', pick(hasKey)).get('/mfa/authenticators')),
    step('recovery codes, how many', 200, as('/mfa/recovery-codes')),
    step('list of trusted browsers', 200, as('/mfa/trusted-devices')),
    step('login without a factor', 200, () => anonymous().post('/login', { id: userIdOf(unenrolled()) })),
    step('login with a factor', 200, () => anonymous().post('/login', { id: userIdOf(enrolled()) })),
    step('WebAuthn request options', 200, () =>
      withToken('fresh', pick(hasKey)).post('/mfa/authenticate/webauthn/options'),
    ),
  ];
}

/** Flows of users who enrolled through the library, in turn; the actor keeps what they hold. */
export function flowsOfActors({ url, clock }) {
  const login = ({ client, id }) => client.post('/login', { id });
  const prove = ({ client, secret }, more) =>
    client.post('/mfa/authenticate', { code: codeOf(secret, clock), ...more });
  const logout = ({ client }) => client.delete('/mfa/session');
  const again = hidden(async (actor) => {
    await logout(actor);
    actor.client = new Client(url);
    await login(actor);
  });
  return [
    step('first login', 200, (actor) => login(Object.assign(actor, { client: new Client(url) }))),
    step('TOTP set-up', 201, async (actor) => {
      const answer = await actor.client.post('/mfa/totp');
      actor.secret = answer.body.secret;
      return answer;
    }),
    step('TOTP activation', 201, async (actor) => {
      const answer = await actor.client.post('/mfa/totp/activate', { code: codeOf(actor.secret, clock) });
      return Object.assign(actor, {
        totpId: answer.body.authenticator?.id,
        codes: answer.body.recoveryCodes,
        answer,
      }).answer;
    }),
    step('logout', 204, logout, { tick: true }),
    hidden(login),
    step('wrong code', 400, ({ client }) => client.post('/mfa/authenticate', { code: '00000000' })),
    step('sign-in with TOTP', 200, (actor) => prove(actor), { tick: true }),
    again,
    step('sign-in with TOTP, trusting the browser', 200, (actor) => prove(actor, { trustDevice: true }), {
      tick: true,
    }),
    hidden(logout),
    step('login from a trusted browser', 200, login),
    step('step-up with TOTP', 200, (actor) => prove(actor), { tick: true }),
    step('revoke a trusted browser', 204, async ({ client }) => {
      const { body } = await client.get('/mfa/trusted-devices');
      return client.delete(`/mfa/trusted-devices/${body[0].id}`);
    }),
    step('revoke all trusted browsers', 204, ({ client }) => client.delete('/mfa/trusted-devices')),
    again,
    step('sign-in with a recovery code', 200, ({ client, codes }) =>
      client.post('/mfa/authenticate', { code: codes[0] }),
    ),
    step('WebAuthn creation options', 200, async (actor) => {
      const answer = await actor.client.post('/mfa/webauthn/options', { passwordless: true });
      actor.key = new SecurityKey(ORIGIN);
      actor.credential = actor.key.create(answer.body);
      return answer;
    }),
    step('WebAuthn registration', 201, async (actor) => {
      const answer = await actor.client.post('/mfa/webauthn', { credential: actor.credential });
      return Object.assign(actor, { keyId: answer.body.authenticator?.id, answer }).answer;
    }),
    again,
    hidden(async (actor) => {
      actor.options = (await actor.client.post('/mfa/authenticate/webauthn/options')).body;
    }),
    step('sign-in with WebAuthn', 200, ({ client, key, options }) =>
      client.post('/mfa/authenticate/webauthn', { credential: key.get(options) }),
    ),
    hidden(async (actor) => {
      await logout(actor);
      actor.client = new Client(url);
    }),
    step('passkey options', 200, async (actor) => {
      const answer = await actor.client.post('/mfa/passkey/options');
      return Object.assign(actor, { options: answer.body, answer }).answer;
    }),
    step('sign-in with a passkey', 200, ({ client, key, options }) =>
      client.post('/mfa/passkey', { credential: key.get(options) }),
    ),
    step('rename', 200, ({ client, keyId }) =>
      client.patch(`/mfa/authenticators/${keyId}`, { name: 'Blue key' }),
    ),
    step('recovery codes, new set', 201, ({ client }) => client.post('/mfa/recovery-codes')),
    step('removal of a key', 204, ({ client, keyId }) => client.delete(`/mfa/authenticators/${keyId}`)),
    again,
    hidden((actor) => prove(actor)),
    step('removal of the last factor', 204, ({ client, totpId }) =>
      client.delete(`/mfa/authenticators/${totpId}`),
    ),
  ];
}
