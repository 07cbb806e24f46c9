import { verifyAuthenticationResponse } from '@simplewebauthn/server';

import type { CeremonyPolicy } from './ceremony-policy.js';
import type { AuthenticationJson } from './credential-json.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** An assertion with a valid signature and valid flags (WebAuthn Level 3, section 7.2, up to step 21). */
export interface VerifiedAssertion {
  signCount: number;
  /** Whether the counter didn't increase as it must, so that there may be two copies of this key (step 22). */
  isCloned: boolean;
  userVerified: boolean;
  /** What the key reports now. */
  backupEligible: boolean;
  backedUp: boolean;
}

/**
 * Verifies an assertion with a stored credential; null if any step fails. The caller decides what happens if the counter went backwards
 * or the backup eligibility changed (step 19).
 */
export async function verifyAssertion(
  response: AuthenticationJson,
  credential: WebAuthnCredential,
  policy: CeremonyPolicy,
): Promise<VerifiedAssertion | null> {
  // Steps 5 and 6: the ID must match the record, and a user handle its user. The library compares neither.
  if (response.id !== credential.credentialId) return null;
  const { userHandle } = response.response;
  if (userHandle !== undefined && userHandle !== credential.userHandle) return null;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: policy.challenge,
      expectedOrigin: [...policy.origins],
      expectedRPID: policy.rpId,
      requireUserVerification: policy.requireUserVerification,
      credential: {
        id: credential.credentialId,
        publicKey: new Uint8Array(Buffer.from(credential.publicKey, 'base64url')),
        // The library compares counters before it checks the signature: garbage would look like a clone.
        counter: 0,
      },
    });
    // The library doesn't throw on a wrong signature.
    if (!verified) return null;
    const { newCounter, userVerified, credentialDeviceType, credentialBackedUp } = authenticationInfo;
    const backupEligible = credentialDeviceType === 'multiDevice';
    return {
      signCount: newCounter,
      isCloned: isBehind(newCounter, { ...credential, backupEligible }),
      userVerified,
      backupEligible,
      backedUp: credentialBackedUp,
    };
  } catch {
    return null;
  }
}

/**
 * Whether the counter shows that there are two copies of this key. A syncable key may have several copies, so its counter proves nothing
 * (section 6.1.1).
 */
export function isBehind(
  signCount: number,
  stored: Pick<WebAuthnCredential, 'signCount' | 'backupEligible'>,
): boolean {
  if (stored.backupEligible) return false;
  // A key without a counter always sends 0.
  return stored.signCount > 0 && signCount <= stored.signCount;
}
