import { afterEach, describe, expect, it } from '@jest/globals';

import { FactorRoutes } from '../../../../../test/support/factor-routes.js';
import { WEBAUTHN } from './webauthn.parts.js';

const NOBODY = {};
const CREDENTIAL = { id: 'key', response: { signature: 'AA' } };

let routes: FactorRoutes;
afterEach(() => routes.close());

describe('the routes for signing in with a passkey', () => {
  it('pass on the question and the proof, whoever asks', async () => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeyLogin: true });
    await expect(routes.post('/passkey/options', undefined, NOBODY)).resolves.toStrictEqual({
      status: 200,
      body: { by: 'WebAuthnService.getPasskeyRequestOptions' },
      cache: 'no-store',
      calls: [['WebAuthnService.getPasskeyRequestOptions']],
    });
    await expect(routes.post('/passkey', { credential: CREDENTIAL }, NOBODY)).resolves.toStrictEqual({
      status: 200,
      body: { by: 'PasskeyFlow.signIn' },
      cache: 'no-store',
      calls: [
        [
          'PasskeyFlow.signIn',
          CREDENTIAL,
          {
            request: 'request of /passkey',
            response: 'response to /passkey',
          },
        ],
      ],
    });
  });

  it('refuse what is no proof', async () => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeyLogin: true });
    await expect(routes.post('/passkey', { credential: 'key' }, NOBODY)).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: ['credential must be an object'] },
      cache: 'no-store',
      calls: [],
    });
  });

  it.each([
    ['/passkey/options', undefined],
    ['/passkey', { credential: CREDENTIAL }],
    ['/passkey', { credential: 'key' }],
  ])('do not exist without the option: %s %j', async (path, body) => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeyLogin: false, passkeySignUp: true });
    await expect(routes.post(path, body, NOBODY)).resolves.toMatchObject({
      status: 404,
      body: { code: 'not_found' },
      cache: 'no-store',
      calls: [],
    });
  });
});
