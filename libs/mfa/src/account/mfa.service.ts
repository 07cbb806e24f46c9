import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../core/errors/mfa-exception.js';
import type { MfaType } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaHttpExchange } from '../engine/sessions/session-transport.js';
import type { MfaFirstFactorExchange } from '../sign-in/first-factor.js';
import type { MfaLoginExchange, MfaLoginResult } from '../sign-in/login.flow.js';
import { LoginFlow } from '../sign-in/login.flow.js';
import { ReauthenticationFlow } from '../sign-in/reauthentication.flow.js';
import type { MfaUserExport } from './export-user.js';
import { UserExporter } from './export-user.js';
import type { MfaForgetUserOptions } from './forget-user.flow.js';
import { ForgetUserFlow } from './forget-user.flow.js';
import type { PasswordChange } from './password-changed.flow.js';
import { PasswordChangedFlow } from './password-changed.flow.js';
import { SignOutFlow } from './sign-out.flow.js';
import type { MfaStatus } from './user-status.js';
import { UserStatus } from './user-status.js';

/** What applications call: sign-in, sign-out, and questions about a user. */
@Injectable()
export class MfaService {
  constructor(
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(UserStatus) private readonly userStatus: UserStatus,
    @Inject(LoginFlow) private readonly logins: LoginFlow,
    @Inject(ReauthenticationFlow) private readonly reauthentications: ReauthenticationFlow,
    @Inject(SignOutFlow) private readonly signOuts: SignOutFlow,
    @Inject(PasswordChangedFlow) private readonly passwords: PasswordChangedFlow,
    @Inject(ForgetUserFlow) private readonly forgetting: ForgetUserFlow,
    @Inject(UserExporter) private readonly exporter: UserExporter,
  ) {}

  /** Whether the user has a second factor, of the given types if any are given. */
  async isMfaEnabled(user: MfaUser, types?: readonly MfaType[]): Promise<boolean> {
    return this.userStatus.isEnabled(user, types);
  }

  /** The user's authenticators, oldest first, of one type if one is given. */
  async getUserAuthenticators(user: Pick<MfaUser, 'id'>, type?: MfaType): Promise<Authenticator[]> {
    const rows = await this.authenticators.find(userIdOf(user));
    return type === undefined ? rows : rows.filter((row) => row.type === type);
  }

  /** How the user stands; `verified` only with the session in question. */
  async status(user: MfaUser, session: AuthenticationSession | null = null): Promise<MfaStatus> {
    return this.userStatus.of(user, session);
  }

  /**
   * Signs in a user whose first factor the application has just checked, whatever it was: a password, a magic link, single
   * sign-on, a password reset. Always starts a session; its token goes into the cookie, or into `sessionToken` for
   * clients of the header transport.
   *
   * @param exchange `firstFactor`: how the user was recognised, `pwd` by default; `ttlSeconds`: how long this session lives, as for "remember me"; `crossSite`: the sign-in may come from another site; `signUp`: the account was made just now
   * @throws {MfaException} `cross_origin` when another site sent this sign-in without `crossSite`, `session_expired` when it was ended
   *   while it was under way, `storage_unavailable`
   * @throws {RangeError} when `ttlSeconds` is longer than the options allow
   */
  async login(user: MfaUser, exchange: MfaLoginExchange): Promise<MfaLoginResult> {
    return this.logins.login(user, exchange);
  }

  /**
   * Records that the application has just checked the first factor again, for changes that need it to be recent. Without a
   * session of this user it is a {@link login}.
   */
  async recordReauthentication(user: MfaUser, exchange: MfaFirstFactorExchange): Promise<MfaLoginResult> {
    return this.reauthentications.record(user, exchange);
  }

  /** Ends the session of this request, if there is one, and clears its cookie. */
  async logout(exchange: MfaHttpExchange): Promise<void> {
    await this.signOuts.signOut(exchange);
  }

  /**
   * For applications to call after they changed a password: no browser is trusted any more, and no sign-in that began with
   * the old password can be finished (OWASP Cheat Sheets; ASVS v5.0.0-7.4.3).
   *
   * @throws {MfaException} `storage_unavailable`
   */
  async passwordChanged(user: MfaUser, change: PasswordChange = {}): Promise<void> {
    await this.passwords.tell(user, change);
  }

  /**
   * For applications to call before they change an address: with two-factor authentication on, whoever holds a stolen
   * session must not move the account to another mailbox.
   *
   * @throws {MfaException} `add_email_blocked` when the user has a second factor
   */
  async assertEmailChangeAllowed(user: MfaUser): Promise<void> {
    if (await this.isMfaEnabled(user)) throw new MfaException('add_email_blocked');
  }

  /**
   * Removes all that is kept of a user, in one transaction: factors, codes, set-ups, sessions (those under way too), trusted
   * browsers, and, unless `keepAuditTrail`, the audit trail, of which one entry stays that says so. To be called when an account
   * is deleted, after the application knows the user no more. The adapter's `canDeleteAuthenticator` is not asked.
   *
   * @returns whether anything was kept; somebody of whom nothing is kept is no error
   * @throws {TypeError} when the id is none
   */
  async forgetUser(userId: string | number, options: MfaForgetUserOptions = {}): Promise<boolean> {
    return this.forgetting.forget(userId, options);
  }

  /**
   * All that is kept of a user as plain data that can be written as JSON, without anything secret. Of somebody of whom nothing
   * is kept it says so.
   *
   * @throws {TypeError} when the id is none
   */
  async exportUser(userId: string | number): Promise<MfaUserExport> {
    const id = userIdOf({ id: userId });
    return this.exporter.export(id, await this.userStatus.ofId(id));
  }
}
