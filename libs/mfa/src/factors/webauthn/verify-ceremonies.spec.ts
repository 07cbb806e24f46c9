import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SettingsService } from '@simplewebauthn/server';

import type { Identity } from '../../../../../test/support/attestation.js';
import {
  androidKeyBy,
  appleBy,
  derOf,
  issue,
  makeLeaf,
  makeRoot,
  makeTpmLeaf,
  packedBy,
  safetyNetBy,
  tpmBy,
  u2fBy,
} from '../../../../../test/support/attestation.js';
import type { Attest, Tampering } from '../../../../../test/support/authenticator.js';
import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import type { CeremonyPolicy } from './ceremony-policy.js';
import { parseAuthentication, parseRegistration } from './credential-json.js';
import { isBehind, verifyAssertion } from './verify-assertion.js';
import type { VerifiedRegistration } from './verify-registration.js';
import { verifyRegistration } from './verify-registration.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const ORIGIN = 'https://app.example.com';
const OTHER_ORIGIN = 'https://login.example.com';
const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const HANDLE = Buffer.alloc(32, 2).toString('base64url');
const POLICY: CeremonyPolicy = {
  challenge: CHALLENGE,
  rpId: 'example.com',
  origins: [ORIGIN, OTHER_ORIGIN],
  requireUserVerification: false,
};
const CREATION = { challenge: CHALLENGE, rp: { id: 'example.com' }, user: { id: HANDLE } };
const REQUEST = { challenge: CHALLENGE, rpId: 'example.com' };

/** What both ceremonies refuse, even if everything else is valid. */
const WRONG: [what: string, tampering: Tampering][] = [
  ['another type', { type: 'payment.get' }],
  ['another challenge', { challenge: Buffer.alloc(32, 3).toString('base64url') }],
  ['another origin', { origin: 'https://example.org' }],
  ['an origin that begins like ours', { origin: `${ORIGIN}.example.org` }],
  ['another relying party', { rpId: 'example.org' }],
  ['nobody present', { userPresent: false }],
  ['flags that no authenticator sets', { backupEligible: false, backedUp: true }],
];

