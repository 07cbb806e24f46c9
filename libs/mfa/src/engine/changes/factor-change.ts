import { randomInt } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaErrorCode } from '../../core/errors/error-codes.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import type { MfaEventSource, MfaRequest } from '../rows/mfa-request.js';
import { MfaJournal } from '../journal/mfa-journal.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { AuthenticationSessionService, SESSION_CLAIM } from '../sessions/authentication-session.service.js';
import type { ChangePurpose } from '../sessions/recent-proof.service.js';
import { RecentProof } from '../sessions/recent-proof.service.js';
import { Deadline } from '../../storage/bounded-wait.js';
import type { Write } from '../../storage/mfa-storage.js';
import { TrustedDeviceStore } from '../trust/trusted-device-store.js';
import { UserStateService, VERSION_CLAIM } from '../users/user-state.service.js';
import type { Account } from '../rows/account.js';
import { AccountsService } from '../authenticators/accounts.service.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';

/** What a change is planned on. */
export interface FactorState {
  userId: string;
  /** The user's authenticators, oldest first. */
  authenticators: Authenticator[];
  /** The current session of the request; null without one. It is authenticated, except when a loss is reported. */
  session: AuthenticationSession | null;
}

/** The statements of a change, and its result. */
export interface PlannedChange<T> {
  writes: Write[];
  events: NewMfaEvent[];
  /** Whether the factors stay the same, as when one is renamed. Browsers then stay trusted. */
  keepsFactors?: boolean;
  /** Whether to skip notifying the account's owner. */
  silent?: boolean;
  /** The id of the session that the writes start, if any. */
  startedSessionId?: string;
  result: T;
  /** The error to answer with when a claim among the writes is lost. */
  onLost?: Record<string, MfaErrorCode>;
}

/** On whose behalf a change is made. */
export interface ChangeOrigin {
  /** The request that asks for it. Without one, the application's own code asks, and no proof is needed. */
  context?: MfaRequest | undefined;
  /** Default: that request. */
  source?: MfaEventSource;
  /**
   * What the change does. Under profiles, some proofs only allow adding a factor. `reporting` takes away no more than the use
   * of a factor, and is open to anyone who has proven the first factor. Default: `change`.
   */
  purpose?: ChangePurpose | 'reporting';
  /** Whether the user's state was there before the change, so that they are forgotten if it is gone. Default: false. */
  isKept?: boolean;
}

/** The claim of anything else that a plan relies on. If it is lost, the change is planned again. */
export const PLAN_CLAIM = 'plan';

const PLANNED_ANEW = [VERSION_CLAIM, SESSION_CLAIM, PLAN_CLAIM];

const FIRST_PAUSE_MS = 5;

/**
 * Changes a user's factors and what depends on them. A change is planned on what was read, and committed only if none of that
 * has changed since; otherwise it is planned again. So questions like "is this the first factor" or "the last one" have one
 * answer.
 *
 * The same goes for what permits the change. A guard decided on the request some time ago; here, the session is read and the
 * *recent* proof checked again with every plan, and the commit claims both the user's version and the session. So a session
 * that has ended since changes nothing, and neither does a password once the user has a factor.
 */
@Injectable()
export class FactorChange {
  private readonly logger = new Logger(FactorChange.name);

  constructor(
    @Inject(UserStateService) private readonly users: UserStateService,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(RecentProof) private readonly recent: RecentProof,
    @Inject(TrustedDeviceStore) private readonly devices: TrustedDeviceStore,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * @throws {MfaException} what `plan` throws; the code of a lost claim; `session_expired` when the request's session has ended
   *   or the user was forgotten; `mfa_required` or `reauthentication_required` when its proof isn't sufficient (any more); or
   *   `conflict` when other changes kept winning for `storage.timeoutSeconds`
   */
  async run<T>(
    user: MfaUser,
    { context, source = context?.source ?? APPLICATION_SOURCE, purpose, isKept = false }: ChangeOrigin,
    plan: (state: FactorState) => Promise<PlannedChange<T>>,
  ): Promise<T> {
    const userId = userIdOf(user);
    const deadline = new Deadline(this.options.storage.timeoutSeconds * 1000);
    const isReport = purpose === 'reporting';
    let wasKept = isKept;
    for (let tried = 1; ; tried++) {
      const { state, authenticators, session } = await this.read(userId, context, isReport);
      // The user was forgotten in the meantime, and nothing may be stored for them again.
      if (!state && wasKept) throw new MfaException('session_expired');
      wasKept = state !== null;
      if (context && !isReport) await this.recent.assert(context.with({ session }), authenticators, purpose);
      const planned = await plan({ userId, authenticators, session });
      const { writes, events, silent = false, startedSessionId, result, onLost = {} } = planned;
      const place = startedSessionId === undefined ? source : { ...source, sessionId: startedSessionId };
      const claims = [
        ...(state ? [] : [this.users.planCreation(userId)]),
        this.users.claimVersion(state ?? this.users.blank(userId), !planned.keepsFactors),
        ...(session ? [this.sessions.planClaim(session)] : []),
      ];
      const changes = planned.keepsFactors
        ? writes
        : [...this.devices.planRevocationAround(userId, writes), this.users.planFactorCount(userId)];
      const outcome = await this.journal.commit([...claims, ...changes], {
        user,
        source: place,
        events,
        silent,
      });
      if (outcome.committed) {
        const { affected } = outcome;
        // The two statements that `planRevocationAround()` puts before and after the writes.
        const revocations = [claims.length, claims.length + 1 + writes.length];
        const isTrustLost = !planned.keepsFactors && revocations.some((at) => affected[at]);
        if (isTrustLost) await this.tellOfLostTrust(user, place);
        return result;
      }
      const code = onLost[outcome.lost];
      if (code) throw new MfaException(code);
      if (!PLANNED_ANEW.includes(outcome.lost)) throw new Error(`Unhandled lost claim ${outcome.lost}`);
      if (deadline.left === 0) throw new MfaException('conflict');
      await pause(tried);
    }
  }

  /**
   * Reads what the plan is based on. Version and rows come from one query, and anything newer than that version makes its claim
   * fail.
   *
   * @throws {MfaException} `session_expired` when the request's session has ended
   */
  private async read(
    userId: string,
    context: MfaRequest | undefined,
    isReport: boolean,
  ): Promise<Account & { session: AuthenticationSession | null }> {
    const known = (isReport ? context?.session : context?.authenticatedSession) ?? null;
    const found = known && (await this.sessions.reload(known));
    if (known && found?.session.userId !== userId) throw new MfaException('session_expired');
    const session = found?.session ?? null;
    return { ...(found?.account ?? (await this.accounts.find(userId))), session };
  }

  /** Runs afterwards because only the commit reveals whether any browser was trusted. */
  private async tellOfLostTrust(user: MfaUser, source: MfaEventSource): Promise<void> {
    try {
      await this.journal.record({
        user,
        source,
        events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'factors_changed' } }],
      });
    } catch (error) {
      // The change is done, and its answer may contain recovery codes that are shown this once.
      this.logger.error(
        `The trusted browsers of user ${userIdOf(user)} were removed, but the event for it failed: ${messageOf(error)}`,
      );
    }
  }
}

/** Waits a random time, up to a limit that doubles with each try, so that colliding changes don't collide again. */
async function pause(tried: number): Promise<void> {
  const atMost = FIRST_PAUSE_MS * 2 ** Math.min(tried, 5);
  await new Promise((resolve) => setTimeout(resolve, randomInt(1, atMost + 1)));
}
