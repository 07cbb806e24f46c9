import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { generateRegistrationOptions } from '@simplewebauthn/server';

import type {
  PublicKeyCredentialRpEntity,
  PublicKeyCredentialUserEntity,
} from '../../adapter/default-mfa-adapter.js';
import type { MfaProofFacts } from '../../core/policy/methods.js';
import type { Attestation } from './attestation-policy.js';
import { describeCredentials, toBytes } from './ceremony-json.js';
import { ALGORITHMS, CEREMONY_TIMEOUT_MS } from './ceremony-policy.js';
import type { RegistrationJson } from './credential-json.js';
import type { WebAuthnCredentialRole } from './credential-role.js';
import type { CredentialStore } from './credential-store.js';
import type { RelyingParty } from './relying-party.js';
import type { VerifiedRegistration } from './verify-registration.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The request for a new credential. */
export interface CreationRequest {
  rp: PublicKeyCredentialRpEntity;
  user: PublicKeyCredentialUserEntity;
  challenge: string;
  /** The user's existing credentials. */
  credentials?: readonly WebAuthnCredential[];
  residentKey: 'required' | 'preferred';
  userVerification: 'required' | 'preferred' | 'discouraged';
}

/** Builds the options for `navigator.credentials.create()` (WebAuthn Level 3, section 5.4). */
export async function creationOptions(
  { rp, user, challenge, credentials = [], residentKey, userVerification }: CreationRequest,
  party: RelyingParty,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const options = await generateRegistrationOptions({
    rpName: rp.name,
    rpID: rp.id,
    userName: user.name,
    userDisplayName: user.displayName,
    userID: toBytes(user.id),
    challenge: toBytes(challenge),
    timeout: CEREMONY_TIMEOUT_MS,
    excludeCredentials: describeCredentials(credentials),
    authenticatorSelection: { residentKey, userVerification },
    supportedAlgorithmIDs: [...ALGORITHMS],
  });
  // The library doesn't support `indirect`.
  return { ...options, ...party.hints(), attestation: party.options.attestation };
}

/** A valid registration, and whom it is for. */
export interface NewCredential {
  authenticatorId: string;
  userId: string;
  userHandle: string;
  rpId: string;
  role: WebAuthnCredentialRole;
  response: RegistrationJson;
  verified: VerifiedRegistration;
  attestation: Attestation;
}

/** The credential record for {@link CredentialStore.planInsertion} (section 7.1, step 27). */
export function credentialRecord({
  verified,
  response,
  role,
  attestation,
  ...owner
}: NewCredential): Parameters<CredentialStore['planInsertion']>[0] {
  return {
    ...owner,
    credentialId: verified.credentialId,
    publicKey: verified.publicKey,
    transports: response.response.transports,
    signCount: verified.signCount,
    aaguid: verified.aaguid,
    format: verified.format,
    backupEligible: verified.backupEligible,
    backedUp: verified.backedUp,
    discoverable: response.discoverable,
    uvInitialized: verified.userVerified,
    passwordless: role !== 'second_factor',
    ...attestation,
  };
}

/** What the registration proved. */
export function shownBy(verified: VerifiedRegistration, { attested }: Attestation): MfaProofFacts {
  const { userVerified, backupEligible, backedUp } = verified;
  return { userVerified, backupEligible, backedUp, attested };
}
