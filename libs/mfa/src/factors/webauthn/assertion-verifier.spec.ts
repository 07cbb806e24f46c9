import { beforeEach, describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';
import type { AssertionProof } from './assertion-ceremony.js';
import type { AssertionContext } from './assertion-verifier.js';
import { AssertionVerifier } from './assertion-verifier.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const USER = { id: 7 };
const SOURCE: MfaEventSource = { ...APPLICATION_SOURCE, ip: '192.0.2.1' };
const RESPONSE = { id: 'AQID', response: { userHandle: 'aGFuZGxl' } } as never;
const STATE = { userId: '7' };
const ROW = newAuthenticator({
  id: 'key',
  userId: '7',
  type: 'webauthn',
  name: 'My key',
  createdAt: new Date(0),
});
const CLAIM = { claim: 'counter' };
const PROOF = {
  authenticator: ROW,
  authenticators: [ROW],
  claims: [CLAIM],
  use: { credentialId: 'AQID', signCount: 5 },
  isPasskey: false,
} as unknown as AssertionProof;
const FAILED = { code: 'webauthn_failed' };
const failure = new MfaException('webauthn_failed');

interface World {
  state: object | null;
  credential: Partial<WebAuthnCredential> | null;
  /** Why the ceremony fails, if it does. */
  error: Error | null;
  rows: Authenticator[];
  isLocked: boolean;
  refusesClones: boolean;
  isCommitted: boolean;
}

describe('the verifier of assertions', () => {
  let world: World;
  let calls: unknown[][];
  let verifier: AssertionVerifier;
  beforeEach(() => {
    world = {
      state: STATE,
      credential: {
        userId: '7',
        authenticatorId: 'key',
        signCount: 4,
        backupEligible: false,
        passwordless: true,
        uvInitialized: false,
      },
      error: null,
      rows: [ROW],
      isLocked: false,
      refusesClones: true,
      isCommitted: true,
    };
    calls = [];
    verifier = make();
  });

  /** Notes a call, and answers with this. */
  const noting =
    <T>(name: string, answer?: (...of: never[]) => T) =>
    (...of: unknown[]) => {
      calls.push([name, ...of]);
      return Promise.resolve(answer?.(...(of as never[])));
    };

  function make() {
    return new AssertionVerifier(
      {
        verify: noting('verified', () => {
          if (world.error) throw world.error;
          return PROOF;
        }),
        assertUnlocked: (row: Authenticator) => {
          calls.push(['unlocked?', row]);
          if (world.isLocked) throw new MfaException('authenticator_locked');
        },
      } as never,
      {
        findByCredentialId: (id: string) => Promise.resolve(id === 'AQID' ? world.credential : null),
      } as never,
      { entity: () => Promise.resolve({ id: 'example.com' }) } as never,
      { find: noting('read account', () => ({ state: world.state, authenticators: world.rows })) } as never,
      { find: noting('read', () => world.rows) } as never,
      {
        assertRoom: (state: unknown) => void calls.push(['room?', state]),
        count: noting('counted'),
        tellOfStranger: (...of: unknown[]) => void calls.push(['stranger', ...of]),
      } as never,
      {
        get refusesClones() {
          return world.refusesClones;
        },
        noteClone: noting('cloned'),
      } as never,
      { commit: noting('committed', () => ({ committed: world.isCommitted })) } as never,
    );
  }
  const named = (name: string) => calls.filter(([one]) => one === name);
  const counted = (afterFirstFactor: boolean, isKept: boolean, source = SOURCE) => [
    'counted',
    USER,
    source,
    { type: 'mfa.authenticator.failed', data: { types: ['webauthn'], afterFirstFactor } },
    { isKept },
  ];

  describe('of a user', () => {
    const verify = (session: object | null = null, context: AssertionContext = { source: SOURCE }) =>
      verifier.verifyForUser(USER, RESPONSE, session as never, context);
    const BINDING = { ceremony: 'authenticate', userId: '7', sessionId: '' };

    it('has the ceremony run with the user’s key, after asking for room', async () => {
      expect(await verify({ id: 'session', status: 'authenticated' })).toBe(PROOF);
      expect(calls).toEqual([
        ['read account', '7'],
        ['room?', STATE],
        [
          'verified',
          RESPONSE,
          world.credential,
          { ...BINDING, sessionId: 'session' },
          { user: USER, authenticators: world.rows, source: SOURCE },
        ],
      ]);
    });

    it('needs neither a session nor a source', async () => {
      await verifier.verifyForUser(USER, RESPONSE, null);
      expect(named('verified')).toEqual([
        [
          'verified',
          RESPONSE,
          world.credential,
          BINDING,
          { user: USER, authenticators: world.rows, source: APPLICATION_SOURCE },
        ],
      ]);
    });

    it('reads no account that is known', async () => {
      const account = { state: null, authenticators: [] };
      await verify(null, { account, source: SOURCE });
      expect(calls.map(([name]) => name)).toEqual(['room?', 'verified']);
      expect(calls[0]).toEqual(['room?', null]);
    });

    it.each([[null], [{ userId: '8' }]])(
      'gives the ceremony no key of anybody else: %j',
      async (credential) => {
        world.credential = credential;
        await verify();
        expect(named('verified')[0]?.[2]).toBeNull();
      },
    );

    it.each([
      [{ id: 'session', status: 'pending' }, true],
      [{ id: 'session', status: 'authenticated' }, false],
      [null, false],
    ])('counts a failure in the session %j, at a sign-in: %s', async (session, afterFirstFactor) => {
      world.error = failure;
      await expect(verify(session)).rejects.toBe(failure);
      expect(named('counted')).toEqual([counted(afterFirstFactor, true)]);
    });

    it('counts a failure on a row that need not exist if there was none', async () => {
      Object.assign(world, { error: failure, state: null });
      await expect(verify()).rejects.toBe(failure);
      expect(named('counted')).toEqual([counted(false, false)]);
    });

    it.each([new MfaException('authenticator_locked'), new Error('webauthn_failed')])(
      'counts nothing else: %s',
      async (error) => {
        world.error = error;
        await expect(verify()).rejects.toBe(error);
        expect(named('counted')).toEqual([]);
      },
    );
  });

  describe('of a passkey', () => {
    const REQUEST = { ip: '192.0.2.9', headers: {} };
    const verify = (
      response: object = RESPONSE,
      findUser: (id: string) => object | null = (id) => ({ id }),
    ) => verifier.verifyPasskey(response as never, findUser as never, REQUEST);
    const source = (id: string) => ({ ...APPLICATION_SOURCE, actor: { type: 'user', id }, ip: '192.0.2.9' });

    it('tells the user whose key it is', async () => {
      expect(await verify()).toEqual({ ...PROOF, user: { id: '7' } });
      expect(calls).toEqual([
        [
          'verified',
          RESPONSE,
          world.credential,
          { ceremony: 'passkey', userId: '', sessionId: '' },
          { user: { id: '7' }, source: source('7') },
        ],
      ]);
    });

    it.each([
      [{ passwordless: true, uvInitialized: false }, true],
      [{ passwordless: false, uvInitialized: true }, true],
      [{ passwordless: false, uvInitialized: false }, false],
    ])('lets a key %j sign in alone: %s', async (changed, isUsable) => {
      Object.assign(world.credential!, changed);
      await verify();
      expect(named('verified')[0]?.[2]).toBe(isUsable ? world.credential : null);
    });

    it('needs the handle of the user', async () => {
      await verify({ id: 'AQID', response: {} });
      expect(named('verified')[0]?.[2]).toBeNull();
    });

    it.each([[null], [{ id: '8' }]])('knows nobody if the application finds %j', async (user) => {
      world.error = failure;
      await expect(verify(RESPONSE, () => user)).rejects.toBe(failure);
      expect(named('verified')[0]?.[4]).toEqual({ user: null, source: source('7') });
      expect(named('stranger')).toEqual([]);
    });

    it('tells its user of a failure, which costs no attempt', async () => {
      world.error = failure;
      await expect(verify()).rejects.toBe(failure);
      expect(calls.map(([name]) => name)).toEqual(['verified', 'stranger']);
      expect(named('stranger')).toEqual([['stranger', { id: '7' }, source('7')]]);
    });

    it('tells nobody of anything else', async () => {
      world.error = new MfaException('authenticator_locked');
      await expect(verify()).rejects.toBe(world.error);
      expect(named('stranger')).toEqual([]);
    });

    it('lets the browser forget a key that is not there', async () => {
      Object.assign(world, { error: failure, credential: null });
      let asked = 0;
      const findUser = () => {
        asked += 1;
        return USER;
      };
      await expect(verify(RESPONSE, findUser)).rejects.toMatchObject({
        code: 'webauthn_failed',
        details: { unknownCredential: { rpId: 'example.com', credentialId: 'AQID' } },
      });
      expect(named('verified')[0]?.slice(2)).toEqual([
        null,
        { ceremony: 'passkey', userId: '', sessionId: '' },
        { user: null, source: source('') },
      ]);
      expect([asked, named('stranger')]).toEqual([0, []]);
    });
  });

  describe('records a use', () => {
    it('with what it claims', async () => {
      expect(await verifier.commit(USER, PROOF)).toBe(ROW);
      const used = {
        type: 'mfa.authenticator.used',
        data: { authenticator: { id: 'key', type: 'webauthn', name: 'My key' } },
      };
      expect(calls).toEqual([
        ['committed', [CLAIM], { user: USER, source: APPLICATION_SOURCE, events: [used] }],
      ]);
    });

    it('or refuses it as too late', async () => {
      world.isCommitted = false;
      await expect(verifier.commit(USER, PROOF)).rejects.toMatchObject(FAILED);
      expect(named('counted')).toEqual([counted(false, true, APPLICATION_SOURCE)]);
    });
  });

  describe('refuses what came too late', () => {
    const refuse = (proof: Partial<AssertionProof> = {}, afterFirstFactor = true) =>
      verifier.refuseLate(USER, { ...PROOF, ...proof }, SOURCE, afterFirstFactor);

    it.each([true, false])('and counts it (at a sign-in: %s)', async (afterFirstFactor) => {
      await expect(refuse({}, afterFirstFactor)).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([['read', '7'], ['unlocked?', ROW], counted(afterFirstFactor, true)]);
    });

    it('and counts no sign-in with a passkey alone', async () => {
      await expect(refuse({ isPasskey: true })).rejects.toMatchObject(FAILED);
      expect(named('counted')).toEqual([]);
    });

    it('as locked, if it was locked meanwhile', async () => {
      world.isLocked = true;
      await expect(refuse()).rejects.toMatchObject({ code: 'authenticator_locked' });
      expect(named('counted')).toEqual([]);
    });

    it.each([
      [4, []],
      [5, [['cloned', USER, ROW, SOURCE]]],
      [6, [['cloned', USER, ROW, SOURCE]]],
    ])('and tells of a clone after the counter %i', async (signCount, cloned) => {
      Object.assign(world.credential!, { signCount });
      await expect(refuse()).rejects.toMatchObject(FAILED);
      expect(named('cloned')).toEqual(cloned);
    });

    it('and tells of no clone where that is not refused', async () => {
      Object.assign(world.credential!, { signCount: 5 });
      world.refusesClones = false;
      await expect(refuse()).rejects.toMatchObject(FAILED);
      expect(named('cloned')).toEqual([]);
    });

    it.each<[string, () => void]>([
      ['the authenticator', () => (world.rows = [newAuthenticator({ ...ROW, id: 'other' })])],
      ['the credential', () => (world.credential = null)],
      [
        'the credential, which another has now,',
        () => Object.assign(world.credential!, { authenticatorId: 'other', signCount: 5 }),
      ],
    ])('as a failure, if %s is gone', async (_, happen) => {
      happen();
      await expect(refuse()).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([['read', '7'], counted(true, true)]);
    });
  });
});
