import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { generateAuthenticationOptions } from '@simplewebauthn/server';

import type { MfaNeeds } from '../../core/policy/policy.js';
import { isOfKind } from '../../core/policy/policy.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { AttestationPolicy } from './attestation-policy.js';
import { describeCredentials, toBytes } from './ceremony-json.js';
import { CEREMONY_TIMEOUT_MS } from './ceremony-policy.js';
import type { ChallengeBinding } from './challenge.js';
import { Challenges } from './challenges.js';
import { CredentialStore } from './credential-store.js';
import { RelyingParty } from './relying-party.js';

/** Creates options for `navigator.credentials.get()` (WebAuthn Level 3, section 5.5), without writing anything. */
@Injectable()
export class RequestOptions {
  constructor(
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(Challenges) private readonly challenges: Challenges,
    @Inject(AttestationPolicy) private readonly attestation: AttestationPolicy,
    @Inject(RelyingParty) private readonly rp: RelyingParty,
  ) {}

  /**
   * Options for one of the user's keys.
   *
   * @param authenticatorId the required key; undefined: any
   * @param needs what the proof must show; keys that can't show it are left out, unless none can
   * @param suspended the suspended authenticators, which can't verify anything now
   */
  async forUser(
    user: Pick<MfaUser, 'id'>,
    session: AuthenticationSession | null,
    authenticatorId: string | undefined,
    needs: MfaNeeds,
    suspended: readonly string[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const userId = userIdOf(user);
    const userVerification = needs.userVerified ? 'required' : this.rp.options.userVerification;
    const account = await this.credentials.findAccount(userId);
    const credentials = account.credentials.filter(
      (one) =>
        (authenticatorId === undefined || one.authenticatorId === authenticatorId) &&
        !suspended.includes(one.authenticatorId),
    );
    const fitting = credentials.filter((one) =>
      isOfKind({ ...one, attested: this.attestation.isAttested(one) }, needs),
    );
    return this.requestOptions(
      { ceremony: 'authenticate', userId, sessionId: session?.id ?? '' },
      userVerification,
      describeCredentials(fitting.length > 0 ? fitting : credentials),
    );
  }

  /** Options for any passkey. Since nobody is signed in, they are the same for everybody. */
  async forPasskeys(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return this.requestOptions({ ceremony: 'passkey', userId: '', sessionId: '' }, 'required');
  }

  private async requestOptions(
    binding: Omit<ChallengeBinding, 'rpId'>,
    userVerification: 'required' | 'preferred' | 'discouraged',
    allowCredentials?: { id: string; transports: string[] }[],
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const rpId = (await this.rp.entity()).id;
    const challenge = await this.challenges.issue(
      { ...binding, rpId },
      {
        requireUserVerification: userVerification === 'required',
        role: 'second_factor',
        automatic: false,
        userHandle: '',
      },
    );
    const options = await generateAuthenticationOptions({
      rpID: rpId,
      challenge: toBytes(challenge),
      timeout: CEREMONY_TIMEOUT_MS,
      userVerification,
      ...(allowCredentials ? { allowCredentials } : {}),
    });
    return { ...options, ...this.rp.hints() };
  }
}
