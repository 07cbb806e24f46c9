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

/** The API for applications: sign-in, sign-out, and questions about a user. */
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

  /** Whether the user has a second factor, optionally of the given types. */
  async isMfaEnabled(user: MfaUser, types?: readonly MfaType[]): Promise<boolean> {
    return this.userStatus.isEnabled(user, types);
  }

  /** The user's authenticators, oldest first, optionally of one type. */
  async getUserAuthenticators(user: Pick<MfaUser, 'id'>, type?: MfaType): Promise<Authenticator[]> {
    const rows = await this.authenticators.find(userIdOf(user));
    return type === undefined ? rows : rows.filter((row) => row.type === type);
  }

  /** The user's status; `verified` requires the session in question. */
  async status(user: MfaUser, session: AuthenticationSession | null = null): Promise<MfaStatus> {
    return this.userStatus.of(user, session);
  }

  /**
   * Signs in a user whose first factor the application has just checked, whatever it was: a password, a magic link, single
   * sign-on, a password reset. This always starts a session. Its token is set as a cookie, or returned as `sessionToken` to
   * clients that use the header transport.
   *
   * @param exchange `firstFactor`: how the user was authenticated, `pwd` by default; `ttlSeconds`: the session's lifetime, as
   *   for "remember me"; `crossSite`: the sign-in may come from another site; `signUp`: the account was just created
   * @throws {MfaException} `cross_origin` when another site sent this sign-in without `crossSite`, `session_expired` when it
   *   was ended while in progress, `storage_unavailable`
   * @throws {RangeError} when `ttlSeconds` is longer than the options allow
   */
  async login(user: MfaUser, exchange: MfaLoginExchange): Promise<MfaLoginResult> {
    return this.logins.login(user, exchange);
  }

  /**
   * Records that the application has just checked the first factor again, for changes that need it to be recent. Without a
   * session of this user, this is a {@link login}.
   */
  async recordReauthentication(user: MfaUser, exchange: MfaFirstFactorExchange): Promise<MfaLoginResult> {
    return this.reauthentications.record(user, exchange);
  }

  /** Ends the session of this request, if there is one, and clears its cookie. */
  async logout(exchange: MfaHttpExchange): Promise<void> {
    await this.signOuts.signOut(exchange);
  }

  /**
   * Call this after changing a password. No browser stays trusted, and sign-ins that began with the old password can't be
   * completed (OWASP Cheat Sheets; ASVS v5.0.0-7.4.3).
   *
   * @throws {MfaException} `storage_unavailable`
   */
  async passwordChanged(user: MfaUser, change: PasswordChange = {}): Promise<void> {
    await this.passwords.tell(user, change);
  }

  /**
   * Call this before changing an email address: with two-factor authentication on, the holder of a stolen session must not be
   * able to move the account to another mailbox.
   *
   * @throws {MfaException} `add_email_blocked` when the user has a second factor
   */
  async assertEmailChangeAllowed(user: MfaUser): Promise<void> {
    if (await this.isMfaEnabled(user)) throw new MfaException('add_email_blocked');
  }

  /**
   * Removes everything stored for a user in one transaction: factors, codes, setups, sessions (including pending ones), trusted
   * browsers, and unless `keepAuditTrail` is set, the audit trail, except for one entry that records the removal. Call it when
   * an account is deleted, once the application no longer knows the user. The adapter's `canDeleteAuthenticator` is not asked.
   *
   * @returns whether anything was stored; that nothing was is no error
   * @throws {TypeError} when the id is invalid
   */
  async forgetUser(userId: MfaUser['id'], options: MfaForgetUserOptions = {}): Promise<boolean> {
    return this.forgetting.forget(userId, options);
  }

  /**
   * Returns everything stored for a user as plain, JSON-serializable data without secrets. For a user without any stored data,
   * the export says so.
   *
   * @throws {TypeError} when the id is invalid
   */
  async exportUser(userId: MfaUser['id']): Promise<MfaUserExport> {
    const id = userIdOf({ id: userId });
    return this.exporter.export(id, await this.userStatus.ofId(id));
  }
}
