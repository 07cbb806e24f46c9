import { describe, expect, it } from '@jest/globals';

import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { WebAuthnService } from './webauthn.service.js';

const ADA = { id: 'ada' };
const SESSION = { id: 's1' } as AuthenticationSession;
const KEY = { id: 'key', type: 'webauthn' };
const EXCHANGE = { request: {}, response: {} };
const CREDENTIAL = new SoftwareAuthenticator().get({ challenge: 'AQID', rpId: 'example.com' });

/** The service for Ada, and what it asked of the others. */
function prepare() {
  const calls: unknown[][] = [];
  const called =
    (name: string, answer: unknown = name) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return Promise.resolve(answer);
    };
  const service = new WebAuthnService(
    { forUser: called('options'), forPasskeys: called('passkey options') } as never,
    { verifyForUser: called('verify', { authenticator: KEY }), commit: called('commit', KEY) } as never,
    { options: called('creation options'), register: called('register') } as never,
    { begin: called('begin'), finish: called('finish') } as never,
    { of: called('signals') } as never,
    {
      entity: () => Promise.resolve({ id: 'example.com', name: 'Example' }),
      originFor: (request?: object) => (request ? 'https://asked.example.com' : 'https://example.com'),
    } as never,
    {
      find: (id: string) => Promise.resolve(id === 'ada' ? [{ id: 'app', type: 'totp' }, KEY] : []),
    } as never,
    { resolve: called('resolve', { authenticatedSession: SESSION }), handOut: called('hand out') } as never,
  );
  return { service, calls };
}

describe('the service for keys', () => {
  it('tells the relying party, and the origin that a request names', async () => {
    const { service } = prepare();
    expect(await service.getRpId()).toBe('example.com');
    expect(service.getOrigin()).toBe('https://example.com');
    expect(service.getOrigin({})).toBe('https://asked.example.com');
  });

  it('gives a key of the user as an object, which looks requests up', async () => {
    const { service, calls } = prepare();
    const key = await service.getAuthenticator(ADA, 'key');
    expect(key.authenticator).toBe(KEY);
    expect(await key.getCredentialRequestOptions(EXCHANGE.request)).toBe('options');
    expect(calls[0]).toEqual(['resolve', EXCHANGE.request]);
  });

  it('gives an object for a key that is still to be registered', async () => {
    const key = await prepare().service.getAuthenticator(ADA);
    expect(key.authenticator).toBeNull();
  });

  it.each(['app', 'another'])('gives no object for what is no key of the user: %s', async (id) => {
    await expect(prepare().service.getAuthenticator(ADA, id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each<[string, (service: WebAuthnService) => Promise<unknown>, unknown[]]>([
    [
      'creation options',
      (one) => one.getCredentialCreationOptions(ADA, { role: 'both' }),
      [ADA, { role: 'both' }],
    ],
    ['creation options', (one) => one.getCredentialCreationOptions(ADA), [ADA, {}]],
    [
      'register',
      (one) => one.verifyRegistration(ADA, CREDENTIAL, { name: 'Blue' }),
      [ADA, CREDENTIAL, { name: 'Blue' }],
    ],
    ['register', (one) => one.verifyRegistration(ADA, CREDENTIAL), [ADA, CREDENTIAL, {}]],
    ['begin', (one) => one.beginSignUp({ name: 'ada' }), [{ name: 'ada' }]],
    [
      'finish',
      (one) => one.finishSignUp(CREDENTIAL, { name: 'ada' }, EXCHANGE),
      [CREDENTIAL, { name: 'ada' }, EXCHANGE],
    ],
    [
      'options',
      (one) => one.getCredentialRequestOptions(ADA, SESSION, 'key', { attested: true }, ['gone']),
      [ADA, SESSION, 'key', { attested: true }, ['gone']],
    ],
    ['options', (one) => one.getCredentialRequestOptions(ADA), [ADA, null, undefined, {}, []]],
    ['passkey options', (one) => one.getPasskeyRequestOptions(), []],
    ['signals', (one) => one.getSignals(ADA), [ADA]],
  ])('passes on what is asked: %s', async (name, ask, given) => {
    const { service, calls } = prepare();
    expect(await ask(service)).toBe(name);
    expect(calls).toEqual([[name, ...given]]);
  });

  it('hands out the token of an object’s session', async () => {
    const { service, calls } = prepare();
    const added = { authenticator: KEY as never, isFirst: false };
    await service.handOut(added, EXCHANGE);
    expect(calls).toEqual([['hand out', added, EXCHANGE]]);
  });

  it('verifies a proof by any key of the user, or by the one that is asked for', async () => {
    const { service, calls } = prepare();
    const response = expect.objectContaining({ id: CREDENTIAL.id });
    expect(await service.verifyAuthentication(ADA, CREDENTIAL)).toBe(KEY);
    expect(await service.verifyAuthentication(ADA, CREDENTIAL, SESSION, 'key')).toBe(KEY);
    expect(calls).toEqual([
      ['verify', ADA, response, null],
      ['commit', ADA, { authenticator: KEY }],
      ['verify', ADA, response, SESSION],
      ['commit', ADA, { authenticator: KEY }],
    ]);
  });

  it('does not use up a proof by another key', async () => {
    const { service, calls } = prepare();
    await expect(service.verifyAuthentication(ADA, CREDENTIAL, SESSION, 'another key')).rejects.toMatchObject(
      { code: 'webauthn_failed' },
    );
    expect(calls.flat()).not.toContain('commit');
  });
});
