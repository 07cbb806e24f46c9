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
 * The API for support and security staff. It has no routes; applications that want some mount them behind their own checks.
 * Every change emits events that record who made it.
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

  /** A user's status. */
  async status(userId: string): Promise<MfaAdminStatus> {
    return this.statuses.of(userId);
  }

  /** Lists users by their status, in pages. */
  async listUsers(query: MfaUserListQuery): Promise<MfaUserPage> {
    return this.lists.find(query);
  }

  /**
   * Removes the user's factors, recovery codes, setups, trusted browsers and sessions, and renews their budget of attempts; or
   * removes one authenticator and what depends on it. Verify the identity of whoever asks for it as carefully as at enrollment
   * (ASVS v5.0.0-6.4.4).
   *
   * @param reason why; recorded in the audit trail
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
   * Unlocks the user's locked authenticators, or one of them, and renews the user's budget of attempts.
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
   * Suspends one of the user's authenticators, including recovery codes: it verifies nothing, but still exists. The user's
   * sessions end, and no browser stays trusted. The user stays enrolled.
   *
   * @param reason why; recorded in the audit trail
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
   * Resumes a suspended authenticator, so that it verifies again. Verify the identity of whoever asks for it as carefully as at
   * enrollment.
   *
   * @throws {MfaException} `not_found`
   */
  async resume(userId: string, authenticatorId: string, action: MfaAdminAction = {}): Promise<void> {
    await this.factors.resume(userId, authenticatorId, sourceOfAdmin(action));
  }

  /**
   * Demands a second factor of this user, staff or not; after {@link reset}, a new one.
   *
   * @param from until then the user may work without a second factor; default: now
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
   * Withdraws that demand.
   *
   * @throws {MfaException} `not_found`
   * @throws {TypeError} without a reason
   */
  async waiveEnrollment(userId: string, reason: string, action: MfaAdminAction = {}): Promise<void> {
    assertReason(reason);
    await this.demands.demand(userId, reason, null, sourceOfAdmin(action));
  }

  /**
   * Ends one of the user's sessions, as listed by {@link status}.
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
   * Ends the sessions of all users (ASVS v5.0.0-7.4.5), for example after a break-in. Users are processed one after the other,
   * each in a commit with its event. Sign-ins in the meantime start new sessions. It can be called again after a failure. The
   * caller's own session ends too.
   *
   * @param reason why; recorded in the audit trail
   * @returns how many users had sessions
   * @throws {TypeError} without a reason
   */
  async endAllSessions(reason: string, action: MfaAdminAction = {}): Promise<number> {
    assertReason(reason);
    return this.ending.endAll(reason, sourceOfAdmin(action));
  }

  /** Revokes the trust in all of the user's browsers. */
  async revokeTrustedDevices(userId: string, action: MfaAdminAction = {}): Promise<void> {
    await this.access.revokeTrust(userId, sourceOfAdmin(action));
  }

  /**
   * Re-encrypts everything under the first secret, in batches, while the application is running. Afterwards, the other secrets
   * can be removed from the list.
   */
  async rotateSecret(options: MfaRotationOptions = {}): Promise<MfaRotationResult> {
    return this.upkeep.rotateSecret(options);
  }

  /**
   * Removes what no configured secret can decrypt, after a secret was lost: factors, setups, recovery codes. The users are
   * notified (`admin_reset`), their sessions end, and they sign in with what they have left until they set up a factor again.
   * Before calling it, stop any instances that still have the secret.
   */
  async discardUnreadable({
    dryRun = false,
    reseal = false,
    ...action
  }: MfaDiscardOptions & MfaAdminAction = {}): Promise<MfaDiscardReport> {
    return this.upkeep.discardUnreadable({ dryRun, reseal }, sourceOfAdmin(action));
  }

  /**
   * Replaces the key that recovery codes are hashed under, for example after a leak. From now on, new sets use the new key, on
   * every instance. Existing sets keep working under the former key until their users generate new ones. A former key that is
   * no longer needed is removed here, or by {@link purgeExpired}.
   *
   * @throws {Error} when the adapter's key service is unavailable; nothing is replaced then
   */
  async replaceRecoveryCodeKey(action: MfaAdminAction = {}): Promise<RecoveryCodeKeyReplacement> {
    return this.upkeep.replaceRecoveryCodeKey(sourceOfAdmin(action));
  }

  /**
   * Loads newer metadata (`webauthn.metadata`) and reports keys whose model was revoked since: each once, with the event
   * `mfa.authenticator.model_revoked` and a mail. The keys still work.
   *
   * @returns how many keys were reported now
   * @throws {Error} without the option
   */
  async reportRevokedModels(action: MfaAdminAction = {}): Promise<number> {
    return this.upkeep.reportRevokedModels(sourceOfAdmin(action));
  }

  /**
   * Removes expired sessions, setups, challenges, trusted browsers and audit entries, and former keys of recovery codes that
   * are no longer needed.
   */
  async purgeExpired(): Promise<MfaPurgeResult & { recoveryCodeKeys: number }> {
    return this.upkeep.purgeExpired();
  }
}
