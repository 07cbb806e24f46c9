import { describe, expect, it } from '@jest/globals';

import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { MfaRequest } from '../../engine/rows/mfa-request.js';
import { WEBAUTHN } from './webauthn.parts.js';

const ADA = { id: 'ada' };
const SESSION = { id: 's1' } as AuthenticationSession;
const CREDENTIAL = {};
const REQUEST = {};
const RESPONSE = {};
const EXCHANGE = { request: REQUEST, response: RESPONSE };
const CONTEXT = new MfaRequest(REQUEST, { user: ADA, session: SESSION });

/** A collaborator that answers every call with the call itself. */
const echo = (): never =>
  new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...given: unknown[]) =>
          Promise.resolve([name, ...given]),
    },
  ) as never;

type Controller = Record<string, (...given: unknown[]) => Promise<unknown>>;

/** Calls a handler of the controller at that path, whose collaborators echo. */
function ask(path: string, handler: string, ...given: unknown[]): unknown {
  const found = WEBAUTHN.controllers.find(([at]) => at === path)?.[1];
  if (!found) throw new Error(`There are no routes at ${path}`);
  return (new found(echo(), echo()) as Controller)[handler]?.(...given);
}

describe('the routes of keys', () => {
  it('pass on who asks for signals', async () => {
    expect(await ask('/webauthn', 'signals', ADA)).toEqual(['getSignals', ADA]);
  });

  it('pass on what a new key is to be, and the session', async () => {
    const body = { passwordless: true, role: 'both', automatic: false } as const;
    expect(await ask('/webauthn', 'options', ADA, CONTEXT, body)).toEqual([
      'getCredentialCreationOptions',
      ADA,
      { ...body, session: SESSION },
    ]);
  });

  it('pass on a new key with its request, and answer with what came of it', async () => {
    const body = { credential: CREDENTIAL, name: 'Blue', endOtherSessions: true };
    expect(await ask('/webauthn', 'register', ADA, CONTEXT, body, REQUEST, RESPONSE)).toEqual([
      'give',
      ADA,
      ['verifyRegistration', ADA, CREDENTIAL, { name: 'Blue', endOtherSessions: true, context: CONTEXT }],
      EXCHANGE,
    ]);
  });
});

describe('the routes for signing in with a passkey', () => {
  it('pass on the question and the proof', async () => {
    expect(await ask('/passkey', 'options')).toEqual(['getPasskeyRequestOptions']);
    expect(await ask('/passkey', 'signIn', { credential: CREDENTIAL }, REQUEST, RESPONSE)).toEqual([
      'signIn',
      CREDENTIAL,
      EXCHANGE,
    ]);
  });
});

describe('the routes for signing up', () => {
  it('pass on the name, and nothing that was not asked for', async () => {
    const body = { name: 'ada', displayName: 'Ada', more: true };
    expect(await ask('/sign-up', 'options', body)).toEqual([
      'beginSignUp',
      { name: 'ada', displayName: 'Ada' },
    ]);
  });

  it('pass on the new passkey and what came with it', async () => {
    const signUp = { name: 'ada', fields: { terms: true } };
    expect(await ask('/sign-up', 'signUp', { credential: CREDENTIAL, ...signUp }, REQUEST, RESPONSE)).toEqual(
      ['finishSignUp', CREDENTIAL, signUp, EXCHANGE],
    );
  });
});
