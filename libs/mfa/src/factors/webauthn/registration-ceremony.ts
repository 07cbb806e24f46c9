import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { ProfileFloor } from '../../engine/factors/profile-floor.js';
import type { Attestation } from './attestation-policy.js';
import { AttestationPolicy } from './attestation-policy.js';
import type { ChallengeBinding, ChallengeContent } from './challenge.js';
import { Challenges } from './challenges.js';
import type { RegistrationJson } from './credential-json.js';
import type { CreationRequest } from './new-credential.js';
import { creationOptions } from './new-credential.js';
import { RelyingParty } from './relying-party.js';
import type { VerifiedRegistration } from './verify-registration.js';
import { verifyRegistration } from './verify-registration.js';

/** Who runs the ceremony, at this relying party. */
export type CeremonyOwner = Omit<ChallengeBinding, 'rpId'>;

/** A successful ceremony. */
export interface HeldRegistration {
  content: ChallengeContent;
  verified: VerifiedRegistration;
  attestation: Attestation;
  rpId: string;
}

/** The ceremony that registers a key, for an existing or a new user (WebAuthn Level 3, section 7.1). */
@Injectable()
export class RegistrationCeremony {
  constructor(
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
  ) {}

  /** Creates options for `navigator.credentials.create()`. Writes nothing. */
  async begin(
    owner: CeremonyOwner,
    { role, automatic }: Pick<ChallengeContent, 'role' | 'automatic'>,
    request: Omit<CreationRequest, 'rp' | 'challenge'>,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const rp = await this.rp.entity();
    const challenge = await this.challenges.issue(
      { ...owner, rpId: rp.id },
      {
        requireUserVerification: request.userVerification === 'required',
        role,
        automatic,
        userHandle: request.user.id,
      },
    );
    return creationOptions({ ...request, rp, challenge }, this.rp);
  }

  /**
   * Verifies a registration. Its challenge is used up whatever the outcome.
   *
   * @param userOf returns the user to pass to the adapter's checks, given the challenge's content
   * @throws {MfaException} `webauthn_failed`
   */
  async verify(
    response: RegistrationJson,
    owner: CeremonyOwner,
    userOf: (content: ChallengeContent) => MfaUser,
  ): Promise<HeldRegistration> {
    const { id: rpId } = await this.rp.entity();
    const binding = { ...owner, rpId };
    const { content, challenge } = await this.challenges.use(response.response.clientDataJSON, binding);
    const verified = await verifyRegistration(response, {
      challenge,
      rpId,
      origins: this.rp.options.origins,
      requireUserVerification: content.requireUserVerification,
      requireUserPresence: !content.automatic,
    });
    if (!verified) throw new MfaException('webauthn_failed');
    // A key that would never count must not look like a second factor.
    if (!this.floor.fitsKey({ backupEligible: verified.backupEligible, attested: true }))
      throw new MfaException('webauthn_failed', { reason: 'key_can_be_synced' });
    const attestation = await this.attestation.verify(userOf(content), verified);
    if (!attestation) throw new MfaException('webauthn_failed');
    return { content, verified, attestation, rpId };
  }
}
