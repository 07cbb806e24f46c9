import { describe, expect, it } from '@jest/globals';

import type { CreationRequest, NewCredential } from './new-credential.js';
import { creationOptions, credentialRecord, shownBy } from './new-credential.js';
import { RelyingParty } from './relying-party.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const RP = { id: 'example.com', name: 'Example' };
const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const HANDLE = Buffer.alloc(32, 2).toString('base64url');
const REQUEST: CreationRequest = {
  rp: RP,
  user: { id: HANDLE, name: 'ada@example.com', displayName: 'Ada' },
  challenge: CHALLENGE,
  residentKey: 'preferred',
  userVerification: 'discouraged',
};

const partyOf = (webauthn: object) => new RelyingParty({} as never, { webauthn } as never);
const PARTY = partyOf({ attestation: 'indirect', hints: ['hybrid'] });

describe('the options for a new key', () => {
  it('say for whom it is, where, and of what kind it may be', async () => {
    const { extensions, ...options } = await creationOptions(REQUEST, PARTY);
    expect(options).toEqual({
      rp: RP,
      user: REQUEST.user,
      challenge: CHALLENGE,
      timeout: 300_000,
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ alg, type: 'public-key' })),
      excludeCredentials: [],
      authenticatorSelection: expect.objectContaining({
        residentKey: 'preferred',
        userVerification: 'discouraged',
      }),
      attestation: 'indirect',
      hints: ['hybrid'],
    });
    expect(extensions).toEqual({ credProps: true });
  });

  it('exclude the keys that the user has', async () => {
    const credentials = [{ credentialId: 'AQID', transports: ['usb'] } as WebAuthnCredential];
    const { excludeCredentials } = await creationOptions({ ...REQUEST, credentials }, PARTY);
    expect(excludeCredentials).toEqual([{ id: 'AQID', transports: ['usb'], type: 'public-key' }]);
  });
});

const VERIFIED = {
  credentialId: 'AQID',
  publicKey: 'a key',
  signCount: 3,
  aaguid: 'a model',
  format: 'packed',
  attestationObject: 'all of it',
  x5c: [],
  userVerified: true,
  backupEligible: true,
  backedUp: false,
};
const ATTESTATION = { attested: true, attestationKeys: ['ab'] };

describe('the record of a new key', () => {
  const recordOf = (role: NewCredential['role']) =>
    credentialRecord({
      authenticatorId: 'a1',
      userId: 'ada',
      userHandle: HANDLE,
      rpId: RP.id,
      role,
      response: { discoverable: true, response: { transports: ['nfc'] } } as never,
      verified: VERIFIED,
      attestation: ATTESTATION,
    });

  it('holds whose it is and what its registration has shown', () => {
    expect(recordOf('both')).toEqual({
      authenticatorId: 'a1',
      userId: 'ada',
      userHandle: HANDLE,
      rpId: RP.id,
      credentialId: 'AQID',
      publicKey: 'a key',
      transports: ['nfc'],
      signCount: 3,
      aaguid: 'a model',
      format: 'packed',
      backupEligible: true,
      backedUp: false,
      discoverable: true,
      uvInitialized: true,
      passwordless: true,
      attested: true,
      attestationKeys: ['ab'],
    });
  });

  it.each([
    ['second_factor', false],
    ['passwordless', true],
    ['both', true],
  ] as const)('with the role %s is for signing in without a password: %p', (role, passwordless) => {
    expect(recordOf(role)).toMatchObject({ passwordless });
  });

  it('proves what the key has shown', () => {
    expect(shownBy(VERIFIED, ATTESTATION)).toEqual({
      userVerified: true,
      backupEligible: true,
      backedUp: false,
      attested: true,
    });
  });
});
