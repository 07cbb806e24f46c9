import { describe, expect, it } from '@jest/globals';

import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { APPLICATION_SOURCE, MfaRequest } from '../../engine/rows/mfa-request.js';
import type { NewFactor } from '../../engine/changes/add-authenticator.flow.js';
import { RegistrationFlow } from './registration.flow.js';

const ADA = { id: 'ada' };
const HANDLE = Buffer.alloc(32, 2).toString('base64url');
const SESSION = { id: 's1', userId: 'ada', status: 'authenticated' } as AuthenticationSession;
const PENDING = { ...SESSION, status: 'pending' } as AuthenticationSession;
const REAUTHENTICATE = new MfaException('reauthentication_required');
const VERIFIED = { credentialId: 'AQID', userVerified: true, backupEligible: true, backedUp: false };

const CREDENTIAL = new SoftwareAuthenticator().create({
  challenge: 'AQID',
  rp: { id: 'example.com' },
  user: { id: HANDLE },
});

interface World {
  keys?: number;
  userHandle?: string | null;
  /** What the challenge holds. */
  content?: object;
  /** The error of the ceremony. */
  failure?: Error;
  /** Whether the password was entered a moment ago. */
  isRecent?: boolean;
  hasAttempts?: boolean;
}

/** The flow for Ada, and what it asked of the others. */
function prepare({
  keys = 0,
  userHandle = null,
  content = {},
  failure,
  isRecent = true,
  hasAttempts = true,
}: World = {}) {
  const calls: unknown[] = [];
  const called =
    <T>(name: string, answer: T) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return answer;
    };
  const credentials = Array.from({ length: keys }, () => ({}));
  const added: NewFactor[] = [];
  const states: unknown[] = [];
  const flow = new RegistrationFlow(
    {
      findAccount: () => Promise.resolve({ userHandle, credentials }),
      planInsertion: (record: object) => ({ claim: 'webauthn-credential', query: record }),
      claimHandle: (...given: unknown[]) => ({ claim: 'webauthn-handle', query: given }),
    } as never,
    {
      begin: called('begin', Promise.resolve('options')),
      verify: (_: object, owner: object, userOf: (content: object) => object) => {
        calls.push(['verify', owner, userOf({})]);
        if (failure) return Promise.reject(failure);
        return Promise.resolve({
          content: { role: 'second_factor', automatic: false, userHandle: HANDLE, ...content },
          verified: VERIFIED,
          attestation: { attested: true, attestationKeys: null },
          rpId: 'example.com',
        });
      },
    } as never,
    {
      assertAllowed: (session: object | null) => {
        calls.push(['password', session]);
        if (!isRecent) throw REAUTHENTICATE;
      },
    } as never,
    { options: { userVerification: 'discouraged' } } as never,
    {
      find: (userId: string) => {
        calls.push(['find', userId]);
        return Promise.resolve({ state: 'found' });
      },
    } as never,
    {
      assertRoom: (state: unknown) => {
        states.push(state);
        if (!hasAttempts) throw new MfaException('too_many_attempts');
      },
      count: called('count', Promise.resolve()),
    } as never,
    {
      assertMayEnroll: called('may enroll', undefined),
      add: (user: object, factor: NewFactor, context: unknown) => {
        calls.push(['add', user, context]);
        added.push(factor);
        return Promise.resolve('added');
      },
    } as never,
    {
      getPublicKeyCredentialUserEntity: (user: object, id: string) => Promise.resolve({ ...user, id }),
    } as never,
  );
  const factorOf = async (...given: Parameters<RegistrationFlow['register']>) => {
    await flow.register(...given);
    return added[0] as NewFactor;
  };
  return { flow, calls, added, states, factorOf };
}

const contextOf = (session: AuthenticationSession | null) =>
  new MfaRequest({}, { user: ADA, session, account: { state: 'known' } as never });

