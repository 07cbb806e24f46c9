import { describe, expect, it } from '@jest/globals';

import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { WebAuthnFlow } from './webauthn.flow.js';

const ADA = { id: 'ada' };
const PENDING = { id: 's1', userId: 'ada', status: 'pending' } as AuthenticationSession;
const SIGNED_IN = { ...PENDING, status: 'authenticated' } as AuthenticationSession;
const STORED = { state: null, authenticators: [] };
const CREDENTIAL = new SoftwareAuthenticator().get({ challenge: 'AQID', rpId: 'example.com' });
const PROOF = { claims: [] };

const rowOf = (id: string, changed: Partial<Authenticator> = {}) =>
  ({ id, type: 'webauthn', role: null, suspendedAt: null, ...changed }) as Authenticator;
const KEY = rowOf('key');
const PASSKEY = rowOf('passkey', { role: 'passwordless' });
const APP = rowOf('app', { type: 'totp' });
const SUSPENDED = { suspendedAt: new Date(0) };

interface World {
  rows?: Authenticator[];
  session?: AuthenticationSession | null;
  /** What the profile demands. */
  floor?: object;
  finish?: (isLate: Error) => Promise<unknown>;
}

/** The flow for Ada, and what it asked of the others. */
function prepare({
  rows = [KEY],
  session = SIGNED_IN,
  floor = {},
  finish = () => Promise.resolve('proven'),
}: World = {}) {
  const calls: unknown[][] = [];
  const called =
    <T>(name: string, answer: T) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return Promise.resolve(answer);
    };
  const subject = { user: ADA, session, isSignIn: session === PENDING, authenticators: rows };
  const flow = new WebAuthnFlow(
    { getCredentialRequestOptions: called('options', 'options') } as never,
    { verifyForUser: called('verify', PROOF), refuseLate: called('late', 'refused') } as never,
    { find: called('find', STORED) } as never,
    {
      of: ({ account }: MfaRequest) => {
        calls.push(['subject', account]);
        return Promise.resolve(subject);
      },
    } as never,
    {
      finish: (...given: [object, object, Error, ...object[]]) => {
        calls.push(['finish', ...given]);
        return finish(given[2]);
      },
    } as never,
    { needs: floor } as never,
  );
  const context = (facts: { user?: MfaUser | null; account?: object | null } = {}) =>
    new MfaRequest({ ip: '192.0.2.1' }, { user: ADA, session, ...facts } as never);
  return { flow, calls, subject, context };
}

describe('the options for a proof with a key', () => {
  const askedFor = async (world: World, needs?: object) => {
    const { flow, calls, context } = prepare(world);
    expect(await flow.options(context(), needs)).toBe('options');
    const [, ...given] = calls.at(-1) as unknown[];
    return given;
  };

  it('are for any key of the session’s user', async () => {
    expect(await askedFor({ rows: [APP, KEY] })).toEqual([ADA, SIGNED_IN, undefined, {}, []]);
  });

  it('leave out suspended keys', async () => {
    const rows = [KEY, rowOf('gone', SUSPENDED), rowOf('app', { type: 'totp', ...SUSPENDED })];
    expect((await askedFor({ rows }))[4]).toEqual(['gone']);
  });

  it.each<[string, Authenticator[], object, object]>([
    ['all keys are passkeys that are no second factor', [APP, PASSKEY], {}, { userVerified: true }],
    ['one of the keys is a second factor', [PASSKEY, KEY], {}, {}],
    ['there is no key', [APP], {}, {}],
    ['that is asked for', [KEY], { userVerified: true }, { userVerified: true }],
    ['it is asked not to be', [PASSKEY], { userVerified: false }, { userVerified: false }],
  ])('say whether the user is to be verified, where %s', async (_, rows, needs, asked) => {
    expect((await askedFor({ rows }, needs))[3]).toEqual(asked);
  });

  it('ask for what is needed, and never less than the profile demands', async () => {
    const floor = { userVerified: true, deviceBound: true };
    expect((await askedFor({ floor }, { attested: true, userVerified: false }))[3]).toEqual({
      attested: true,
      ...floor,
    });
  });
});

describe('a proof with a key', () => {
  it('is verified for the user, and finishes what it was for', async () => {
    const { flow, calls, subject, context } = prepare();
    const wishes = { trustDevice: true } as never;
    const request = context({ account: STORED });
    expect(await flow.authenticate(request, CREDENTIAL, wishes)).toBe('proven');
    expect(calls).toEqual([
      ['subject', STORED],
      [
        'verify',
        ADA,
        expect.objectContaining({ id: CREDENTIAL.id }),
        SIGNED_IN,
        { account: STORED, source: request.source },
      ],
      ['finish', subject, PROOF, expect.objectContaining({ code: 'webauthn_failed' }), request, wishes],
    ]);
  });

  it('has no wishes of its own', async () => {
    const { flow, calls, context } = prepare();
    await flow.authenticate(context(), CREDENTIAL);
    expect(calls.at(-1)?.at(-1)).toEqual({});
  });

  it('reads what is stored for the user once, if the request did not', async () => {
    const { flow, calls, context } = prepare({ session: null });
    await flow.authenticate(context(), CREDENTIAL);
    expect(calls.slice(0, 2)).toEqual([
      ['find', 'ada'],
      ['subject', STORED],
    ]);
  });

  it('knows nobody yet in a sign-in that is half done', async () => {
    const { flow, calls, context } = prepare({ session: PENDING });
    await flow.authenticate(context({ user: null }), CREDENTIAL);
    expect(calls[0]).toEqual(['subject', null]);
    expect(calls[1]?.at(-1)).toMatchObject({ account: undefined });
  });

  it.each([
    ['is the first factor’s', PENDING, true],
    ['is a step-up', SIGNED_IN, false],
    ['has no session', null, false],
  ])('is refused when another was faster, where it %s', async (_, session, afterFirstFactor) => {
    const { flow, calls, context } = prepare({ session, finish: (isLate) => Promise.reject(isLate) });
    const request = context();
    expect(await flow.authenticate(request, CREDENTIAL)).toBe('refused');
    expect(calls.at(-1)).toEqual(['late', ADA, PROOF, request.source, afterFirstFactor]);
  });

  it('passes any other error on', async () => {
    const error = new Error('no such table');
    const { flow, calls, context } = prepare({ finish: () => Promise.reject(error) });
    await expect(flow.authenticate(context(), CREDENTIAL)).rejects.toBe(error);
    expect(calls.map(([name]) => name)).not.toContain('late');
  });
});
