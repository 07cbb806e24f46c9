import { describe, expect, it } from '@jest/globals';

import { KeyRing } from '../../core/crypto/key-ring.js';
import { isGenuineCredential, sealCredential } from './credential-seal.js';

const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const RECORD = {
  authenticatorId: 'key',
  userId: 'ada',
  credentialId: 'AQID',
  publicKey: 'pQEC',
  userHandle: 'dXNlcg',
  rpId: 'example.com',
  aaguid: '00000000-0000-0000-0000-000000000000',
  format: 'packed',
  backupEligible: false,
  discoverable: null,
  passwordless: false,
  attested: true,
  attestationKeys: ['leaf', 'root'],
};
type Sealed = Parameters<typeof sealCredential>[1];

/** Whether a record that was changed after it was sealed still passes. */
const isGenuine = (changed: Partial<Sealed>, record: Sealed = RECORD) =>
  isGenuineCredential(keyRing, { ...record, ...changed, seal: sealCredential(keyRing, record) });

describe('the seal of a credential', () => {
  it('holds for what was sealed', () => {
    expect(isGenuine({})).toBe(true);
  });

  it.each<Partial<Sealed>>([
    { authenticatorId: 'another' },
    { userId: 'eve' },
    { credentialId: 'AQIE' },
    { publicKey: 'pQED' },
    { userHandle: 'ZXZl' },
    { rpId: 'example.org' },
    { aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a' },
    { format: 'none' },
    { backupEligible: true },
    { discoverable: true },
    { passwordless: true },
    { attested: false },
    { attested: null },
    { attestationKeys: ['leaf', 'another'] },
    { attestationKeys: ['leaf'] },
    { attestationKeys: null },
  ])('does not hold after a change to %j', (changed) => {
    expect(isGenuine(changed)).toBe(false);
  });

  it('of a key from before attestation was stored holds', () => {
    expect(isGenuine({}, { ...RECORD, attested: null, attestationKeys: null })).toBe(true);
  });

  it('stays as it was first made, since rows are sealed with it', () => {
    const seals = [RECORD, { ...RECORD, attested: null, attestationKeys: null }].map((record) =>
      sealCredential(keyRing, record),
    );
    expect(seals).toEqual([
      'FBx7TtNx.55KMATAQ2j-I9w57kC3lWKy2aj3AhbUFR-nKphrivU8',
      'FBx7TtNx.s2Sb4-mAsFyEk4B2p4jJszflkPEicIEJdRyH-74c-aY',
    ]);
  });
});
