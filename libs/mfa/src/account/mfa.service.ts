import { Inject, Injectable } from '@nestjs/common';

import type { MfaUserExport } from './export-user.js';
import { UserExporter } from './export-user.js';
import type { MfaForgetUserOptions } from './forget-user.flow.js';
import { ForgetUserFlow } from './forget-user.flow.js';
import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../core/clock/clock.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../core/policy/methods.js';
import { newestRecord, standsForSecondFactor } from '../core/policy/methods.js';
import { RecoveryCodesService } from '../factors/recovery-codes/recovery-codes.service.js';
import { TrustedDeviceStore } from '../engine/trust/trusted-device-store.js';
import { EnrollmentPolicy } from '../engine/users/enrollment-policy.js';
import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type {
  MfaFirstFactorExchange,
  MfaHttpExchange,
  MfaLoginExchange,
  MfaLoginResult,
} from '../sign-in/login.flow.js';
import { LoginFlow } from '../sign-in/login.flow.js';
import {
  MfaRequestContextService,
  authenticatedSession,
  recordsOf,
  sourceOf,
} from '../engine/sessions/request-context.service.js';
import { setMfaSession } from '../engine/rows/request-session.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';

/** How a user stands with regard to second factors. */
export interface MfaStatus {
  /** Whether the user has a second factor. */
  enabled: boolean;
  /** Whether the user must have one. */
  required: boolean;
  /** Until when someone who must enroll may work without; null when not applicable. */
  enrollmentDeadline: Date | null;
  /** Whether a second factor was proven in this session recently enough. */
  verified: boolean;
  /** When one was last proven in this session. */
  verifiedAt: Date | null;
  /** The factor types that the user can use now. */
  methods: MfaType[];
  recoveryCodes: { total: number; remaining: number };
}

/** What applications call: sign-in, sign-out, and questions about a user. */
@Injectable()
export class MfaService {
  constructor(
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(FactorAvailability) private readonly availability: FactorAvailability,
    @Inject(RecoveryCodesService) private readonly recoveryCodes: RecoveryCodesService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(EnrollmentPolicy) private readonly enrollment: EnrollmentPolicy,
    @Inject(MfaRequestContextService) private readonly contexts: MfaRequestContextService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(LoginFlow) private readonly logins: LoginFlow,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(ForgetUserFlow) private readonly forgetting: ForgetUserFlow,
    @Inject(UserExporter) private readonly exporter: UserExporter,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Whether the user has a second factor, of the given types if any are given. */
  async isMfaEnabled(user: MfaUser, types?: readonly MfaType[]): Promise<boolean> {
    return this.adapter.isMfaEnabled(user, types);
  }

  /** The user's authenticators, oldest first, of one type if one is given. */
  async getUserAuthenticators(user: Pick<MfaUser, 'id'>, type?: MfaType): Promise<Authenticator[]> {
    const rows = await this.authenticators.find(userIdOf(user));
    return type === undefined ? rows : rows.filter((row) => row.type === type);
  }

  /** How the user stands; `verified` only with the session in question. */
  async status(user: MfaUser, session: AuthenticationSession | null = null): Promise<MfaStatus> {
    const { state, authenticators } = await this.accounts.find(userIdOf(user));
    const enabled = await this.adapter.isMfaEnabled(user, undefined, authenticators);
    // Without a session nobody is there for whom a grace period could begin.
    const duty = await this.enrollment.duty(user, state, { session }, session !== null && !enabled);
    const newest = newestRecord(recordsOf({ session }), standsForSecondFactor);
    const { total, remaining } = await this.recoveryCodes.summary(user);
    return {
      enabled,
      required: duty !== null,
      enrollmentDeadline: enabled ? null : (duty?.deadline ?? null),
      verified:
        newest !== undefined && isWithin(newest.at, this.options.gracePeriodSeconds, this.clock.now()),
      verifiedAt: newest ? new Date(newest.at) : null,
      methods: await this.availability.usableTypes(user, authenticators, recordsOf({ session })),
      recoveryCodes: { total, remaining },
    };
  }

  /**
   * Signs in a user whose first factor the application has just checked, whatever it was: a password, a magic link, single
   * sign-on, a password reset. Always starts a session; its token goes into the cookie, or into `sessionToken` for
   * clients of the header transport.
   *
   * @param exchange `firstFactor`: how the user was recognised, `pwd` by default; `ttlSeconds`: how long this session lives, as for "remember me"; `crossSite`: the sign-in may come from another site
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
    return this.logins.recordReauthentication(user, exchange);
  }

  /** Ends the session of this request, if there is one, and clears its cookie. */
  async logout({ request, response }: MfaHttpExchange): Promise<void> {
    const context = await this.contexts.resolveAny(request);
    const { session } = context;
    if (session) {
      // Of several that end it, one tells; for the others it is over as well.
      await this.journal.commit([this.sessions.planEnding(session.userId, session.id)], {
        user: context.user ?? { id: session.userId },
        source: sourceOf(context),
        events: [{ type: 'mfa.session.ended', data: { scope: 'one', reason: 'logout' } }],
      });
    }
    setMfaSession(request, null);
    await this.transport.clear(request, response);
  }

  /**
   * For applications to call after they changed a password: no browser is trusted any more, and no sign-in that began with
   * the old password can be finished (OWASP Cheat Sheets; ASVS v5.0.0-7.4.3).
   *
   * @param options `request`: where the change came from; `endSessions`: also ends the user's other sessions
   */
  async passwordChanged(
    user: MfaUser,
    { request, endSessions = false }: { request?: object; endSessions?: boolean } = {},
  ): Promise<void> {
    const userId = userIdOf(user);
    const context = request && (await this.contexts.resolve(request));
    const kept = (context && authenticatedSession(context)?.id) ?? '';
    const reason = 'password_changed';
    const events: NewMfaEvent[] = [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason } }];
    if (endSessions) {
      events.push({ type: 'mfa.session.ended', data: { scope: kept === '' ? 'all' : 'others', reason } });
    }
    await this.journal.commit(
      [
        endSessions ? this.sessions.planEndingOthers(userId, kept) : this.sessions.planEndingPending(userId),
        // After the sessions: a sign-in that these have waited for may have given trust.
        this.devices.planRevocationOfAll(userId),
      ],
      { user, source: sourceOf(context), events },
    );
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
    const user = await this.adapter.findUser(id);
    // Somebody whom the application has deleted is exported all the same.
    return this.exporter.export(id, await this.status(user && userIdOf(user) === id ? user : { id }));
  }
}
