import { Inject, Injectable } from '@nestjs/common';
import type { PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';

import { userIdOf } from '../../core/users/mfa-user.js';
import type { Account } from '../../engine/rows/account.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import { PASSWORDLESS } from '../../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaNeeds } from '../../core/policy/policy.js';
import { ProfileFloor } from '../../engine/factors/profile-floor.js';
import type { MfaLoginResult } from '../../sign-in/login.flow.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { ProofWishes } from '../../sign-in/second-factor.flow.js';
import { ProofSubjects, SecondFactorFlow } from '../../sign-in/second-factor.flow.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { parseAuthentication } from './credential-json.js';
import { WebAuthnService } from './webauthn.service.js';

const isForPasswordlessOnly = ({ role }: Authenticator): boolean => role === PASSWORDLESS;

/** Completes a sign-in, or steps up, with a security key or passkey. */
@Injectable()
export class WebAuthnFlow {
  constructor(
    @Inject(WebAuthnService) private readonly webauthn: WebAuthnService,
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(ProofSubjects) private readonly subjects: ProofSubjects,
    @Inject(SecondFactorFlow) private readonly secondFactor: SecondFactorFlow,
    @Inject(ProfileFloor) private readonly floor: ProfileFloor,
  ) {}

  /** Creates options for a user with a pending sign-in, or one who steps up. */
  async options(context: MfaRequest, needs: MfaNeeds = {}): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { user, session, authenticators } = await this.subjects.of(context);
    const keys = authenticators.filter(({ type }) => type === 'webauthn');
    // Passkeys that aren't a second factor must verify their user. If the user has other keys too, the usual setting applies.
    const userVerified = needs.userVerified ?? (keys.length > 0 && keys.every(isForPasswordlessOnly));
    const asked = { ...needs, ...(userVerified ? { userVerified } : {}), ...this.floor.needs };
    const suspended = keys.filter(({ suspendedAt }) => suspendedAt !== null).map(({ id }) => id);
    return this.webauthn.getCredentialRequestOptions(user, session, undefined, asked, suspended);
  }

  /** @throws {MfaException} `webauthn_failed`, `too_many_attempts`, `authenticator_locked`, `invalid_request`, `session_expired` */
  async authenticate(
    context: MfaRequest,
    credential: unknown,
    wishes: ProofWishes = {},
  ): Promise<MfaLoginResult> {
    const response = parseAuthentication(credential);
    const account = context.account ?? (await this.accountOf(context));
    const subject = await this.subjects.of(context.with({ account: account ?? null }));
    const source = context.source;
    const known = { account, source };
    const proof = await this.assertions.verifyForUser(subject.user, response, subject.session, known);
    const isLate = new MfaException('webauthn_failed');
    try {
      return await this.secondFactor.finish(subject, proof, isLate, context, wishes);
    } catch (error) {
      if (error !== isLate) throw error;
      const afterFirstFactor = subject.session?.status === 'pending';
      return this.assertions.refuseLate(subject.user, proof, source, afterFirstFactor);
    }
  }

  /** The stored data of a user who is signed in at the application but has no session here. Read once for everything that follows. */
  private async accountOf({ user }: MfaRequest): Promise<Account | undefined> {
    return user ? this.accounts.find(userIdOf(user)) : undefined;
  }
}
