import { describe, expect, it } from '@jest/globals';

import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import { sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { PasskeyLoginGuard } from './passkey-login.guard.js';
import { PasskeyFlow } from './passkey.flow.js';
import { SignUpGuard } from './sign-up.guard.js';

const ADA = { id: 'ada' };
const EXCHANGE = { request: { ip: '192.0.2.1', headers: {} }, response: {} };
const PROOF = {
  user: ADA,
  authenticator: { id: 'a1' },
  authenticators: [{ id: 'a1' }],
  claims: ['use'],
  facts: { userVerified: true },
};
const CREDENTIAL = new SoftwareAuthenticator().get({ challenge: 'AQID', rpId: 'example.com' });

/** The flow, where the sign-in ends like this; and what it asked of the others. */
function prepare(finish: (isLate: Error) => Promise<unknown>) {
  const calls: unknown[][] = [];
  const flow = new PasskeyFlow(
    {
      verifyPasskey: async (response: object, findUser: (id: string) => unknown, request: object) => {
        calls.push(['verify', response, await findUser('ada'), request]);
        return PROOF;
      },
      refuseLate: (...given: unknown[]) => {
        calls.push(['late', ...given]);
        return Promise.resolve('refused');
      },
    } as never,
    {
      finish: (subject: object, proof: object, isLate: Error, exchange: object) => {
        calls.push(['finish', subject, proof, exchange]);
        return finish(isLate);
      },
    } as never,
    { planEnding: () => Promise.resolve(['ending']) } as never,
    { findUser: (id: string) => ({ id, isFound: true }) } as never,
  );
  return { flow, calls };
}

describe('signing in with a passkey', () => {
  it('ends the client’s former session with it', async () => {
    const { flow, calls } = prepare(() => Promise.resolve('signed in'));
    expect(await flow.signIn(CREDENTIAL, EXCHANGE)).toBe('signed in');
    expect(calls).toEqual([
      [
        'verify',
        expect.objectContaining({ id: CREDENTIAL.id }),
        { id: 'ada', isFound: true },
        EXCHANGE.request,
      ],
      [
        'finish',
        { user: ADA, session: null, isSignIn: true, authenticators: PROOF.authenticators },
        { authenticator: PROOF.authenticator, claims: ['use', 'ending'], facts: PROOF.facts },
        EXCHANGE,
      ],
    ]);
  });

  it('is refused if another request was faster, as nobody’s attempt', async () => {
    const { flow, calls } = prepare((isLate) => Promise.reject(isLate));
    expect(await flow.signIn(CREDENTIAL, EXCHANGE)).toBe('refused');
    const source = sourceOfRequest(EXCHANGE.request, 'ada');
    expect(calls.at(-1)).toEqual(['late', ADA, PROOF, source, false]);
  });

  it('answers a late proof like any that fails', async () => {
    let given: unknown;
    const { flow } = prepare((isLate) => Promise.reject((given = isLate)));
    await flow.signIn(CREDENTIAL, EXCHANGE);
    expect(given).toMatchObject({ code: 'webauthn_failed' });
  });

  it('passes any other error on', async () => {
    const error = new Error('no such table');
    const { flow, calls } = prepare(() => Promise.reject(error));
    await expect(flow.signIn(CREDENTIAL, EXCHANGE)).rejects.toBe(error);
    expect(calls).toHaveLength(2);
  });
});

describe.each([
  ['signing in with a passkey', 'passkeyLogin', PasskeyLoginGuard],
  ['signing up', 'passkeySignUp', SignUpGuard],
])('the routes for %s', (_, option, Guard) => {
  it('are there only if the options say so', () => {
    expect(new Guard({ [option]: true } as never).canActivate()).toBe(true);
    expect(() => new Guard({ [option]: false } as never).canActivate()).toThrow(
      expect.objectContaining({ code: 'not_found' }),
    );
  });
});
