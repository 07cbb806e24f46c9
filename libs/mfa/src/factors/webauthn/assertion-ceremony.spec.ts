import { beforeEach, describe, expect, it } from '@jest/globals';

import type { Tampering } from '../../../../../test/support/authenticator.js';
import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import { TestClock } from '../../../../../test/support/clock.js';
import { ORIGIN } from '../../../../../test/support/test-app.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { newAuthenticator } from '../../engine/rows/authenticator.entity.js';
import { APPLICATION_SOURCE } from '../../engine/rows/mfa-request.js';
import type { Claimant } from './assertion-ceremony.js';
import { AssertionCeremony } from './assertion-ceremony.js';
import { parseAuthentication, parseRegistration } from './credential-json.js';
import { verifyRegistration } from './verify-registration.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const HANDLE = Buffer.alloc(32, 2).toString('base64url');
const USER = { id: 'ada' };
const SOURCE = { ...APPLICATION_SOURCE, ip: '192.0.2.1' };
const BINDING = { ceremony: 'authenticate', userId: 'ada', sessionId: 'session' } as const;
const FAILED = { code: 'webauthn_failed' };
const clock = new TestClock();

const row = (changed: Partial<Authenticator> = {}) =>
  newAuthenticator({
    id: 'key',
    userId: 'ada',
    type: 'webauthn',
    name: 'My key',
    createdAt: new Date(0),
    ...changed,
  });
const OTHER = row({ id: 'other' });

/** What a test can change of a user's key and of what is found out about it. */
interface World {
  rows: Authenticator[];
  isGenuine: boolean;
  isLocked: boolean;
  requireUserVerification: boolean;
  refusesClones: boolean;
  /** Whether a change of the backup eligibility is refused. */
  refusesChanges: boolean;
  attested: boolean | null;
  /** Whether the challenge is valid. */
  isFresh: boolean;
}

