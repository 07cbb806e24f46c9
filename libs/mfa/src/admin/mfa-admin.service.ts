import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { AuthenticatorLock } from '../engine/authenticators/authenticator-lock.js';
import type { AuthenticatorView } from '../engine/authenticators/authenticator-view.js';
import { viewAuthenticator } from '../engine/authenticators/authenticator-view.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { Clock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { EventAuthenticator } from '../engine/journal/mfa-event.js';
import { nameAuthenticator, MfaJournal } from '../engine/journal/mfa-journal.js';
import { ModelMetadata } from '../factors/webauthn/metadata/model-metadata.js';
import { RevokedModels } from '../factors/webauthn/revoked-models.js';
import type { RotationOptions, RotationResult } from '../secrets/secret-rotation.js';
import { SecretRotation } from '../secrets/secret-rotation.js';
import { AttemptLimiter } from '../engine/users/attempt-limiter.js';
import type { PurgeResult } from '../retention/expired-rows.js';
import { ExpiredRows } from '../retention/expired-rows.js';
import type {
  AuthenticationSession,
  AuthenticationSessionStatus,
} from '../engine/rows/authentication-session.entity.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type { MfaStatus } from '../account/mfa.service.js';
import { MfaService } from '../account/mfa.service.js';
import { SessionActivity } from '../engine/sessions/session-activity.js';
import type { ProvenMethod } from '../core/policy/methods.js';
import { provenMethods } from '../core/policy/methods.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import type { TrustedDeviceView } from '../trusted-browsers/trusted-devices.service.js';
import { TrustedDevicesService } from '../trusted-browsers/trusted-devices.service.js';
import { UserStateService } from '../engine/users/user-state.service.js';
import type { AdminAction } from './admin-action.js';
import { assertReason, sourceOfAdmin } from './admin-action.js';
import type { DiscardOptions, DiscardReport } from './discard-unreadable.flow.js';
import { DiscardUnreadableFlow } from './discard-unreadable.flow.js';
import { EndAllSessionsFlow } from './end-all-sessions.flow.js';
import { ResetFlow } from './reset.flow.js';
import type { UserListQuery, UserPage } from './user-list.js';
import { UserList } from './user-list.js';

/** A session as an administrator sees it. */
export interface SessionView {
  id: string;
  status: AuthenticationSessionStatus;
  proven: ProvenMethod[];
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  userAgent: string | null;
  ip: string | null;
}

/** All that is kept of a user, without anything secret. */
export interface MfaAdminStatus extends Omit<MfaStatus, 'verified' | 'verifiedAt'> {
  userId: string;
  authenticators: AuthenticatorView[];
  sessions: SessionView[];
  trustedDevices: TrustedDeviceView[];
  /** Until when the user's codes are refused because too many were wrong; null when they are judged. */
  blockedUntil: Date | null;
}

/**
 * For support and security staff. It has no routes: an application that wants some mounts them behind its own checks. Every
 * change raises events that say who did it.
 */
@Injectable()
export class MfaAdminService {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(AuthenticatorLock) private readonly lock: AuthenticatorLock,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
    @Inject(TrustedDevicesService) private readonly devices: TrustedDevicesService,
    @Inject(TrustedDeviceStore) private readonly deviceStore: TrustedDeviceStore,
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(ResetFlow) private readonly resets: ResetFlow,
    @Inject(EndAllSessionsFlow) private readonly ending: EndAllSessionsFlow,
    @Inject(UserList) private readonly users: UserList,
    @Inject(ExpiredRows) private readonly expired: ExpiredRows,
    @Inject(SecretRotation) private readonly rotation: SecretRotation,
    @Inject(DiscardUnreadableFlow) private readonly discarding: DiscardUnreadableFlow,
    @Inject(ModelMetadata) private readonly models: ModelMetadata,
    @Inject(RevokedModels) private readonly revoked: RevokedModels,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** How a user stands. */
  async status(userId: string): Promise<MfaAdminStatus> {
    const user = await this.userOf(userId);
    const { verified: _, verifiedAt: __, ...status } = await this.mfa.status(user);
    const { state, authenticators } = await this.accounts.find(userId);
    const sessions = await this.sessions.list(user);
    return {
      userId,
      ...status,
      authenticators: authenticators.map((row) => viewAuthenticator(row, this.authenticators.isLocked(row))),
      sessions: sessions.map((session) => this.viewSession(session)),
      trustedDevices: await this.devices.list(user),
      blockedUntil: this.limiter.blockedUntil(state),
    };
  }

