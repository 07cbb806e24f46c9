import { describe, expect, it } from '@jest/globals';

import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { NewFactor } from '../../engine/changes/add-authenticator.flow.js';
import { sourceOfRequest } from '../../engine/rows/mfa-request.js';
import { SignUpFlow } from './sign-up.flow.js';

const ADA = { id: 'ada' };
const HANDLE = Buffer.alloc(32, 2).toString('base64url');
const NAME = 'ada@example.com';
const EXCHANGE = { request: { ip: '192.0.2.1', headers: {} }, response: {} };
const OWNER = { ceremony: 'sign_up', userId: NAME, sessionId: '' };
const ROW = { id: 'a1', type: 'webauthn', name: 'A key', remaining: null, suspendedAt: null };
const ENDING = { claim: 'ending', query: 'ending' };
const REFUSED = new MfaException('webauthn_failed');

const CREDENTIAL = new SoftwareAuthenticator().create({
  challenge: 'AQID',
  rp: { id: 'example.com' },
  user: { id: HANDLE },
});

interface World {
  isOn?: boolean;
  /** Whether the credential is registered already. */
  isTaken?: boolean;
  /** Why adding the passkey fails. */
  failure?: Error;
  recoveryCodes?: string[];
}

/** The flow, and what it asked of the others, in order. */
function prepare({ isOn = true, isTaken = false, failure, recoveryCodes }: World = {}) {
  const calls: unknown[][] = [];
  const added: NewFactor[] = [];
  const called =
    <T>(name: string, answer: T) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return Promise.resolve(answer);
    };
  const flow = new SignUpFlow(
    {
      findByCredentialId: (id: string) => Promise.resolve(isTaken && id === 'AQID' ? {} : null),
      planInsertion: (record: object) => ({ claim: 'webauthn-credential', query: record }),
      claimHandle: (...given: unknown[]) => ({ claim: 'webauthn-handle', query: given }),
    } as never,
    {
      begin: called('begin', 'options'),
      verify: (_: object, owner: object, userOf: (content: object) => MfaUser) => {
        calls.push(['verify', owner, userOf({ userHandle: HANDLE })]);
        return Promise.resolve({
          content: { userHandle: HANDLE },
          verified: { credentialId: 'AQID', userVerified: true, backupEligible: true, backedUp: true },
          attestation: { attested: false, attestationKeys: null },
          rpId: 'example.com',
        });
      },
    } as never,
    { create: called('create', ADA), discard: called('discard', undefined) } as never,
    {
      add: (user: object, factor: NewFactor) => {
        calls.push(['add', user]);
        added.push(factor);
        if (failure) return Promise.reject(failure);
        return Promise.resolve({
          authenticator: ROW,
          issued: 'issued',
          ...(recoveryCodes ? { recoveryCodes } : {}),
        });
      },
    } as never,
    {
      planEnding: (request: object) => Promise.resolve(request === EXCHANGE.request ? [ENDING] : []),
    } as never,
    { complete: called('complete', { status: 'authenticated' }) } as never,
    { started: called('limit', undefined) } as never,
    { passkeySignUp: isOn } as never,
  );
  const names = () => calls.map(([name]) => name);
  return { flow, calls, added, names };
}

describe('the options for a sign-up', () => {
  it('are for a passkey that keeps and verifies its user, under that name', async () => {
    const { flow, calls } = prepare();
    expect(await flow.begin({ name: NAME, displayName: 'Ada' })).toBe('options');
    expect(calls).toEqual([
      [
        'begin',
        OWNER,
        { role: 'both', automatic: false },
        {
          user: { id: expect.stringMatching(/^[\w-]{43}$/), name: NAME, displayName: 'Ada' },
          residentKey: 'required',
          userVerification: 'required',
        },
      ],
    ]);
  });

  it('show the name if nothing else is to be shown', async () => {
    const { flow, calls } = prepare();
    await flow.begin({ name: NAME });
    expect(calls[0]).toContainEqual(
      expect.objectContaining({ user: expect.objectContaining({ displayName: NAME }) }),
    );
  });
});

