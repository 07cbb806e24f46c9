import { X509Certificate } from 'node:crypto';

import { SettingsService, verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';

import { toBytes } from './ceremony-json.js';
import type { CeremonyPolicy } from './ceremony-policy.js';
import { ALGORITHMS } from './ceremony-policy.js';
import type { RegistrationJson } from './credential-json.js';
import { MAX_CREDENTIAL_ID_BYTES } from './credential-json.js';
import { isSoundKey } from './public-key.js';

/** A registration that passes every step of WebAuthn Level 3, section 7.1, up to step 25. */
export interface VerifiedRegistration {
  /** Base64url. */
  credentialId: string;
  /** COSE, in base64url. */
  publicKey: string;
  signCount: number;
  aaguid: string;
  format: string;
  /** The attestation object in base64url, for checks against metadata. */
  attestationObject: string;
  /** The certificates of the attestation in DER, leaf first; empty if there are none. */
  x5c: readonly Uint8Array[];
  userVerified: boolean;
  backupEligible: boolean;
  backedUp: boolean;
}

/** Verifies a registration; null if any step fails. */
export async function verifyRegistration(
  credential: RegistrationJson,
  policy: CeremonyPolicy,
): Promise<VerifiedRegistration | null> {
  try {
    const attestation = decodeAttestationObject(toBytes(credential.response.attestationObject));
    const x5c = certificatesOf(attestation);
    if (!x5c) return null;
    if (attestation.get('fmt') === 'android-key' && !endsInKnownRoot(x5c)) return null;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: credential,
      expectedChallenge: policy.challenge,
      expectedOrigin: [...policy.origins],
      expectedRPID: policy.rpId,
      requireUserPresence: policy.requireUserPresence ?? true,
      requireUserVerification: policy.requireUserVerification,
      supportedAlgorithmIDs: [...ALGORITHMS],
    });
    if (!verified) return null;
    const { credential: made, aaguid, fmt, userVerified } = registrationInfo;
    // The library takes the ID from the signed data and doesn't compare it with the one beside it.
    if (made.id !== credential.id) return null;
    if (Buffer.from(made.id, 'base64url').length > MAX_CREDENTIAL_ID_BYTES) return null;
    if (!isSoundKey(made.publicKey)) return null;
    return {
      credentialId: made.id,
      publicKey: Buffer.from(made.publicKey).toString('base64url'),
      signCount: made.counter,
      aaguid,
      format: fmt,
      attestationObject: Buffer.from(registrationInfo.attestationObject).toString('base64url'),
      x5c,
      userVerified,
      backupEligible: registrationInfo.credentialDeviceType === 'multiDevice',
      backedUp: registrationInfo.credentialBackedUp,
    };
  } catch {
    // The library's messages contain the expected challenge and origin, so they are dropped.
    return null;
  }
}

/** The formats whose signature the library verifies with the certificates in `x5c`. */
const FORMATS_WITH_CERTIFICATES: readonly string[] = ['packed', 'tpm', 'android-key', 'fido-u2f', 'apple'];

/** The certificates of an attestation in DER, leaf first; null if `x5c` isn't a list of certificates. */
function certificatesOf(attestation: ReturnType<typeof decodeAttestationObject>): Uint8Array[] | null {
  const given: unknown = attestation.get('attStmt').get('x5c');
  if (given === undefined) return [];
  const isList = Array.isArray(given) && given.length > 0 && given.every((one) => one instanceof Uint8Array);
  if (!isList) return null;
  return FORMATS_WITH_CERTIFICATES.includes(attestation.get('fmt')) ? given : [];
}

/**
 * Whether the last certificate is a known root. The library takes the last certificate of an Android attestation for the root, and
 * requests the revocation lists that the others name before checking that this root is known. Anybody could make the server send requests
 * anywhere.
 */
function endsInKnownRoot(x5c: readonly Uint8Array[]): boolean {
  const last = x5c.at(-1);
  const known = SettingsService.getRootCertificates({ identifier: 'android-key' });
  return last !== undefined && known.some((pem) => new X509Certificate(pem).raw.equals(last));
}
