import { Inject, Injectable, Optional } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { flagOf } from '../../core/users/mfa-user.js';
import { isSecondFactorRow, newAuthenticator } from '../rows/authenticator.entity.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { AuthenticatorsService, REMOVAL_CLAIM } from '../authenticators/authenticators.service.js';
import type { FactorState, PlannedChange } from './factor-change.js';
import { FactorChange } from './factor-change.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaErrorCode } from '../../core/errors/error-codes.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import { nameAuthenticator } from '../journal/mfa-journal.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { MfaType, MfaProofFacts } from '../../core/policy/methods.js';
import { isBackupType, isSecondFactorType } from '../../core/policy/methods.js';
import { AuthenticationSessionService } from '../sessions/authentication-session.service.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';
import type { MfaEventSource, MfaRequest } from '../rows/mfa-request.js';
import type { Write } from '../../storage/mfa-storage.js';
import { BackupCodes } from './backup-codes.js';

/** A second factor that was just proven for the first time. */
export interface NewFactor {
  /** Without a name, the adapter generates one. The proof counts as its first use. */
  authenticator: Pick<Authenticator, 'id' | 'userId' | 'type'> &
    Partial<Pick<Authenticator, 'name' | 'role' | 'data' | 'lastStep' | 'remaining'>>;
  /** What the proof has shown. Default: only that there was one. */
  facts?: MfaProofFacts;
  /** Whether nothing was proven yet, as when a passkey was created without asking the user. No session then gains a proof. */
  isUnproven?: boolean;
  /** The claims of the proof, and the error to answer with when one is lost. */
  claims: Write[];
  onLost: Record<string, MfaErrorCode>;
  /** Throws if the factor may not be added in this state. */
  check?: (state: FactorState) => void | Promise<void>;
  /** What is claimed in the factor's own tables, after the row was inserted. */
  ownClaims?: Write[];
  /** Further statements, executed after that. */
  along?: Write[];
  /** Where a sign-up comes from: the proof then starts a session. With neither this nor a request, no session starts. */
  source?: MfaEventSource;
  /** The id of the authenticator it replaces, in the same commit. */
  replaces?: string | null;
  /** Whether the user's other sessions end (ASVS v5.0.0-7.4.3), as they always do with the first second factor. */
  endOtherSessions?: boolean;
}

export interface MfaAddedFactor {
  authenticator: Authenticator;
  /** Whether it is the user's first second factor. */
  isFirst: boolean;
  /** Only with the user's first second factor. Shown this once. */
  recoveryCodes?: string[];
  /** The session in which the proof was recorded, with its new token. None outside a request. */
  issued?: MfaIssuedSession;
}

/**
 * Adds a second factor of any type. The row, the recovery codes that come with the first factor, and the session are committed
 * together or not at all.
 */