  /** Users by how they stand, in pages. */
  async listUsers(query: UserListQuery): Promise<UserPage> {
    return this.users.find(query);
  }

  /**
   * Removes the user's factors, recovery codes, set-ups, trusted browsers and sessions; or one authenticator, and what hangs
   * on it. Establish who asks for it as carefully as at enrolment (ASVS v5.0.0-6.4.4).
   *
   * @param reason what it follows from; kept in the audit trail
   * @throws {MfaException} `not_found`, `cannot_delete_authenticator`
   * @throws {TypeError} without a reason
   */
  async reset(
    userId: string,
    reason: string,
    { authenticatorId, ...action }: AdminAction & { authenticatorId?: string } = {},
  ): Promise<void> {
    assertReason(reason);
    const reset = { reason, ...(authenticatorId === undefined ? {} : { authenticatorId }) };
    await this.resets.reset(await this.knownUser(userId), reset, sourceOfAdmin(action));
  }

  /**
   * Opens the user's locked authenticators, or one of them, and gives the user a new budget of attempts.
   *
   * @throws {MfaException} `not_found`
   */
  async unlock(
    userId: string,
    { authenticatorId, ...action }: AdminAction & { authenticatorId?: string } = {},
  ): Promise<void> {
    const user = await this.knownUser(userId);
    const { authenticators } = await this.accounts.find(userId);
    const chosen = authenticators.filter(({ id }) => authenticatorId === undefined || id === authenticatorId);
    if (authenticatorId !== undefined && chosen.length === 0) throw new MfaException('not_found');
    const source = sourceOfAdmin(action);
    const opened: EventAuthenticator[] = [];
    // One by one, so that each opening is told of by whoever did it, however many try; what is left after a crash is locked.
    for (const row of chosen.filter((one) => this.lock.hasTripped(one))) {
      const authenticator = nameAuthenticator(row);
      const { committed } = await this.journal.commit([this.lock.claimOpening(row)], {
        user,
        source,
        events: [{ type: 'mfa.authenticator.unlocked', data: { authenticator, by: 'admin' } }],
      });
      if (committed) opened.push(authenticator);
    }
    await this.journal.commit([this.limiter.planRenewal(userId)], {
      user,
      source,
      events: [{ type: 'mfa.admin.unlocked', data: { authenticators: opened } }],
    });
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
    { from = new Date(this.clock.now()), ...action }: AdminAction & { from?: Date } = {},
  ): Promise<void> {
    await this.setEnrollment(userId, reason, from, action);
  }

  /**
   * Takes that demand back.
   *
   * @throws {MfaException} `not_found`
   * @throws {TypeError} without a reason
   */
  async waiveEnrollment(userId: string, reason: string, action: AdminAction = {}): Promise<void> {
    await this.setEnrollment(userId, reason, null, action);
  }

  /**
   * Ends one of the user's sessions, as {@link status} lists them.
   *
   * @throws {MfaException} `not_found`
   */
  async endSession(userId: string, sessionId: string, action: AdminAction = {}): Promise<void> {
    const { committed } = await this.journal.commit([this.sessions.planEnding(userId, sessionId)], {
      user: await this.userOf(userId),
      source: sourceOfAdmin(action),
      events: [{ type: 'mfa.session.ended', data: { scope: 'one', reason: 'admin' } }],
    });
    if (!committed) throw new MfaException('not_found');
  }