describe('a registration', () => {
  const register = (tampering: Tampering = {}, policy: Partial<CeremonyPolicy> = {}) =>
    verifyRegistration(parseRegistration(new SoftwareAuthenticator().create(CREATION, tampering)), {
      ...POLICY,
      ...policy,
    });

  it('tells what it has shown', async () => {
    const key = new SoftwareAuthenticator({}, Buffer.alloc(16, 5));
    const made = await verifyRegistration(
      parseRegistration(
        key.create(CREATION, { signCount: 7, userVerified: true, backupEligible: true, backedUp: false }),
      ),
      POLICY,
    );
    expect(made).toEqual({
      credentialId: Buffer.alloc(16, 5).toString('base64url'),
      publicKey: expect.stringMatching(/^[\w-]+$/),
      signCount: 7,
      aaguid: '00000000-0000-0000-0000-000000000000',
      format: 'none',
      attestationObject: expect.stringMatching(/^[\w-]+$/),
      x5c: [],
      userVerified: true,
      backupEligible: true,
      backedUp: false,
    });
  });

  it.each(WRONG)('is refused with %s', async (_, tampering) => {
    expect(await register(tampering)).toBeNull();
  });

  it.each([ORIGIN, OTHER_ORIGIN])('may be made at %s', async (origin) => {
    expect(await register({ origin })).not.toBeNull();
  });

  it('needs a user who was verified where that is asked for', async () => {
    const policy = { requireUserVerification: true };
    expect(await register({ userVerified: false }, policy)).toBeNull();
    expect((await register({ userVerified: true }, policy))?.userVerified).toBe(true);
    expect((await register({ userVerified: false }))?.userVerified).toBe(false);
  });

  it('needs nobody present where the browser made it by itself', async () => {
    expect(await register({ userPresent: false }, { requireUserPresence: false })).not.toBeNull();
    expect(await register({ userPresent: false }, { requireUserPresence: true })).toBeNull();
  });

  it('has the id that its authenticator has signed', async () => {
    const id = Buffer.alloc(16, 6).toString('base64url');
    expect(await register({ json: { id, rawId: id } })).toBeNull();
  });

  it.each([
    [1023, true],
    [1024, false],
  ])('has an id of at most 1,023 bytes: of %i it holds: %p', async (length, holds) => {
    const credentialId = Buffer.alloc(length, 7);
    const credential = new SoftwareAuthenticator({}, credentialId).create(CREATION);
    // The parser rejects longer ones.
    const { id } = credential;
    const parsed = { ...parseRegistration({ ...credential, id: 'AQ', rawId: 'AQ' }), id, rawId: id };
    expect((await verifyRegistration(parsed, POLICY)) !== null).toBe(holds);
  });

  it('is of a kind that was offered, on its curve', async () => {
    expect(await register({ algorithm: -35 })).toBeNull();
    expect(await register({ cose: { [-1]: 2 } })).toBeNull();
  });

  it('has a list of certificates where it has any', async () => {
    const attest = (x5c: unknown) => ({
      attest: () => ({ format: 'none', statement: { x5c } }) as never,
    });
    for (const x5c of ['x', [], ['x'], [Buffer.from('x'), 'y']])
      expect(await register(attest(x5c))).toBeNull();
  });

  it('hands on the certificates that it is attested by, leaf first', async () => {
    const root = await makeRoot();
    const leaf = await makeLeaf(root, null);
    for (const by of [packedBy, u2fBy]) {
      const made = await register({ attest: by(leaf, root) });
      expect(made?.x5c.map((one) => Buffer.from(one))).toEqual([derOf(leaf), derOf(root)]);
    }
  });

  it('hands on the certificates of a TPM', async () => {
    const root = await makeRoot();
    const leaf = await makeTpmLeaf(root);
    const made = await register({ attest: tpmBy(leaf, root) });
    expect(made?.format).toBe('tpm');
    expect(made?.x5c.map((one) => Buffer.from(one))).toEqual([derOf(leaf), derOf(root)]);
  });

  describe('attested under a root that the library knows', () => {
    const usual = (['apple', 'android-safetynet'] as const).map((identifier) => ({
      identifier,
      certificates: SettingsService.getRootCertificates({ identifier }),
    }));
    let root: Identity;

    beforeEach(async () => {
      root = await makeRoot();
      for (const { identifier } of usual)
        SettingsService.setRootCertificates({ identifier, certificates: [new Uint8Array(derOf(root))] });
    });
    afterEach(() => {
      for (const one of usual) SettingsService.setRootCertificates(one);
    });

    it('hands on the certificates of Apple’s', async () => {
      const key = new SoftwareAuthenticator();
      const authority = await issue({ subject: 'CN=Authority', issuer: root, ca: true });
      const attest = await appleBy(authority, (tampering) => key.create(CREATION, tampering));
      const made = await verifyRegistration(parseRegistration(key.create(CREATION, { attest })), POLICY);
      expect(made?.format).toBe('apple');
      expect(made?.x5c).toHaveLength(2);
      expect(Buffer.from(made?.x5c.at(-1) as Uint8Array)).toEqual(derOf(authority));
    });

    it('has no certificates that nothing is verified with, which anybody can add', async () => {
      const leaf = await issue({ subject: 'CN=attest.android.com', issuer: root, ca: false, rsa: true });
      const honest = safetyNetBy(leaf);
      const others = [derOf(await makeLeaf(root, null))];
      const attest: Attest = (signed) => {
        const { format, statement } = honest(signed);
        return { format, statement: { ...statement, x5c: others } };
      };
      for (const by of [honest, attest]) {
        const made = await register({ attest: by });
        expect(made?.format).toBe('android-safetynet');
        expect(made?.x5c).toStrictEqual([]);
      }
    });
  });

  it('has nothing else among its certificates, even behind those that it is attested by', async () => {
    const leaf = await makeLeaf(await makeRoot(), null);
    const attest: Tampering['attest'] = (signed) => {
      const { format, statement } = packedBy(leaf)(signed);
      return { format, statement: { ...statement, x5c: [derOf(leaf), 7] } };
    };
    expect(await register({ attest })).toBeNull();
  });

  it('tells whether the key can be synced', async () => {
    expect(await register({ backupEligible: false, backedUp: false })).toMatchObject({
      backupEligible: false,
    });
  });

  describe('by an Android device', () => {
    const REVOKED = 'https://example.com/revoked';
    const identifier = 'android-key';
    const usual = SettingsService.getRootCertificates({ identifier });
    const key = new SoftwareAuthenticator();
    let root: Identity;
    let attest: Attest;
    let asked: jest.SpiedFunction<typeof fetch>;

    beforeEach(async () => {
      root = await makeRoot();
      attest = await androidKeyBy(root, REVOKED, (tampering) => key.create(CREATION, tampering));
      asked = jest.spyOn(globalThis, 'fetch').mockImplementation(() => Promise.resolve(new Response('')));
    });
    afterEach(() => {
      SettingsService.setRootCertificates({ identifier, certificates: usual });
      asked.mockRestore();
    });

    const trustRoot = () =>
      SettingsService.setRootCertificates({
        identifier,
        certificates: [...usual, new Uint8Array(derOf(root))],
      });
    const attested = (by: Attest) =>
      verifyRegistration(parseRegistration(key.create(CREATION, { attest: by })), POLICY);
    const endingWith =
      (last: Buffer[]): Attest =>
      (signed) => {
        const { format, statement } = attest(signed);
        return { format, statement: { ...statement, x5c: [...(statement['x5c'] as Buffer[]), ...last] } };
      };

    it('is attested under a known root, and checked for what was revoked', async () => {
      trustRoot();
      const made = await attested(attest);
      expect(made).toMatchObject({ format: 'android-key' });
      expect(Buffer.from(made?.x5c.at(-1) as Uint8Array)).toEqual(derOf(root));
      expect(asked).toHaveBeenCalled();
    });

    it('may be attested over an authority', async () => {
      trustRoot();
      const authority = await issue({ subject: 'CN=Authority', issuer: root, ca: true });
      attest = await androidKeyBy(authority, REVOKED, (tampering) => key.create(CREATION, tampering));
      expect(await attested(endingWith([derOf(root)]))).not.toBeNull();
    });

    it('asks nobody about certificates whose root is not known', async () => {
      expect(await attested(attest)).toBeNull();
      expect(asked).not.toHaveBeenCalled();
    });

    it('asks nobody about certificates that end elsewhere than in a known root', async () => {
      trustRoot();
      expect(await attested(endingWith([derOf(await makeRoot())]))).toBeNull();
      expect(asked).not.toHaveBeenCalled();
    });

    it('is refused without certificates', async () => {
      const statement = { alg: -7, sig: Buffer.from('x') };
      expect(await attested(() => ({ format: 'android-key', statement }))).toBeNull();
    });
  });

  it('is refused in any other shape', async () => {
    const credential = parseRegistration(new SoftwareAuthenticator().create(CREATION));
    const broken = { ...credential, response: { ...credential.response, attestationObject: 'AQID' } };
    expect(await verifyRegistration(broken, POLICY)).toBeNull();
  });
});

