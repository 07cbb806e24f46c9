import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FactorRoutes } from '../../../../../test/support/factor-routes.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { WEBAUTHN } from './webauthn.parts.js';

const PATH = '/authenticate/webauthn';
const CONTEXT = { of: 'ada', session: null };
const CREDENTIAL = { id: 'key', response: { signature: 'AA' } };
const PENDING = { id: 's1', userId: 'ada', status: 'pending' } as AuthenticationSession;

describe('the routes that prove a key', () => {
  let routes: FactorRoutes;
  beforeAll(async () => {
    routes = await FactorRoutes.serve(WEBAUTHN);
  });
  afterAll(() => routes.close());

  it.each<[string, object | undefined, object | undefined]>([
    ['any key', undefined, undefined],
    ['any key, if nothing more is needed', { userVerified: false, deviceBound: null }, undefined],
    [
      'a key that shows what is needed',
      { userVerified: true, deviceBound: true, attested: true, once: true },
      { userVerified: true, deviceBound: true, attested: true },
    ],
  ])('ask for %s', async (_, body, needs) => {
    const { calls, ...answer } = await routes.post(`${PATH}/options`, body);
    expect(answer).toStrictEqual({ status: 200, body: { by: 'WebAuthnFlow.options' }, cache: 'no-store' });
    expect(calls).toEqual([['WebAuthnFlow.options', CONTEXT, needs]]);
  });

  it.each([
    [{}, false],
    [{ trustDevice: null }, false],
    [{ trustDevice: false }, false],
    [{ trustDevice: true }, true],
  ])('pass on the proof, with %j', async (given, trustDevice) => {
    await expect(routes.post(PATH, { credential: CREDENTIAL, ...given })).resolves.toStrictEqual({
      status: 200,
      body: { by: 'WebAuthnFlow.authenticate' },
      cache: 'no-store',
      calls: [['WebAuthnFlow.authenticate', CONTEXT, CREDENTIAL, { trustDevice }]],
    });
  });

  it.each([
    ['/options', { userVerified: 'yes' }, 'userVerified must be a boolean value'],
    ['/options', { deviceBound: 'yes' }, 'deviceBound must be a boolean value'],
    ['/options', { attested: 'yes' }, 'attested must be a boolean value'],
    ['', {}, 'credential must be an object'],
    ['', { credential: CREDENTIAL, trustDevice: 'yes' }, 'trustDevice must be a boolean value'],
  ])('refuse at %p %j', async (path, body, message) => {
    await expect(routes.post(PATH + path, body)).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: [message] },
      calls: [],
    });
  });

  it.each(['/options', ''])('are open to who has signed in or is about to at %p', async (path) => {
    const body = { credential: CREDENTIAL };
    await expect(routes.post(PATH + path, body, { session: PENDING })).resolves.toMatchObject({
      status: 200,
      calls: [expect.arrayContaining([{ of: null, session: 's1' }])],
    });
    await expect(routes.post(PATH + path, body, { user: { id: 'ada' } })).resolves.toMatchObject({
      status: 200,
    });
    await expect(routes.post(PATH + path, body, {})).resolves.toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
      cache: 'no-store',
      calls: [],
    });
  });
});