@Injectable()
export class AddAuthenticatorFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Optional() @Inject(BackupCodes) private readonly backup: BackupCodes | null,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * @throws {MfaException} `not_found` when the type can't be enrolled, `unverified_email` when the email address is known to
   *   be unverified
   */
  assertMayEnroll(user: MfaUser, type: MfaType): void {
    if (!this.options.supportedTypes.includes(type)) throw new MfaException('not_found');
    if (this.options.requireVerifiedEmail && flagOf(user, 'emailVerified') === false)
      throw new MfaException('unverified_email');
  }

  /**
   * Refuses a factor that only stands in for a second factor to users without one.
   *
   * @throws {MfaException} `mfa_enrollment_required`
   */
  assertMayStandIn(type: MfaType, authenticators: readonly Authenticator[]): void {
    if (!isBackupType(type) || authenticators.some(isSecondFactorRow)) return;
    const methods = this.options.supportedTypes.filter(isSecondFactorType);
    throw new MfaException('mfa_enrollment_required', { methods });
  }

  /**
   * Checks, before a setup begins, that it can replace this authenticator.
   *
   * @throws {MfaException} `not_found` when there is none with that id and type; `cannot_delete_authenticator` when the adapter
   *   keeps it
   */
  async assertReplaceable(
    authenticators: readonly Authenticator[],
    { type, id }: { type: MfaType; id: string },
  ): Promise<void> {
    const row = await this.findReplaced(authenticators, type, id);
    if (!row) throw new MfaException('not_found');
  }

  /** @throws {MfaException} the codes of `onLost` and `check`, and those of {@link FactorChange.run} */
  async add(user: MfaUser, factor: NewFactor, context?: MfaRequest): Promise<MfaAddedFactor> {
    const { type, name } = factor.authenticator;
    const now = new Date(this.clock.now());
    const authenticator = newAuthenticator({
      ...factor.authenticator,
      name: name ?? (await this.adapter.generateAuthenticatorName(user, type)),
      createdAt: now,
      lastUsedAt: factor.isUnproven ? null : now,
    });
    const added = await this.change.run(
      user,
      { context, purpose: 'adding', ...(factor.source ? { source: factor.source } : {}) },
      (state) => this.plan(user, authenticator, factor, state, context),
    );
    if (added.isFirst || factor.endOtherSessions) await this.endLateSessions(user, added, context);
    return added;
  }

  /**
   * Ends sessions that another connection started with a password alone, after this commit had ended those it could see and
   * before it was done: on a database server, statements of two transactions overlap.
   */
  private async endLateSessions(
    user: MfaUser,
    { issued }: MfaAddedFactor,
    context: MfaRequest | undefined,
  ): Promise<void> {
    try {
      await this.sessions.revokeAll(user, issued?.session ?? context?.session ?? undefined);
    } catch {
      // The factor was added, and its recovery codes must reach the user. The storage has logged what went wrong.
    }
  }

  private async plan(
    user: MfaUser,
    proven: Authenticator,
    factor: NewFactor,
    state: FactorState,
    context: MfaRequest | undefined,
  ): Promise<PlannedChange<MfaAddedFactor>> {
    const {
      claims,
      onLost,
      check,
      ownClaims = [],
      along = [],
      endOtherSessions = false,
      facts = {},
    } = factor;
    await check?.(state);
    const replaced = await this.findReplaced(
      state.authenticators,
      factor.authenticator.type,
      factor.replaces,
    );
    // The user tells authenticators apart by name, so a replacement keeps it.
    const isNamed = factor.authenticator.name !== undefined || !replaced;
    const authenticator = isNamed ? proven : newAuthenticator({ ...proven, name: replaced.name });
    const rows = replaced
      ? this.authenticators.planReplacement(replaced, authenticator, ownClaims, state.authenticators)
      : [this.authenticators.planInsertion(authenticator), ...ownClaims];
    const writes = [...claims, ...rows, ...along];
    const isFirst = isSecondFactorRow(authenticator) && !state.authenticators.some(isSecondFactorRow);
    const result: MfaAddedFactor = { authenticator, isFirst };
    const events: NewMfaEvent[] = [
      { type: 'mfa.authenticator.added', data: { authenticator: nameAuthenticator(authenticator), isFirst } },
    ];
    if (replaced) {
      const data = { authenticator: nameAuthenticator(replaced), isLast: false };
      // First, as what the user is told last should be what holds now.
      events.unshift({ type: 'mfa.authenticator.removed', data });
    }
    if (isFirst && this.backup && (await this.backup.areGiven())) {
      const planned = await this.backup.planReplacement(user);
      writes.push(...planned.writes);
      result.recoveryCodes = planned.codes;
    }
    let startedSessionId: string | undefined;
    const from = context?.source ?? factor.source;
    if (from && this.isGain(factor, authenticator, state)) {
      const { issued, write, events: told } = this.sessions.planProof(state, authenticator, facts, from);
      writes.push(write);
      events.push(...told);
      result.issued = issued;
      if (!state.session) startedSessionId = issued.session.id;
    }
    // Other sessions were started with a password alone, or with the factor being replaced.
    if (isFirst || replaced || endOtherSessions) {
      writes.push(
        this.sessions.planEndingOthers(state.userId, (result.issued?.session ?? state.session)?.id ?? ''),
      );
      const scope = (result.issued ?? state.session) ? 'others' : 'all';
      events.push({ type: 'mfa.session.ended', data: { scope, reason: 'factors_changed' } });
    }
    return {
      writes,
      events,
      ...(startedSessionId === undefined ? {} : { startedSessionId }),
      result,
      onLost: replaced ? { ...onLost, [REMOVAL_CLAIM]: 'not_found' } : onLost,
    };
  }

  /**
   * Whether the registration counts as a proof in the session. A passkey that a user without a second factor adds for
   * convenience doesn't: anyone with the password could add one, and would have proven a second factor with it.
   */
  private isGain(factor: NewFactor, added: Authenticator, { authenticators }: FactorState): boolean {
    return !factor.isUnproven && (isSecondFactorRow(added) || authenticators.some(isSecondFactorRow));
  }

  /**
   * The authenticator to replace; null if there is none, or it no longer exists.
   *
   * @throws {MfaException} `cannot_delete_authenticator` when the adapter keeps it
   */
  private async findReplaced(
    authenticators: readonly Authenticator[],
    type: MfaType,
    replaces: string | null | undefined,
  ): Promise<Authenticator | null> {
    const row = authenticators.find((one) => one.id === replaces && one.type === type);
    if (!row) return null;
    if (await this.adapter.canDeleteAuthenticator(row, { by: 'user' })) return row;
    throw new MfaException('cannot_delete_authenticator');
  }
}