describe('an assertion', () => {
  let key: SoftwareAuthenticator;
  let stored: WebAuthnCredential;

  beforeEach(async () => {
    key = new SoftwareAuthenticator();
    const made = await verifyRegistration(parseRegistration(key.create(CREATION)), POLICY);
    const { credentialId, publicKey } = made as VerifiedRegistration;
    stored = {
      credentialId,
      publicKey,
      userHandle: HANDLE,
      signCount: 4,
      backupEligible: false,
    } as WebAuthnCredential;
  });

  const assert = (tampering: Tampering = {}, policy: Partial<CeremonyPolicy> = {}) =>
    verifyAssertion(parseAuthentication(key.get(REQUEST, { signCount: 5, ...tampering })), stored, {
      ...POLICY,
      ...policy,
    });

  it('tells what it has shown', async () => {
    expect(await assert({ userVerified: true, backupEligible: true, backedUp: true })).toEqual({
      signCount: 5,
      isCloned: false,
      userVerified: true,
      backupEligible: true,
      backedUp: true,
    });
    expect(await assert({ userVerified: false, backupEligible: false, backedUp: false })).toMatchObject({
      userVerified: false,
      backupEligible: false,
      backedUp: false,
    });
  });

  it.each([...WRONG, ['a signature of nobody', { wrongKey: true }] as [string, Tampering]])(
    'is refused with %s',
    async (_, tampering) => {
      expect(await assert(tampering)).toBeNull();
    },
  );

  it('needs a user who was verified where that is asked for', async () => {
    const policy = { requireUserVerification: true };
    expect(await assert({ userVerified: false }, policy)).toBeNull();
    expect(await assert({ userVerified: true }, policy)).not.toBeNull();
  });

  it('is of the credential that it names', async () => {
    const id = Buffer.alloc(16, 6).toString('base64url');
    expect(await assert({ json: { id, rawId: id } })).toBeNull();
  });

  it('names the user of the credential, or nobody', async () => {
    expect(await assert({ userHandle: HANDLE })).not.toBeNull();
    expect(await assert({ userHandle: null })).not.toBeNull();
    expect(await assert({ userHandle: Buffer.alloc(32, 9).toString('base64url') })).toBeNull();
  });

  it('is refused when what is kept is no key', async () => {
    stored.publicKey = 'AQID';
    expect(await assert()).toBeNull();
  });

  it('tells a counter that did not go on, and is no clone for that where it can be synced', async () => {
    expect((await assert({ signCount: 4, backupEligible: false }))?.isCloned).toBe(true);
    expect((await assert({ signCount: 3, backupEligible: false }))?.isCloned).toBe(true);
    // Its current value counts.
    expect((await assert({ signCount: 3, backupEligible: true }))?.isCloned).toBe(false);
  });

  it.each([
    [0, 0, false],
    [1, 0, false],
    [0, 1, true],
    [1, 1, true],
    [2, 1, false],
    [1, 2, true],
  ])('with the counter %i after %i is behind: %p', (signCount, before, isIt) => {
    expect(isBehind(signCount, { signCount: before, backupEligible: false })).toBe(isIt);
    expect(isBehind(signCount, { signCount: before, backupEligible: true })).toBe(false);
  });
});