describe('a sign-up', () => {
  it('makes the user once the ceremony has succeeded, and signs them in', async () => {
    const { flow, calls } = prepare({ recoveryCodes: ['one'] });
    const fields = { terms: true };
    const answer = await flow.finish(CREDENTIAL, { name: NAME, displayName: 'Ada', fields }, EXCHANGE);
    expect(answer).toMatchObject({
      status: 'authenticated',
      authenticator: { id: 'a1', locked: false },
      recoveryCodes: ['one'],
    });
    expect(calls).toEqual([
      ['verify', OWNER, { id: HANDLE, username: NAME, displayName: 'Ada' }],
      ['create', { name: NAME, displayName: 'Ada', fields }, EXCHANGE.request],
      ['add', ADA],
      ['limit', 'issued'],
      ['complete', ADA, 'issued', EXCHANGE, 'sign_up'],
    ]);
  });

  it('needs nothing but a name', async () => {
    const { flow, calls } = prepare();
    const answer = await flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE);
    expect(calls[1]).toEqual(['create', { name: NAME, displayName: NAME, fields: {} }, EXCHANGE.request]);
    expect(answer).not.toHaveProperty('recoveryCodes');
  });

  it('adds the passkey with all that was shown, and ends the former session with it', async () => {
    const { flow, added } = prepare();
    await flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE);
    const [factor] = added as [NewFactor];
    const { id } = factor.authenticator;
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(factor).toEqual({
      authenticator: { id, userId: 'ada', type: 'webauthn', role: null },
      facts: { userVerified: true, backupEligible: true, backedUp: true, attested: false },
      claims: [{ claim: 'webauthn-handle', query: ['ada', HANDLE] }],
      along: [
        {
          claim: 'webauthn-credential',
          query: expect.objectContaining({
            authenticatorId: id,
            userId: 'ada',
            userHandle: HANDLE,
            rpId: 'example.com',
            credentialId: 'AQID',
            passwordless: true,
            attested: false,
          }),
        },
        ENDING,
      ],
      check: expect.any(Function),
      onLost: {
        'webauthn-credential': 'credential_already_registered',
        'webauthn-handle': 'webauthn_failed',
      },
      source: sourceOfRequest(EXCHANGE.request, 'ada'),
    });
  });

  it('is refused if the user has got a factor in the meantime', async () => {
    const { flow, added } = prepare();
    await flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE);
    const having = (authenticators: object[]) => () => added[0]?.check?.({ authenticators } as never);
    expect(having([])).not.toThrow();
    expect(having([{}])).toThrow(expect.objectContaining({ code: 'webauthn_failed' }));
  });

  it('makes nobody for a credential that is registered already', async () => {
    const { flow, names } = prepare({ isTaken: true });
    await expect(flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE)).rejects.toMatchObject({
      code: 'credential_already_registered',
    });
    expect(names()).toEqual(['verify']);
  });

  it('has the user removed if another was faster with the credential', async () => {
    const failure = new MfaException('credential_already_registered');
    const { flow, calls } = prepare({ failure });
    await expect(flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE)).rejects.toBe(failure);
    expect(calls.at(-1)).toEqual(['discard', ADA]);
  });

  it.each([
    REFUSED,
    new Error('credential_already_registered'),
    Object.assign(new Error(), { code: 'credential_already_registered' }),
  ])('keeps the user if it failed otherwise', async (failure) => {
    const { flow, names } = prepare({ failure });
    await expect(flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE)).rejects.toBe(failure);
    expect(names()).toEqual(['verify', 'create', 'add']);
  });

  it('is not there unless the options say so', async () => {
    const { flow, calls } = prepare({ isOn: false });
    await expect(flow.begin({ name: NAME })).rejects.toMatchObject({ code: 'not_found' });
    await expect(flow.finish(CREDENTIAL, { name: NAME }, EXCHANGE)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(calls).toEqual([]);
  });
});
