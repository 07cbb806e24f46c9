import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaSignUp } from '../../adapter/sign-up.js';
import { messageOf } from '../../core/errors/message-of.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { AccountsService } from '../../engine/authenticators/accounts.service.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import { MfaOptionsError } from '../../options/options-error.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/** The users that the application creates for sign-ups. */
@Injectable()
export class SignUpUsers implements OnModuleInit {
  private readonly logger = new Logger(SignUpUsers.name);

  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** @throws {MfaOptionsError} if the adapter doesn't override `createUser()` */
  onModuleInit(): void {
    if (!this.options.passkeySignUp || this.adapter.createUser !== DefaultMfaAdapter.prototype.createUser)
      return;
    throw new MfaOptionsError([
      '`passkeySignUp` needs the hook `createUser()` of the adapter, which creates the user who signs up',
    ]);
  }

  /**
   * Has the application create a user, and checks that it is new. With an existing user, a stranger's passkey would open their account.
   *
   * @throws {MfaException} `webauthn_failed`
   */
  async create(signUp: MfaSignUp, request: object): Promise<MfaUser> {
    const user = await this.adapter.createUser(signUp, request);
    if (!user) throw new MfaException('webauthn_failed');
    const userId = userIdOf(user);
    const { state, authenticators } = await this.accounts.find(userId);
    const isKnown =
      state !== null || authenticators.length > 0 || (await this.sessions.list(user)).length > 0;
    if (!isKnown) return user;
    this.logger.error(
      `createUser() returned user ${userId}, who already existed, so nothing was changed. It has to create a new user, or return null`,
    );
    throw new MfaException('webauthn_failed');
  }

  /** Has the application delete a user whom nobody can sign in as. An error is only logged. */
  async discard(user: MfaUser): Promise<void> {
    try {
      await this.adapter.discardUser(user);
    } catch (error) {
      this.logger.error(
        `The sign-up of user ${userIdOf(user)} failed, and so did discardUser(): ${messageOf(error)}`,
      );
    }
  }
}
