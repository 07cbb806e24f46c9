import { verifyAuthenticationResponse } from '@simplewebauthn/server';

import type { CeremonyPolicy } from './ceremony-policy.js';
import type { AuthenticationJson } from './credential-json.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** An assertion whose signature and flags hold (WebAuthn Level 3, section 7.2, up to 21). */
export interface VerifiedAssertion {
  signCount: number;
  /** Whether the counter did not go on as it must: maybe there are two of this key (step 22). */
  isCloned: boolean;
  userVerified: boolean;
  /** What the key says now. */
  backupEligible: boolean;
  backedUp: boolean;
}

/**
 * Verifies an assertion with a stored credential; null when any step fails, whichever it is. What is to become of a counter
 * that went back and of a backup eligibility that changed (step 19) is for the caller to decide.
 */
export async function verifyAssertion(
  response: AuthenticationJson,
  credential: WebAuthnCredential,
  policy: CeremonyPolicy,
): Promise<VerifiedAssertion | null> {
  // Steps 5 and 6: the id is that of the record, and a user handle that of its user. The library compares neither.
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
        // The library compares counters before it has checked the signature: junk would look like a clone.
        counter: 0,
      },
    });
    // A wrong signature does not throw.
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
 * Whether a counter says that there are two of this key. Of one that can be synced there may be several, and their counters
 * say nothing (section 6.1.1).
 */
export function isBehind(
  signCount: number,
  stored: Pick<WebAuthnCredential, 'signCount' | 'backupEligible'>,
): boolean {
  if (stored.backupEligible) return false;
  return (signCount > 0 || stored.signCount > 0) && signCount <= stored.signCount;
}
