import { afterEach, describe, expect, it } from '@jest/globals';

import { FactorRoutes } from '../../../../../test/support/factor-routes.js';
import { WEBAUTHN } from './webauthn.parts.js';

const NOBODY = {};
const CREDENTIAL = { id: 'key', response: { attestationObject: 'AA' } };

let routes: FactorRoutes;
afterEach(() => routes.close());

describe('the routes for signing up', () => {
  it.each([
    [{ name: 'ada' }, { name: 'ada', displayName: undefined }],
    [
      { name: 'ada', displayName: 'Ada', more: 1 },
      { name: 'ada', displayName: 'Ada' },
    ],
  ])('pass on the name, and nothing that was not asked for: %j', async (body, names) => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeySignUp: true });
    await expect(routes.post('/sign-up/options', body, NOBODY)).resolves.toStrictEqual({
      status: 200,
      body: { by: 'WebAuthnService.beginSignUp' },
      cache: 'no-store',
      calls: [['WebAuthnService.beginSignUp', names]],
    });
  });

  it('pass on the new passkey and what came with it', async () => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeySignUp: true });
    const given = { name: 'ada', displayName: 'Ada', fields: { terms: true } };
    const { calls, ...answer } = await routes.post(
      '/sign-up',
      { credential: CREDENTIAL, ...given, more: 1 },
      NOBODY,
    );
    expect(answer).toEqual({ status: 201, body: { by: 'WebAuthnService.finishSignUp' }, cache: 'no-store' });
    expect(calls).toEqual([
      [
        'WebAuthnService.finishSignUp',
        CREDENTIAL,
        given,
        {
          request: 'request of /sign-up',
          response: 'response to /sign-up',
        },
      ],
    ]);
  });

  it.each([
    ['/sign-up/options', {}, 'name must be a string'],
    ['/sign-up', { name: 'ada' }, 'credential must be an object'],
    ['/sign-up', { name: 'ada', credential: CREDENTIAL, fields: 'all' }, 'fields must be an object'],
  ])('refuse at %s %j', async (path, body, message) => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeySignUp: true });
    await expect(routes.post(path, body, NOBODY)).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: [message] },
      cache: 'no-store',
      calls: [],
    });
  });

  it.each([
    ['/sign-up/options', { name: 'ada' }],
    ['/sign-up', { name: 'ada', credential: CREDENTIAL }],
    ['/sign-up', {}],
  ])('do not exist without the option: %s %j', async (path, body) => {
    routes = await FactorRoutes.serve(WEBAUTHN, { passkeySignUp: false, passkeyLogin: true });
    await expect(routes.post(path, body, NOBODY)).resolves.toMatchObject({
      status: 404,
      body: { code: 'not_found' },
      cache: 'no-store',
      calls: [],
    });
  });
});
