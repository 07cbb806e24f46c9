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
  backedUp: boolean;
}

/** Verifies an assertion with a stored credential; null when any step fails, whichever it is. */
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
    // Step 19: backup eligibility never changes.
    if ((credentialDeviceType === 'multiDevice') !== credential.backupEligible) return null;
    return {
      signCount: newCounter,
      isCloned: (newCounter > 0 || credential.signCount > 0) && newCounter <= credential.signCount,
      userVerified,
      backedUp: credentialBackedUp,
    };
  } catch {
    return null;
  }
}