describe('the ceremony of an assertion', () => {
  let key: SoftwareAuthenticator;
  let credential: WebAuthnCredential;
  let world: World;
  let calls: unknown[];
  let ceremony: AssertionCeremony;

  beforeEach(async () => {
    key = new SoftwareAuthenticator();
    const creation = { challenge: CHALLENGE, rp: { id: 'example.com' }, user: { id: HANDLE } };
    const made = await verifyRegistration(parseRegistration(key.create(creation)), {
      challenge: CHALLENGE,
      rpId: 'example.com',
      origins: [ORIGIN],
      requireUserVerification: false,
    });
    credential = {
      authenticatorId: 'key',
      userId: 'ada',
      credentialId: made?.credentialId,
      publicKey: made?.publicKey,
      userHandle: HANDLE,
      signCount: 4,
      backupEligible: false,
    } as WebAuthnCredential;
    world = {
      rows: [OTHER, row()],
      isGenuine: true,
      isLocked: false,
      requireUserVerification: false,
      refusesClones: true,
      refusesChanges: true,
      attested: null,
      isFresh: true,
    };
    calls = [];
    ceremony = make();
  });

  function make() {
    const find = (userId: string) => {
      calls.push(['read', userId]);
      return Promise.resolve(world.rows);
    };
    return new AssertionCeremony(
      {
        isGenuine: () => world.isGenuine,
        claimUse: (...of: unknown[]) => ({ claim: 'counter', of }),
      } as never,
      {
        use: (_clientDataJSON: string, binding: object) => {
          calls.push(['used', binding]);
          const { requireUserVerification } = world;
          if (!world.isFresh) return Promise.reject(new MfaException('webauthn_failed'));
          return Promise.resolve({ challenge: CHALLENGE, content: { requireUserVerification } });
        },
      } as never,
      { entity: () => Promise.resolve({ id: 'example.com' }), options: { origins: [ORIGIN] } } as never,
      {
        find,
        isLocked: () => world.isLocked,
        claimUse: (...of: unknown[]) => ({ claim: 'authenticator', of }),
      } as never,
      {
        get refusesClones() {
          return world.refusesClones;
        },
        noteClone: (...of: unknown[]) => Promise.resolve(void calls.push(['cloned', ...of])),
        noteEligibility: (...of: unknown[]) => {
          calls.push(['changed', ...of]);
          if (world.refusesChanges) throw new MfaException('webauthn_failed');
        },
      } as never,
      { isAttested: (of: unknown) => (of === credential ? world.attested : undefined) } as never,
      { note: (...of: unknown[]) => void calls.push(['tampered', ...of]) } as never,
      clock,
    );
  }

  const verify = (
    tampering: Tampering = {},
    claimant: Partial<Claimant> = {},
    binding: Parameters<AssertionCeremony['verify']>[2] = BINDING,
    record: WebAuthnCredential | null = credential,
  ) =>
    ceremony.verify(
      parseAuthentication(
        key.get({ challenge: CHALLENGE, rpId: 'example.com' }, { signCount: 5, ...tampering }),
      ),
      record,
      binding,
      { user: USER, source: SOURCE, ...claimant },
    );
  const USED = ['used', { ...BINDING, rpId: 'example.com' }];
  const READ = ['read', 'ada'];

  it('proves the key, and claims its use and its counter', async () => {
    const proof = await verify({ userVerified: true });
    const shown = {
      signCount: 5,
      isCloned: false,
      userVerified: true,
      backupEligible: false,
      backedUp: false,
    };
    expect(proof).toEqual({
      authenticator: world.rows[1],
      authenticators: world.rows,
      claims: [
        { claim: 'counter', of: [credential, shown, true] },
        { claim: 'authenticator', of: [world.rows[1], new Date(clock.now())] },
      ],
      facts: { userVerified: true, backupEligible: false, backedUp: false },
      use: { credentialId: credential.credentialId, signCount: 5 },
      isPasskey: false,
    });
    expect(calls).toEqual([USED, READ]);
  });

  it('reads no authenticators that are known', async () => {
    const authenticators = [row()];
    expect((await verify({}, { authenticators })).authenticators).toBe(authenticators);
    expect(calls).toEqual([USED]);
  });

  it('tells a sign-in with a passkey alone', async () => {
    const binding = { ceremony: 'passkey', userId: '', sessionId: '' } as const;
    expect((await verify({}, {}, binding)).isPasskey).toBe(true);
  });

  it.each([
    [null, {}],
    [false, { attested: false }],
    [true, { attested: true }],
  ])('tells whether the key is attested: %s', async (attested, facts) => {
    world.attested = attested;
    expect((await verify({ userVerified: false })).facts).toEqual({
      userVerified: false,
      backupEligible: false,
      backedUp: false,
      ...facts,
    });
  });

  describe('is refused', () => {
    it('without a valid challenge', async () => {
      world.isFresh = false;
      await expect(verify()).rejects.toMatchObject(FAILED);
    });

    it('for a key that nobody has, and a user who is not known, after the challenge was used up', async () => {
      await expect(verify({}, {}, BINDING, null)).rejects.toMatchObject(FAILED);
      await expect(verify({}, { user: null })).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([USED, USED]);
    });

    it('for a record that somebody changed, which is told of', async () => {
      world.isGenuine = false;
      await expect(verify()).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([USED, ['tampered', USER, 'key', SOURCE]]);
    });

    it.each<[string, Tampering]>([
      ['the signature of another key', { wrongKey: true }],
      ['another origin', { origin: 'https://example.org' }],
      ['another relying party', { rpId: 'example.org' }],
      ['another challenge', { challenge: HANDLE }],
    ])('with %s', async (_, tampering) => {
      await expect(verify(tampering)).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([USED]);
    });

    it('without verification of the user where the challenge asks for it', async () => {
      world.requireUserVerification = true;
      await expect(verify({ userVerified: false })).rejects.toMatchObject(FAILED);
      await expect(verify({ userVerified: true })).resolves.toMatchObject({ facts: { userVerified: true } });
    });

    it('without verification of the user for a passkey that is no second factor', async () => {
      world.rows = [row({ role: 'passwordless' })];
      await expect(verify({ userVerified: false })).rejects.toMatchObject(FAILED);
      await expect(verify({ userVerified: true })).resolves.toMatchObject({ facts: { userVerified: true } });
    });

    it('for a key whose authenticator is gone', async () => {
      world.rows = [OTHER];
      await expect(verify()).rejects.toMatchObject(FAILED);
    });

    it.each([
      [null, 'key_cloned'],
      [new Date(0), 'factor_suspended'],
    ])('for a locked key (suspended at %s): %s', async (suspendedAt, reason) => {
      Object.assign(world, { isLocked: true, rows: [row({ suspendedAt })] });
      await expect(verify()).rejects.toMatchObject({ code: 'authenticator_locked', details: { reason } });
    });
  });

  describe('with a counter that did not go on', () => {
    it('tells of the clone and is refused', async () => {
      await expect(verify({ signCount: 4 })).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([USED, READ, ['cloned', USER, world.rows[1], SOURCE]]);
    });

    it('only tells of the clone where it is not refused, and claims no higher counter', async () => {
      world.refusesClones = false;
      const { claims } = await verify({ signCount: 4 });
      expect(claims[0]).toMatchObject({ of: [credential, { isCloned: true, signCount: 4 }, false] });
      expect(calls).toEqual([USED, READ, ['cloned', USER, world.rows[1], SOURCE]]);
    });
  });

  describe('with another eligibility for backups', () => {
    const syncable = { backupEligible: true, backedUp: true };

    it('is refused by the one who is told of it', async () => {
      await expect(verify(syncable)).rejects.toMatchObject(FAILED);
      expect(calls).toEqual([USED, READ, ['changed', USER, world.rows[1], true, SOURCE]]);
    });

    it('counts as eligible once it was, and needs no counter while it is', async () => {
      world.refusesChanges = false;
      const gained = await verify(syncable);
      expect(gained.facts).toMatchObject({ backupEligible: true, backedUp: true });
      expect(gained.claims[0]).toMatchObject({ of: [credential, { backupEligible: true }, false] });
      credential.backupEligible = true;
      const lost = await verify({ backupEligible: false });
      expect(lost.facts).toMatchObject({ backupEligible: true, backedUp: false });
      expect(calls.at(-1)).toEqual(['changed', USER, world.rows[1], false, SOURCE]);
      expect(lost.claims[0]).toMatchObject({ of: [credential, { backupEligible: false }, true] });
    });

    it('is no other while it stays', async () => {
      credential.backupEligible = true;
      expect((await verify(syncable)).facts).toMatchObject({ backupEligible: true });
      expect(calls).toEqual([USED, READ]);
    });
  });

  it('lets unlocked keys pass', () => {
    expect(() => ceremony.assertUnlocked(row())).not.toThrow();
  });
});
