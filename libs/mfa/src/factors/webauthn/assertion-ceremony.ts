import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaProofFacts } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { Tampering } from '../../engine/authenticators/tampering.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../../engine/rows/mfa-request.js';
import type { Write } from '../../storage/mfa-storage.js';
import { AttestationPolicy } from './attestation-policy.js';
import type { ChallengeBinding } from './challenge.js';
import { Challenges } from './challenges.js';
import type { AuthenticationJson } from './credential-json.js';
import { CredentialStore } from './credential-store.js';
import { KeySuspicions } from './key-suspicions.js';
import { RelyingParty } from './relying-party.js';
import { verifyAssertion } from './verify-assertion.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** A valid assertion, with the claims that record its use. */
export interface AssertionProof {
  authenticator: Authenticator;
  /** All authenticators of the user. */
  authenticators: readonly Authenticator[];
  claims: Write[];
  /** What the ceremony proved. */
  facts: MfaProofFacts;
  /** The credential, and the value of its counter. */
  use: { credentialId: string; signCount: number };
  /** Whether it is a sign-in with a passkey alone, which doesn't count as one of the user's attempts. */
  isPasskey: boolean;
}

/** Who claims to have the key. */
export interface Claimant {
  user: MfaUser | null;
  /** The user's authenticators, if they were already read. */
  authenticators?: readonly Authenticator[];
  source: MfaEventSource;
}

/** The ceremony that proves possession of a key. Its steps are ordered so that errors reveal nothing (WebAuthn Level 3, section 7.2). */
@Injectable()
export class AssertionCeremony {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(KeySuspicions) private readonly suspicions: KeySuspicions,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(Tampering) private readonly tampering: Tampering,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Verifies an assertion. Its challenge is used up whatever the outcome.
   *
   * @param credential the record that the assertion names, if the claimant may use it; null fails as late as any other error
   * @throws {MfaException} `webauthn_failed`, `authenticator_locked`
   */
  async verify(
    response: AuthenticationJson,
    credential: WebAuthnCredential | null,
    binding: Omit<ChallengeBinding, 'rpId'>,
    { user, authenticators: known, source }: Claimant,
  ): Promise<AssertionProof> {
    const { id: rpId } = await this.rp.entity();
    // Use the challenge up first, so that it is invalid whatever fails later.
    const { challenge, content } = await this.challenges.use(response.response.clientDataJSON, {
      ...binding,
      rpId,
    });
    if (!credential || !user) throw new MfaException('webauthn_failed');
    if (!this.credentials.isGenuine(credential)) {
      this.tampering.note(user, credential.authenticatorId, source);
      throw new MfaException('webauthn_failed');
    }
    const assertion = await verifyAssertion(response, credential, {
      challenge,
      rpId,
      origins: this.rp.options.origins,
      requireUserVerification: content.requireUserVerification,
    });
    if (!assertion) throw new MfaException('webauthn_failed');
    const authenticators = known ?? (await this.authenticators.find(credential.userId));
    const authenticator = authenticators.find(({ id }) => id === credential.authenticatorId);
    if (!authenticator) throw new MfaException('webauthn_failed');
    this.assertUnlocked(authenticator);
    const { signCount, backupEligible, isCloned, userVerified, backedUp } = assertion;
    // A passkey added for convenience also replaces what its user is or knows, so it has to verify its user.
    if (authenticator.role === PASSWORDLESS && !userVerified) throw new MfaException('webauthn_failed');
    if (backupEligible !== credential.backupEligible) {
      this.suspicions.noteEligibility(user, authenticator, backupEligible, source);
    }
    if (isCloned) {
      await this.suspicions.noteClone(user, authenticator, source);
      if (this.suspicions.refusesClones) throw new MfaException('webauthn_failed');
    }
    const attested = this.attestation.isAttested(credential);
    const mustGoOn = this.suspicions.refusesClones && !backupEligible;
    return {
      authenticator,
      authenticators,
      claims: [
        this.credentials.claimUse(credential, assertion, mustGoOn),
        this.authenticators.claimUse(authenticator, new Date(this.clock.now())),
      ],
      facts: {
        userVerified,
        // Once it was syncable, it may be anywhere, whatever it reports later.
        backupEligible: backupEligible || credential.backupEligible,
        backedUp,
        ...(attested === null ? {} : { attested }),
      },
      use: { credentialId: credential.credentialId, signCount },
      isPasskey: binding.ceremony === 'passkey',
    };
  }

  /** @throws {MfaException} `authenticator_locked` */
  assertUnlocked(authenticator: Authenticator): void {
    if (!this.authenticators.isLocked(authenticator)) return;
    const reason = authenticator.suspendedAt === null ? 'key_cloned' : 'factor_suspended';
    throw new MfaException('authenticator_locked', { reason });
  }
}
