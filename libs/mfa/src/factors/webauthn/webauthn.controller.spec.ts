import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FactorRoutes, expectAddingOnly } from '../../../../../test/support/factor-routes.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { WEBAUTHN } from './webauthn.parts.js';

const ADA = { id: 'ada' };
const SESSION = { id: 's1', userId: 'ada', status: 'authenticated' } as AuthenticationSession;
const CREDENTIAL = { id: 'key', response: { attestationObject: 'AA' } };
const RECENT = { user: ADA, session: SESSION, recent: ['adding'] } as const;
const CONTEXT = { of: 'ada', session: null };

describe('the routes of keys', () => {
  let routes: FactorRoutes;
  beforeAll(async () => {
    routes = await FactorRoutes.serve(WEBAUTHN);
  });
  afterAll(() => routes.close());

  it('give the signals for password managers to any signed-in user', async () => {
    await expect(routes.get('/webauthn/signals', { user: ADA })).resolves.toStrictEqual({
      status: 200,
      body: { by: 'WebAuthnService.getSignals' },
      cache: 'no-store',
      calls: [['WebAuthnService.getSignals', ADA]],
    });
    await expect(routes.get('/webauthn/signals', {})).resolves.toMatchObject({ status: 401, calls: [] });
  });

  it.each([
    [undefined, {}],
    [
      { passwordless: true, role: 'both', automatic: false, more: 1 },
      { passwordless: true, role: 'both', automatic: false },
    ],
  ])('pass on what a new key is to be, and the session: %j', async (body, wishes) => {
    const { calls, ...answer } = await routes.post('/webauthn/options', body, RECENT);
    expect(answer).toStrictEqual({
      status: 200,
      body: { by: 'WebAuthnService.getCredentialCreationOptions' },
      cache: 'no-store',
    });
    expect(calls).toEqual([
      ['WebAuthnService.getCredentialCreationOptions', ADA, { ...wishes, session: SESSION }],
    ]);
  });

  it('pass on a new key with its request, and answer with what came of it', async () => {
    const body = { name: 'Blue', endOtherSessions: true };
    const { calls, ...answer } = await routes.post('/webauthn', { credential: CREDENTIAL, ...body, more: 1 });
    expect(answer).toEqual({ status: 201, body: { by: 'ActivationAnswers.give' }, cache: 'no-store' });
    expect(calls).toEqual([
      ['WebAuthnService.verifyRegistration', ADA, CREDENTIAL, { ...body, context: CONTEXT }],
      [
        'ActivationAnswers.give',
        ADA,
        { by: 'WebAuthnService.verifyRegistration' },
        {
          request: 'request of /webauthn',
          response: 'response to /webauthn',
        },
      ],
    ]);
  });

  it.each([
    ['/webauthn/options', { passwordless: 'yes' }, 'passwordless must be a boolean value'],
    ['/webauthn/options', { automatic: 'yes' }, 'automatic must be a boolean value'],
    [
      '/webauthn/options',
      { role: 'any' },
      'role must be one of the following values: second_factor, passwordless, both',
    ],
    ['/webauthn', {}, 'credential must be an object'],
  ])('refuse at %s %j', async (path, body, message) => {
    await expect(routes.post(path, body)).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: [message] },
      calls: [],
    });
  });

  it.each([
    ['/webauthn/options', 200],
    ['/webauthn', 201],
  ])('need a proof recent enough to add a factor at %s', async (path, status) => {
    await expectAddingOnly(routes, path, { credential: CREDENTIAL }, status);
  });

  it('are documented under their headings, with the status that they have', () => {
    const [ok, created] = [[200], [201]];
    expect(routes.documented()).toEqual({
      'GET /webauthn/signals': { tag: 'Security keys and passkeys', statuses: ok },
      'POST /webauthn/options': { tag: 'Security keys and passkeys', statuses: ok },
      'POST /webauthn': { tag: 'Security keys and passkeys', statuses: created },
      'POST /authenticate/webauthn/options': { tag: 'Signing in', statuses: ok },
      'POST /authenticate/webauthn': { tag: 'Signing in', statuses: ok },
      'POST /passkey/options': { tag: 'Signing in', statuses: ok },
      'POST /passkey': { tag: 'Signing in', statuses: ok },
      'POST /sign-up/options': { tag: 'Signing up', statuses: ok },
      'POST /sign-up': { tag: 'Signing up', statuses: created },
    });
  });
});
