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

/** A second factor that has just been proven for the first time. */
export interface NewFactor {
  /** Without a name: the adapter makes one. The proof counts as its first use. */
  authenticator: Pick<Authenticator, 'id' | 'userId' | 'type'> &
    Partial<Pick<Authenticator, 'name' | 'role' | 'data' | 'lastStep' | 'remaining'>>;
  /** What the proof has shown. Default: nothing but that it was one. */
  facts?: MfaProofFacts;
  /** Whether nobody has proven anything yet, as when a passkey was made without asking its user: then no session gains by it. */
  isUnproven?: boolean;
  /** Claims of the proof, and what to answer when one is lost. */
  claims: Write[];
  onLost: Record<string, MfaErrorCode>;
  /** Throws when the factor may not be added to these. */
  check?: (state: FactorState) => void | Promise<void>;
  /** Statements that go along, after the row is there. */
  along?: Write[];
  /** Where a sign-up comes from: a session starts with the proof. Without it, and without a request, none does. */
  source?: MfaEventSource;
  /** The id of the authenticator whose place it takes, in the same commit. */
  replaces?: string | null;
  /** Whether the user's other sessions end (ASVS v5.0.0-7.4.3), as they do with the first second factor. */
  endOtherSessions?: boolean;
}

export interface MfaAddedFactor {
  authenticator: Authenticator;
  /** Whether it is the user's first second factor. */
  isFirst: boolean;
  /** Only with the user's first second factor; shown this once. */
  recoveryCodes?: string[];
  /** The session that the proof was recorded in, with its new token; none outside a request. */
  issued?: MfaIssuedSession;
}

/** Adds a second factor of any type: the row, the recovery codes of the first one, the session, all or nothing. */
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
   * @throws {MfaException} `not_found` when the type can't be enrolled, `unverified_email` when the address is known to be
   */
  assertMayEnroll(user: MfaUser, type: MfaType): void {
    if (!this.options.supportedTypes.includes(type)) throw new MfaException('not_found');
    if (this.options.requireVerifiedEmail && flagOf(user, 'emailVerified') === false)
      throw new MfaException('unverified_email');
  }

  /**
   * Refuses what only stands in for a second factor to users without one.
   *
   * @throws {MfaException} `mfa_enrollment_required`
   */
  assertMayStandIn(type: MfaType, authenticators: readonly Authenticator[]): void {
    if (!isBackupType(type) || authenticators.some(isSecondFactorRow)) return;
    const methods = this.options.supportedTypes.filter(isSecondFactorType);
    throw new MfaException('mfa_enrollment_required', { methods });
  }

  /**
   * Refuses to begin what could not take the place of this authenticator.
   *
   * @throws {MfaException} `not_found` where there is no such one of the type, `cannot_delete_authenticator` when the adapter keeps it
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
   * Ends sessions that another connection started, by a password alone, after this commit had ended those that it could see
   * and before it was done: on a server, statements of two transactions overlap.
   */
  private async endLateSessions(
    user: MfaUser,
    { issued }: MfaAddedFactor,
    context: MfaRequest | undefined,
  ): Promise<void> {
    try {
      await this.sessions.revokeAll(user, issued?.session ?? context?.session ?? undefined);
    } catch {
      // The factor is there and its recovery codes have to reach the user; the storage has logged what went wrong.
    }
  }

  private async plan(
    user: MfaUser,
    proven: Authenticator,
    factor: NewFactor,
    state: FactorState,
    context: MfaRequest | undefined,
  ): Promise<PlannedChange<MfaAddedFactor>> {
    const { claims, onLost, check, along = [], endOtherSessions = false, facts = {} } = factor;
    await check?.(state);
    const replaced = await this.findReplaced(
      state.authenticators,
      factor.authenticator.type,
      factor.replaces,
    );
    // Which of them is which the user knows by the name: what takes a place keeps it.
    const isNamed = factor.authenticator.name !== undefined || !replaced;
    const authenticator = isNamed ? proven : newAuthenticator({ ...proven, name: replaced.name });
    const writes = [
      ...claims,
      ...(replaced ? this.authenticators.planRemoval(state.userId, [replaced], state.authenticators) : []),
      this.authenticators.planInsertion(authenticator),
      ...along,
    ];
    const isFirst = isSecondFactorRow(authenticator) && !state.authenticators.some(isSecondFactorRow);
    const result: MfaAddedFactor = { authenticator, isFirst };
    const events: NewMfaEvent[] = [
      { type: 'mfa.authenticator.added', data: { authenticator: nameAuthenticator(authenticator), isFirst } },
    ];
    if (replaced) {
      const data = { authenticator: nameAuthenticator(replaced), isLast: false };
      events.push({ type: 'mfa.authenticator.removed', data });
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
    // Whoever was signed in elsewhere was so by a password alone, or by what is replaced.
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
   * Whether its registration is a proof in the session. Not so that of a passkey for convenience alone by somebody without a second
   * factor: whoever knows the password can add one, and would have proven a second factor with it.
   */
  private isGain(factor: NewFactor, added: Authenticator, { authenticators }: FactorState): boolean {
    return !factor.isUnproven && (isSecondFactorRow(added) || authenticators.some(isSecondFactorRow));
  }

  /**
   * What it takes the place of; null: nothing, or it is gone by now.
   *
   * @throws {MfaException} `cannot_delete_authenticator` when the adapter says so
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