  /** Ends all of the user's sessions. */
  async endSessions(userId: string, action: AdminAction = {}): Promise<void> {
    await this.journal.commit([this.sessions.planEndingOthers(userId, '')], {
      user: await this.userOf(userId),
      source: sourceOfAdmin(action),
      events: [{ type: 'mfa.session.ended', data: { scope: 'all', reason: 'admin' } }],
    });
  }

  /**
   * Ends the sessions of all users (ASVS v5.0.0-7.4.5), as after a break-in: one user after the other, each in a commit with its event.
   * Who signs in meanwhile does so anew. It can be called again after a failure. The caller's own session ends too.
   *
   * @param reason what it follows from; kept in the audit trail
   * @returns how many users had sessions
   * @throws {TypeError} without a reason
   */
  async endAllSessions(reason: string, action: AdminAction = {}): Promise<number> {
    assertReason(reason);
    return this.ending.endAll(reason, sourceOfAdmin(action));
  }

  /** Takes the trust from all of the user's browsers. */
  async revokeTrustedDevices(userId: string, action: AdminAction = {}): Promise<void> {
    await this.journal.commit([this.deviceStore.planRevocationOfAll(userId)], {
      user: await this.userOf(userId),
      source: sourceOfAdmin(action),
      events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'admin' } }],
    });
  }

  /**
   * Encrypts everything anew under the first of the secrets, in batches, while the application serves. After it the others can
   * be taken out of the list.
   */
  async rotateSecret(options: RotationOptions = {}): Promise<RotationResult> {
    return this.rotation.rotate(options);
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
  }: DiscardOptions & AdminAction = {}): Promise<DiscardReport> {
    return this.discarding.discard({ dryRun, reseal }, sourceOfAdmin(action));
  }

  /**
   * Looks for newer metadata (`webauthn.metadata`) and reports keys whose model was revoked since: the event
   * `mfa.authenticator.model_revoked` and a mail for each, once. They still work.
   *
   * @returns how many keys were reported now
   * @throws {Error} without the option
   */
  async reportRevokedModels(action: AdminAction = {}): Promise<number> {
    if (!this.models.isOn) throw new Error('`webauthn.metadata` is not set: nothing is known of models');
    await this.models.refresh(true);
    return this.revoked.report(sourceOfAdmin(action));
  }

  /** Removes sessions, set-ups, challenges, trusted browsers and audit entries whose time is over. */
  async purgeExpired(): Promise<PurgeResult> {
    return this.expired.purge();
  }

  private viewSession(session: AuthenticationSession): SessionView {
    const { id, status, methods, createdAt, expiresAt, userAgent, ip } = session;
    const lastSeenAt = this.activity.lastSeen(session);
    return { id, status, proven: provenMethods(methods), createdAt, lastSeenAt, expiresAt, userAgent, ip };
  }

  private async setEnrollment(
    userId: string,
    reason: string,
    from: Date | null,
    action: AdminAction,
  ): Promise<void> {
    assertReason(reason);
    const user = await this.knownUser(userId);
    await this.states.ensure(userId);
    await this.journal.commit([this.states.planEnrollmentRequired(userId, from)], {
      user,
      source: sourceOfAdmin(action),
      events: [
        { type: 'mfa.admin.enrollment_required', data: { reason, from: from?.toISOString() ?? null } },
      ],
    });
  }

  /** As the application knows the user; somebody who is gone or disabled there can still be reset here. */
  private async userOf(userId: string): Promise<MfaUser> {
    const user = await this.adapter.findUser(userId);
    // An application that is lax about case may know the user by another id than the one that things are kept under.
    return user && userIdOf(user) === userId ? user : { id: userId };
  }

  /** @throws {MfaException} `not_found` when neither the application nor this module knows the user: most likely a slip */
  private async knownUser(userId: string): Promise<MfaUser> {
    const user = await this.adapter.findUser(userId);
    if (user && userIdOf(user) === userId) return user;
    const gone = { id: userIdOf({ id: userId }) };
    const { state } = await this.accounts.find(userId);
    if (!state && (await this.sessions.list(gone)).length === 0) throw new MfaException('not_found');
    return gone;
  }
}