describe('the options for registering a key', () => {
  const begun = async (world: World, request?: Parameters<RegistrationFlow['options']>[1]) => {
    const { flow, calls } = prepare(world);
    expect(await flow.options(ADA, request)).toBe('options');
    const [, owner, content, asked] = calls.find((call) => (call as unknown[])[0] === 'begin') as object[];
    return { owner, content, asked, calls } as {
      owner: object;
      content: object;
      asked: { user: { id: string } };
      calls: unknown[];
    };
  };

  it('are for a second factor, unless something else is asked for', async () => {
    const { owner, content, asked, calls } = await begun({ keys: 1 });
    expect(calls[0]).toEqual(['may enroll', ADA, 'webauthn']);
    expect(owner).toEqual({ ceremony: 'register', userId: 'ada', sessionId: '' });
    expect(content).toEqual({ role: 'second_factor', automatic: false });
    expect(asked).toMatchObject({
      credentials: [{}],
      residentKey: 'preferred',
      userVerification: 'discouraged',
    });
  });

  it('are for the session', async () => {
    expect((await begun({}, { session: SESSION })).owner).toMatchObject({ sessionId: 's1' });
  });

  it('give a user one handle of 32 random bytes, and no other', async () => {
    const handles = [(await begun({})).asked.user.id, (await begun({})).asked.user.id];
    expect(new Set(handles).size).toBe(2);
    for (const handle of handles) expect(handle).toMatch(/^[\w-]{43}$/);
    expect((await begun({ userHandle: HANDLE })).asked.user.id).toBe(HANDLE);
  });

  it.each(['passwordless', 'both'] as const)(
    'ask for a key that keeps and verifies its user, with the role %s',
    async (role) => {
      const { content, asked } = await begun({}, { role });
      expect(content).toEqual({ role, automatic: false });
      expect(asked).toMatchObject({ residentKey: 'required', userVerification: 'required' });
    },
  );

  it('don’t insist on user verification when the browser makes the key by itself', async () => {
    const { content, asked, calls } = await begun({}, { automatic: true, session: SESSION });
    expect(content).toEqual({ role: 'passwordless', automatic: true });
    expect(asked).toMatchObject({ residentKey: 'required', userVerification: 'preferred' });
    expect(calls).toContainEqual(['password', SESSION]);
  });

  it('need a fresh password only when the browser makes the key by itself', async () => {
    const { flow } = prepare({ isRecent: false });
    await expect(flow.options(ADA, { automatic: true })).rejects.toBe(REAUTHENTICATE);
    expect(await flow.options(ADA)).toBe('options');
  });

  it('are refused with fifty keys', async () => {
    await expect(prepare({ keys: 50 }).flow.options(ADA)).rejects.toMatchObject({ code: 'already_enabled' });
    expect(await prepare({ keys: 49 }).flow.options(ADA)).toBe('options');
  });
});

