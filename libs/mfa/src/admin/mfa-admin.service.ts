import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { MfaPurgeResult } from '../retention/expired-rows.js';
import type { MfaRotationOptions, MfaRotationResult } from '../secrets/secret-rotation.js';
import type { MfaAdminAction } from './admin-action.js';
import { assertReason, sourceOfAdmin } from './admin-action.js';
import type { MfaAdminStatus } from './admin-status.js';
import { AdminStatus } from './admin-status.js';
import { DemandEnrollmentFlow } from './demand-enrollment.flow.js';
import type { MfaDiscardOptions, MfaDiscardReport } from './discard-unreadable.flow.js';
import { EndAccessFlow } from './end-access.flow.js';
import { EndAllSessionsFlow } from './end-all-sessions.flow.js';
import { FactorSupport } from './factor-support.js';
import type { RecoveryCodeKeyReplacement } from './replace-recovery-code-key.flow.js';
import { Upkeep } from './upkeep.js';
import type { MfaUserListQuery, MfaUserPage } from './user-list.js';
import { UserList } from './user-list.js';

/**
 * For support and security staff. It has no routes: an application that wants some mounts them behind its own checks. Every
 * change raises events that say who did it.
 */
@Injectable()
export class MfaAdminService {
  constructor(
    @Inject(AdminStatus) private readonly statuses: AdminStatus,
    @Inject(UserList) private readonly lists: UserList,
    @Inject(FactorSupport) private readonly factors: FactorSupport,
    @Inject(DemandEnrollmentFlow) private readonly demands: DemandEnrollmentFlow,
    @Inject(EndAccessFlow) private readonly access: EndAccessFlow,
    @Inject(EndAllSessionsFlow) private readonly ending: EndAllSessionsFlow,
    @Inject(Upkeep) private readonly upkeep: Upkeep,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** How a user stands. */
  async status(userId: string): Promise<MfaAdminStatus> {
    return this.statuses.of(userId);
  }

  /** Users by how they stand, in pages. */
  async listUsers(query: MfaUserListQuery): Promise<MfaUserPage> {
    return this.lists.find(query);
  }

  /**
   * Removes the user's factors, recovery codes, set-ups, trusted browsers and sessions, and gives a new budget of attempts; or removes
   * one authenticator, and what hangs on it. Establish who asks for it as carefully as at enrollment (ASVS v5.0.0-6.4.4).
   *
   * @param reason what it follows from; kept in the audit trail
   * @throws {MfaException} `not_found`, `cannot_delete_authenticator`
   * @throws {TypeError} without a reason
   */
  async reset(
    userId: string,
    reason: string,
    { authenticatorId, ...action }: MfaAdminAction & { authenticatorId?: string } = {},
  ): Promise<void> {
    assertReason(reason);
    const reset = { reason, ...(authenticatorId === undefined ? {} : { authenticatorId }) };
    await this.factors.reset(userId, reset, sourceOfAdmin(action));
  }

  /**
   * Opens the user's locked authenticators, or one of them, and gives the user a new budget of attempts.
   *
   * @throws {MfaException} `not_found`
   */
  async unlock(
    userId: string,
    { authenticatorId, ...action }: MfaAdminAction & { authenticatorId?: string } = {},
  ): Promise<void> {
    await this.factors.unlock(userId, authenticatorId, sourceOfAdmin(action));
  }

  /**
   * Suspends one of the user's authenticators, recovery codes too: it verifies nothing, and is there still. The user's sessions end, and
   * no browser is trusted. The user stays enrolled.
   *
   * @param reason what it follows from; kept in the audit trail
   * @throws {MfaException} `not_found`, `cannot_suspend_authenticator`
   * @throws {TypeError} without a reason
   */
  async suspend(
    userId: string,
    authenticatorId: string,
    reason: string,
    action: MfaAdminAction = {},
  ): Promise<void> {
    assertReason(reason);
    await this.factors.suspend(userId, authenticatorId, reason, sourceOfAdmin(action));
  }

  /**
   * Lets a suspended authenticator verify again. Establish who asks for it as carefully as at enrollment.
   *
   * @throws {MfaException} `not_found`
   */
  async resume(userId: string, authenticatorId: string, action: MfaAdminAction = {}): Promise<void> {
    await this.factors.resume(userId, authenticatorId, sourceOfAdmin(action));
  }

  /**
   * Demands a second factor of this user, staff or not; with {@link reset} before it, a new one.
   *
   * @param from until then the user may work without; default: now
   * @throws {MfaException} `not_found`
   * @throws {TypeError} without a reason
   */
  async requireEnrollment(
    userId: string,
    reason: string,
    { from = new Date(this.clock.now()), ...action }: MfaAdminAction & { from?: Date } = {},
  ): Promise<void> {
    assertReason(reason);
    await this.demands.demand(userId, reason, from, sourceOfAdmin(action));
  }

  /**
   * Takes that demand back.
   *
   * @throws {MfaException} `not_found`
   * @throws {TypeError} without a reason
   */
  async waiveEnrollment(userId: string, reason: string, action: MfaAdminAction = {}): Promise<void> {
    assertReason(reason);
    await this.demands.demand(userId, reason, null, sourceOfAdmin(action));
  }

  /**
   * Ends one of the user's sessions, as {@link status} lists them.
   *
   * @throws {MfaException} `not_found`
   */
  async endSession(userId: string, sessionId: string, action: MfaAdminAction = {}): Promise<void> {
    await this.access.endSession(userId, sessionId, sourceOfAdmin(action));
  }

  /** Ends all of the user's sessions. */
  async endSessions(userId: string, action: MfaAdminAction = {}): Promise<void> {
    await this.access.endSessions(userId, sourceOfAdmin(action));
  }

  /**
   * Ends the sessions of all users (ASVS v5.0.0-7.4.5), as after a break-in: one user after the other, each in a commit with its event.
   * Who signs in meanwhile does so anew. It can be called again after a failure. The caller's own session ends too.
   *
   * @param reason what it follows from; kept in the audit trail
   * @returns how many users had sessions
   * @throws {TypeError} without a reason
   */
  async endAllSessions(reason: string, action: MfaAdminAction = {}): Promise<number> {
    assertReason(reason);
    return this.ending.endAll(reason, sourceOfAdmin(action));
  }

  /** Takes the trust from all of the user's browsers. */
  async revokeTrustedDevices(userId: string, action: MfaAdminAction = {}): Promise<void> {
    await this.access.revokeTrust(userId, sourceOfAdmin(action));
  }

  /**
   * Encrypts everything anew under the first of the secrets, in batches, while the application serves. After it the others can
   * be taken out of the list.
   */
  async rotateSecret(options: MfaRotationOptions = {}): Promise<MfaRotationResult> {
    return this.upkeep.rotateSecret(options);
  }

  /**
   * Removes what no configured secret opens, after a secret was lost: factors, set-ups, recovery codes. Their users are told
   * (`admin_reset`), their sessions end, and they sign in by what is left to them, until they set up a factor again. Stop the
   * instances that still have the secret before.
   */
  async discardUnreadable({
    dryRun = false,
    reseal = false,
    ...action
  }: MfaDiscardOptions & MfaAdminAction = {}): Promise<MfaDiscardReport> {
    return this.upkeep.discardUnreadable({ dryRun, reseal }, sourceOfAdmin(action));
  }

  /**
   * Puts a new key in the place of the one that recovery codes are hashed under, as after a leak: new sets are under it from now
   * on, at every instance. Sets that exist go on working under the former key, until their users make new ones; a former key that
   * nothing needs any more is removed here, or by {@link purgeExpired}.
   *
   * @throws {Error} when the adapter's key service is away; nothing is replaced then
   */
  async replaceRecoveryCodeKey(action: MfaAdminAction = {}): Promise<RecoveryCodeKeyReplacement> {
    return this.upkeep.replaceRecoveryCodeKey(sourceOfAdmin(action));
  }

  /**
   * Looks for newer metadata (`webauthn.metadata`) and reports keys whose model was revoked since: the event
   * `mfa.authenticator.model_revoked` and a mail for each, once. They still work.
   *
   * @returns how many keys were reported now
   * @throws {Error} without the option
   */
  async reportRevokedModels(action: MfaAdminAction = {}): Promise<number> {
    return this.upkeep.reportRevokedModels(sourceOfAdmin(action));
  }

  /**
   * Removes sessions, set-ups, challenges, trusted browsers and audit entries whose time is over, and former keys of recovery codes
   * that nothing needs any more.
   */
  async purgeExpired(): Promise<MfaPurgeResult & { recoveryCodeKeys: number }> {
    return this.upkeep.purgeExpired();
  }
}
