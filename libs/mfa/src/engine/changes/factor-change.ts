import { randomInt } from 'node:crypto';

import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaErrorCode } from '../../core/errors/error-codes.js';
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

/** What a change is decided on. */
export interface FactorState {
  userId: string;
  /** The user's authenticators, oldest first. */
  authenticators: Authenticator[];
  /** The session that asks for it, as it is now; null without one. It is authenticated, but for a report of a loss. */
  session: AuthenticationSession | null;
}

/** The statements of a change, and what it results in. */
export interface PlannedChange<T> {
  writes: Write[];
  events: NewMfaEvent[];
  /** Whether the factors stay as they are, as when one is renamed: then so does the trust in browsers. */
  keepsFactors?: boolean;
  /** Whether the owner of the account is not told. */
  silent?: boolean;
  /** The session that the writes start, when they start one. */
  startedSessionId?: string;
  result: T;
  /** What to answer when a claim among the writes is lost. */
  onLost?: Record<string, MfaErrorCode>;
}

/** On whose behalf a change is made. */
export interface ChangeOrigin {
  /** The request that asks for it; without one it is code of the application's, which is not asked for a proof. */
  context?: MfaRequest | undefined;
  /** Default: that request. */
  source?: MfaEventSource;
  /**
   * What the change does: under profiles some proofs are good for adding a factor alone. `reporting` takes away no
   * more than the use of a factor, and is open to whoever has proven the first one. Default: `change`.
   */
  purpose?: ChangePurpose | 'reporting';
}

/** The claim of something that a plan rests on besides; lost, the change is planned anew. */
export const PLAN_CLAIM = 'plan';

const PLANNED_ANEW = [VERSION_CLAIM, SESSION_CLAIM, PLAN_CLAIM];

const FIRST_PAUSE_MS = 5;

/**
 * Changes a user's factors, and what hangs on them. A change is planned on what was read and only happens if none of it has
 * changed since; otherwise it is planned anew. So questions like "is this the first factor" or "the last one" have one answer.
 *
 * The same holds for what allows it. A guard has decided on the request a while ago; here the session is read and the *recent*
 * proof checked with every plan, and the commit claims both the user's version and the session. So a session that ended
 * meanwhile changes nothing, and neither does a password when the user has got a factor meanwhile.
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
   * @throws {MfaException} what `plan` throws, the code of a lost claim, `session_expired` when the session of the request is
   *   over or the user was forgotten, `mfa_required` or `reauthentication_required` when its proof will not do (any more), or `conflict` when others kept
   *   winning until the time of the option `storage.timeoutSeconds` was over
   */
  async run<T>(
    user: MfaUser,
    { context, source = context?.source ?? APPLICATION_SOURCE, purpose }: ChangeOrigin,
    plan: (state: FactorState) => Promise<PlannedChange<T>>,
  ): Promise<T> {
    const userId = userIdOf(user);
    const deadline = new Deadline(this.options.storage.timeoutSeconds * 1000);
    const isReport = purpose === 'reporting';
    let wasKept = false;
    for (let tried = 1; ; tried++) {
      const { state, authenticators, session } = await this.read(userId, context, isReport);
      // The user was forgotten meanwhile, and nothing is to be kept of them again.
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
        const revoked = [claims.length, claims.length + 1 + writes.length].some((at) => affected[at]);
        if (!planned.keepsFactors && revoked) await this.tellOfLostTrust(user, place);
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
   * What the plan is made on. Version and rows come from one query, and what is newer than the version makes its claim fail.
   *
   * @throws {MfaException} `session_expired` when the request's session is over
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

  /** Afterwards, because only the commit tells whether there was any trust to lose. */
  private async tellOfLostTrust(user: MfaUser, source: MfaEventSource): Promise<void> {
    try {
      await this.journal.record({
        user,
        source,
        events: [{ type: 'mfa.trusted_device.revoked', data: { deviceId: null, reason: 'factors_changed' } }],
      });
    } catch (error) {
      // The change is done, and its answer may hold recovery codes that are shown this once.
      this.logger.error(
        `The trusted browsers of user ${userIdOf(user)} were removed, and the event of it failed: ${error instanceof Error ? error.message : ''}`,
      );
    }
  }
}

/** Of changes that ran into each other none waits as long as another, and the longer the more often it lost. */
async function pause(tried: number): Promise<void> {
  const atMost = FIRST_PAUSE_MS * 2 ** Math.min(tried, 5);
  await new Promise((resolve) => setTimeout(resolve, randomInt(1, atMost + 1)));
}