describe('a registration', () => {
  it('adds the key with all that was shown', async () => {
    const { flow, calls, added } = prepare();
    const context = contextOf(SESSION);
    expect(await flow.register(ADA, CREDENTIAL, { context })).toBe('added');
    expect(calls).toEqual([
      ['may enroll', ADA, 'webauthn'],
      ['verify', { ceremony: 'register', userId: 'ada', sessionId: 's1' }, ADA],
      ['add', ADA, context],
    ]);
    const [factor] = added as [NewFactor];
    const { id } = factor.authenticator;
    expect(id).toMatch(/^[\da-f-]{36}$/);
    // Without one, the adapter names it.
    expect(factor.authenticator).not.toHaveProperty('name');
    expect(factor).toEqual({
      authenticator: { id, userId: 'ada', type: 'webauthn', role: null },
      facts: { userVerified: true, backupEligible: true, backedUp: false, attested: true },
      isUnproven: false,
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
            passwordless: false,
            attested: true,
          }),
        },
      ],
      endOtherSessions: false,
      check: expect.any(Function),
      onLost: {
        'webauthn-credential': 'credential_already_registered',
        'webauthn-handle': 'webauthn_failed',
      },
    });
  });

  it('may have a name, and end the other sessions', async () => {
    const { factorOf } = prepare();
    const factor = await factorOf(ADA, CREDENTIAL, { name: 'Blue', endOtherSessions: true });
    expect(factor).toMatchObject({ authenticator: { name: 'Blue' }, endOtherSessions: true });
  });

  it.each([
    ['a request', undefined],
    ['a session', contextOf(null)],
  ])('is bound to no session without %s', async (_, context) => {
    const { flow, calls } = prepare();
    await flow.register(ADA, CREDENTIAL, context ? { context } : {});
    expect(calls).toContainEqual(['verify', { ceremony: 'register', userId: 'ada', sessionId: '' }, ADA]);
  });

  it('reads what is stored without a request', async () => {
    const { flow, calls, states } = prepare();
    await flow.register(ADA, CREDENTIAL);
    expect(calls).toContainEqual(['find', 'ada']);
    expect(states).toEqual(['found']);
  });

  it('reads nothing that the request has read', async () => {
    const { flow, calls, states } = prepare();
    await flow.register(ADA, CREDENTIAL, { context: contextOf(SESSION) });
    expect(calls).not.toContainEqual(['find', 'ada']);
    expect(states).toEqual(['known']);
  });

  it('is not tried without attempts left', async () => {
    const { flow, calls } = prepare({ hasAttempts: false });
    await expect(flow.register(ADA, CREDENTIAL)).rejects.toMatchObject({ code: 'too_many_attempts' });
    expect(calls.flat()).not.toContain('verify');
  });

  it.each([
    ['passwordless', 'passwordless'],
    ['both', null],
  ])('with the role %s counts as %p', async (role, kept) => {
    const { factorOf } = prepare({ content: { role } });
    expect((await factorOf(ADA, CREDENTIAL)).authenticator.role).toBe(kept);
  });

  it('proves nothing if the browser made the key by itself', async () => {
    const { factorOf } = prepare({ content: { automatic: true } });
    expect((await factorOf(ADA, CREDENTIAL)).isUnproven).toBe(true);
  });

  describe('without a fresh password', () => {
    const state = { authenticators: [], session: SESSION } as never;

    it('is refused to the end if the browser made the key by itself', async () => {
      const { factorOf, calls } = prepare({ content: { automatic: true }, isRecent: false });
      const { check } = await factorOf(ADA, CREDENTIAL);
      expect(() => check?.(state)).toThrow(REAUTHENTICATE);
      expect(calls).toContainEqual(['password', SESSION]);
    });

    it('is done otherwise', async () => {
      const { check } = await prepare({ isRecent: false }).factorOf(ADA, CREDENTIAL);
      expect(() => check?.(state)).not.toThrow();
    });
  });

  it('is refused if fifty keys are there by the end, whatever else there is', async () => {
    const { check } = await prepare().factorOf(ADA, CREDENTIAL);
    const having = (keys: number) =>
      ({
        session: SESSION,
        authenticators: [{ type: 'totp' }, ...Array.from({ length: keys }, () => ({ type: 'webauthn' }))],
      }) as never;
    expect(() => check?.(having(49))).not.toThrow();
    expect(() => check?.(having(50))).toThrow(expect.objectContaining({ code: 'already_enabled' }));
  });
});

describe('a registration that fails', () => {
  const FAILED = { type: 'mfa.enrollment.failed', data: { type: 'webauthn' } };
  const failure = new MfaException('webauthn_failed');

  it.each([
    ['of the request and its session', contextOf(SESSION), contextOf(SESSION).source, SESSION],
    ['of the request, and no session that is pending', contextOf(PENDING), contextOf(PENDING).source, null],
    ['of the application without one', undefined, APPLICATION_SOURCE, null],
  ])('is an attempt %s', async (_, context, source, session) => {
    const { flow, calls, added } = prepare({ failure });
    await expect(flow.register(ADA, CREDENTIAL, context ? { context } : {})).rejects.toBe(failure);
    expect(calls).toContainEqual(['count', ADA, source, FAILED, { session }]);
    expect(added).toEqual([]);
  });

  it.each([
    new Error('webauthn_failed'),
    Object.assign(new Error(), { code: 'webauthn_failed' }),
    new MfaException('storage_unavailable'),
  ])('otherwise is no attempt', async (other) => {
    const { flow, calls } = prepare({ failure: other });
    await expect(flow.register(ADA, CREDENTIAL)).rejects.toBe(other);
    expect(calls.flat()).not.toContain('count');
  });
});
