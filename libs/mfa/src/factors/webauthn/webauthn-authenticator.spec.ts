import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { MfaRequest } from '../../engine/rows/mfa-request.js';
import { ObjectExchange } from './object-exchange.js';
import { WebAuthnAuthenticator } from './webauthn-authenticator.js';

const ADA = { id: 'ada' };
const SESSION = { id: 's1', userId: 'ada', status: 'authenticated' } as AuthenticationSession;
const RESPONSE = {};
const REQUEST = { res: RESPONSE };
const CONTEXT = new MfaRequest(REQUEST, { user: ADA, session: SESSION });
const ROW = { id: 'a1' } as Authenticator;
const ADDED = { authenticator: ROW, isFirst: true };
const CREDENTIAL = {};

/** A key of Ada's, registered or not yet, where everything fails with that error; and what was asked of the service. */
function prepare(stored: Authenticator | null, failure?: Error) {
  const calls: unknown[][] = [];
  const called =
    (name: string, answer: unknown) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return failure ? Promise.reject(failure) : Promise.resolve(answer);
    };
  const service = {
    getCredentialCreationOptions: called('creation options', 'creation options'),
    verifyRegistration: called('registration', ADDED),
    handOut: called('hand out', undefined),
    getCredentialRequestOptions: called('request options', 'request options'),
    verifyAuthentication: called('authentication', ROW),
  };
  const resolve = (request: object) => Promise.resolve(request === REQUEST ? CONTEXT : new MfaRequest({}));
  const key = stored
    ? new WebAuthnAuthenticator(ADA, service as never, resolve, stored)
    : new WebAuthnAuthenticator(ADA, service as never, resolve);
  return { key, calls };
}

const REFUSED = new MfaException('webauthn_failed');
const UNKNOWN = new MfaException('storage_unavailable');

describe('the object of a key', () => {
  it('is registered in the request’s session, and is the key from then on', async () => {
    const { key, calls } = prepare(null);
    expect(key.authenticator).toBeNull();
    expect(await key.getCredentialCreationOptions(REQUEST)).toBe('creation options');
    expect(await key.verifyRegistration(REQUEST, CREDENTIAL)).toBe(true);
    expect(key.authenticator).toBe(ROW);
    expect(calls).toEqual([
      ['creation options', ADA, { session: SESSION }],
      ['registration', ADA, CREDENTIAL, { context: CONTEXT }],
      ['hand out', ADDED, { request: REQUEST, response: RESPONSE }],
    ]);
  });

  it('may be given the response', async () => {
    const { key, calls } = prepare(null);
    const response = { isGiven: true };
    expect(await key.verifyRegistration(REQUEST, CREDENTIAL, response)).toBe(true);
    expect(calls.at(-1)).toEqual(['hand out', ADDED, { request: REQUEST, response }]);
  });

  it('is registered once', async () => {
    const { key, calls } = prepare(ROW);
    expect(await key.verifyRegistration(REQUEST, CREDENTIAL)).toBe(false);
    expect(calls).toEqual([]);
  });

  it('verifies that key alone, in the request’s session', async () => {
    const { key, calls } = prepare(ROW);
    expect(await key.getCredentialRequestOptions(REQUEST)).toBe('request options');
    expect(await key.verifyAuthentication(REQUEST, CREDENTIAL)).toBe(true);
    expect(calls).toEqual([
      ['request options', ADA, SESSION, 'a1'],
      ['authentication', ADA, CREDENTIAL, SESSION, 'a1'],
    ]);
  });

  it('verifies nothing before it is registered', async () => {
    const { key, calls } = prepare(null);
    await expect(key.getCredentialRequestOptions(REQUEST)).rejects.toMatchObject({ code: 'not_found' });
    expect(await key.verifyAuthentication(REQUEST, CREDENTIAL)).toBe(false);
    expect(calls).toEqual([]);
  });

  it('says no to what is refused', async () => {
    expect(await prepare(null, REFUSED).key.verifyRegistration(REQUEST, CREDENTIAL)).toBe(false);
    expect(await prepare(ROW, REFUSED).key.verifyAuthentication(REQUEST, CREDENTIAL)).toBe(false);
  });

  it('says neither yes nor no when the answer is not known', async () => {
    await expect(prepare(null, UNKNOWN).key.verifyRegistration(REQUEST, CREDENTIAL)).rejects.toBe(UNKNOWN);
    await expect(prepare(ROW, UNKNOWN).key.verifyAuthentication(REQUEST, CREDENTIAL)).rejects.toBe(UNKNOWN);
  });
});

describe('the exchange of such an object', () => {
  const given: unknown[][] = [];
  const exchange = new ObjectExchange(
    { resolve: (request: object) => Promise.resolve(request === REQUEST ? CONTEXT : null) } as never,
    { give: (...all: unknown[]) => Promise.resolve(given.push(all)) } as never,
  );

  it('is resolved like any request', async () => {
    expect(await exchange.resolve(REQUEST)).toBe(CONTEXT);
  });

  it('carries the new token back, if there is one', async () => {
    await exchange.handOut(ADDED, { request: REQUEST, response: RESPONSE });
    expect(given).toEqual([]);
    const issued = {} as never;
    await exchange.handOut({ ...ADDED, issued }, { request: REQUEST, response: RESPONSE });
    expect(given).toEqual([[REQUEST, RESPONSE, issued]]);
  });
});
