import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { isRefusal } from '../../core/errors/is-refusal.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import type { Happening } from '../journal/mfa-journal.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { nameAuthenticator, proofEvents, MfaJournal } from '../journal/mfa-journal.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import type { TakenAttempt } from '../users/attempt-limiter.js';
import { AttemptLimiter } from '../users/attempt-limiter.js';
import { hasSteps } from '../../core/policy/methods.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { CommitResult, Write } from '../../storage/mfa-storage.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { AUTHENTICATOR_CLAIM, AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { CODE_INPUT_MESSAGE, CODE_INPUT_PATTERN, normalizeCode } from '../factors/typed-code.js';
import type { CodeVerdict, FactorJudge } from '../factors/factor-judge.js';
import { FACTOR_JUDGES, NoVerdictError } from '../factors/factor-judge.js';
import { KeyServiceError } from '../keys/key-wrapper.js';
import { FailedAttempts } from './failed-attempts.js';
import { Tampering } from '../authenticators/tampering.js';
import { UnlockByCodes } from './unlock-by-codes.js';
import { UnreadableAuthenticators } from '../authenticators/unreadable-authenticators.js';

/** The writes and events that are committed in the same transaction as a proof. */
export interface AlongProof {
  writes: Write[];
  events: NewMfaEvent[];
  /** The session the proof belongs to; the writes may be what starts it. */
  sessionId: string;
  /**
   * Called when one of the writes loses its claim: the code was right, but something else has changed. Returns what to do
   * instead.
   *
   * @throws {MfaException} when there is nothing left to do
   */
  again: () => Promise<AlongProof>;
}

/** Options of a verification: the types that may verify, where the request comes from, and what the proof is for. */
export interface CodeVerification {
  types?: readonly MfaType[];
  source?: MfaEventSource;
  /** Whether the proof completes a sign-in. */
  afterFirstFactor?: boolean;
  /** @param isWeak whether the authenticator is too weak for the profile to enroll */
  along?: (authenticator: Authenticator, isWeak: boolean) => AlongProof;
}

type RightCode = Exclude<CodeVerdict, string>;

/**
 * The code is not one of this authenticator's; its row can't be read; or a key service is unavailable and a later try may
 * succeed.
 */
const UNJUDGED = ['not_applicable', 'unreadable', 'away'] as const;
type Unjudged = (typeof UNJUDGED)[number];

function isUnjudged(verdict: unknown): verdict is Unjudged {
  return UNJUDGED.some((one) => one === verdict);
}

/**
 * Whether something needed to judge a code is temporarily unavailable, as opposed to a damaged row. A conflict is a judgement here,
 * unlike in `isAway()`: a factor that answers wrong codes with one would give every guess back.
 */
function isAwayFor(error: unknown): boolean {
  return (
    error instanceof KeyServiceError ||
    (error instanceof MfaException && error.code === 'storage_unavailable')
  );
}

/** Verifies a code against the user's authenticators: counts the attempt, compares, then claims, in this order. */
@Injectable()
export class CodeVerifier {
  constructor(
    @Inject(FACTOR_JUDGES) private readonly factors: readonly FactorJudge[],
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(UnlockByCodes) private readonly unlocking: UnlockByCodes,
    @Inject(FailedAttempts) private readonly failures: FailedAttempts,
    @Inject(UnreadableAuthenticators) private readonly unreadable: UnreadableAuthenticators,
    @Inject(Tampering) private readonly tampering: Tampering,
    @Inject(AttemptLimiter) private readonly limiter: AttemptLimiter,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /**
   * Returns the authenticator that the code proves, and consumes the proof.
   *
   * @throws {MfaException} `invalid_request`, `too_many_attempts`, `authenticator_locked`, `incorrect_code`, or
   *   `storage_unavailable` when a key service is unavailable and nothing could judge the code
   */
  async verify(
    user: MfaUser,
    input: unknown,
    rows: readonly Authenticator[],
    verification: CodeVerification = {},
  ): Promise<Authenticator> {
    if (typeof input !== 'string' || !CODE_INPUT_PATTERN.test(input)) {
      throw new MfaException('invalid_request', { message: [CODE_INPUT_MESSAGE] });
    }
    const code = normalizeCode(input);
    const { types, source = APPLICATION_SOURCE } = verification;
    const candidates = rows.filter(({ type }) => !types || types.includes(type));
    // A user who has an authenticator always has the row that attempts are counted on.
    const attempt = await this.limiter.take(user, source, { isKept: rows.length > 0 });

    const wrong: Authenticator[] = [];
    let isUnreadable = false;
    let isAway = false;
    for (const factor of this.factors) {
      for (const row of candidates) {
        if (row.type !== factor.type) continue;
        const outcome = await this.prove(user, { factor, code }, row, attempt, verification);
        if (outcome === 'proven') return row;
        if (outcome === 'wrong') wrong.push(row);
        if (outcome === 'unreadable') isUnreadable = true;
        if (outcome === 'away') isAway = true;
      }
    }
    if (wrong.length === 0 && (isUnreadable || isAway)) {
      // Nothing verified the code, so it must not use up the budget of the factors that can.
      await this.limiter.giveBack(attempt);
      throw new MfaException(isAway ? 'storage_unavailable' : 'incorrect_code');
    }
    await this.failures.record(user, wrong, attempt, verification);
    throw new MfaException('incorrect_code');
  }

  /**
   * Whether the code is right for a factor of this type, for callers outside a sign-in.
   *
   * @throws {MfaException} `too_many_attempts` or `authenticator_locked`
   */
  async isRight(
    user: MfaUser,
    input: unknown,
    rows: readonly Authenticator[],
    type: MfaType,
  ): Promise<boolean> {
    try {
      await this.verify(user, input, rows, { types: [type] });
      return true;
    } catch (error) {
      if (error instanceof MfaException && ['incorrect_code', 'invalid_request'].includes(error.code))
        return false;
      throw error;
    }
  }

  /** Tries the code on one authenticator and commits the proof. Only `wrong` counts as a failure. */
  private async prove(
    user: MfaUser,
    typed: { factor: FactorJudge; code: string },
    row: Authenticator,
    attempt: TakenAttempt,
    verification: CodeVerification,
  ): Promise<'proven' | 'wrong' | Unjudged> {
    const verdict = await this.askFactor(user, typed, row, verification);
    if (verdict === 'wrong' || isUnjudged(verdict)) return verdict;
    if (verdict === 'forged') {
      this.tampering.note(user, row.id, verification.source ?? APPLICATION_SOURCE);
      return 'unreadable';
    }
    if (this.authenticators.isLocked(row)) {
      const isOpened = await this.unlock(user, row, verdict, attempt, verification);
      return isOpened ? 'proven' : 'wrong';
    }
    // The use comes first: its row serializes one user's guesses and holds the cap on failures.
    const claims = [verdict.use, ...verdict.others];
    const lost = await this.accept(user, { row, claims, isWeak: verdict.isWeak }, attempt, verification);
    if (lost === null) return 'proven';
    const counted = lost === AUTHENTICATOR_CLAIM ? await this.recount(user, row) : null;
    return counted ? this.prove(user, typed, counted, attempt, verification) : 'wrong';
  }

  private async askFactor(
    user: MfaUser,
    { factor, code }: { factor: FactorJudge; code: string },
    row: Authenticator,
    { source = APPLICATION_SOURCE }: CodeVerification,
  ): Promise<CodeVerdict | Unjudged> {
    try {
      return await factor.verify(code, row, { user, sessionId: source.sessionId ?? '' });
    } catch (error) {
      if (isAwayFor(error)) return 'away';
      // A custom factor that throws a refusal instead of answering has judged the code all the same.
      if (isRefusal(error)) return 'wrong';
      this.unreadable.note(user, row, error, source);
      return error instanceof NoVerdictError ? 'wrong' : 'unreadable';
    }
  }

  /**
   * Re-reads the row if another code of its set was used, or it was re-encrypted, since it was read; otherwise null. This
   * terminates: fewer codes are left each time, and a secret is replaced only once.
   */
  private async recount(user: MfaUser, seen: Authenticator): Promise<Authenticator | null> {
    const row = (await this.authenticators.find(userIdOf(user))).find(({ id }) => id === seen.id);
    return row && (row.remaining !== seen.remaining || row.data !== seen.data) ? row : null;
  }

  /** Claims the proof and everything that goes with it. Returns the claim that was lost to a faster request, or null. */
  private async accept(
    user: MfaUser,
    { row, claims, isWeak = false }: { row: Authenticator; claims: Write[]; isWeak?: boolean | undefined },
    attempt: TakenAttempt,
    { along, source = APPLICATION_SOURCE }: CodeVerification,
    events: NewMfaEvent[] = this.openedByWaiting(row),
  ): Promise<string | null> {
    for (let extra = along?.(row, isWeak); ; extra = await extra?.again()) {
      const result = await this.commitRight([...claims, ...(extra?.writes ?? [])], attempt, {
        user,
        source: extra ? { ...source, sessionId: extra.sessionId } : source,
        events: [...events, ...proofEvents(row), ...(extra?.events ?? [])],
      });
      if (result.committed) return null;
      if (!extra || claims.some(({ claim }) => claim === result.lost)) return result.lost;
    }
  }

  /** Commits what a right code does. If the database refuses, the code was no guess, and neither is the next try. */
  private async commitRight(
    writes: Write[],
    attempt: TakenAttempt,
    happening: Happening,
  ): Promise<CommitResult> {
    try {
      return await this.journal.commit([...writes, this.limiter.refund(attempt)], happening);
    } catch (error) {
      if (error instanceof MfaException) await this.limiter.giveBackAfter(error, attempt);
      throw error;
    }
  }

  /** Counts a right code for a locked authenticator as a step towards unlocking it. The last one is a proof again. */
  private async unlock(
    user: MfaUser,
    row: Authenticator,
    { step, others, isWeak }: Pick<RightCode, 'step' | 'others' | 'isWeak'>,
    attempt: TakenAttempt,
    verification: CodeVerification,
  ): Promise<boolean> {
    // A suspended authenticator can't be unlocked with its own codes.
    if (row.suspendedAt !== null) return false;
    if (!this.unlocking.isEnabled || step === undefined || !hasSteps(row.type)) return false;
    const { source = APPLICATION_SOURCE } = verification;
    const isUsed = row.lastStep !== null && step <= row.lastStep;
    if (isUsed || this.unlocking.isTooSoon(row)) {
      if (isUsed) await this.limiter.failed(attempt);
      else await this.limiter.giveBack(attempt);
      throw new MfaException('authenticator_locked', { unlock: this.unlocking.progress(row) });
    }
    const { write, opens, progress } = this.unlocking.claimCode(row, step);
    if (opens) {
      const opened: NewMfaEvent = {
        type: 'mfa.authenticator.unlocked',
        data: { authenticator: nameAuthenticator(row), by: 'codes' },
      };
      const right = { row, claims: [write, ...others], isWeak };
      const lost = await this.accept(user, right, attempt, verification, [opened]);
      if (lost === null) return true;
      return lost === AUTHENTICATOR_CLAIM && this.yieldToCopy(user, row, attempt);
    }
    const result = await this.commitRight([write, ...others], attempt, { user, source, events: [] });
    // Here too, a code is right only if the factor's other claims succeed.
    if (!result.committed) return result.lost === AUTHENTICATOR_CLAIM && this.yieldToCopy(user, row, attempt);
    throw new MfaException('authenticator_locked', { unlock: progress });
  }

  /** The code was right, but another request used it first: this is no failure and undoes no progress. */
  private async yieldToCopy(user: MfaUser, { id }: Authenticator, attempt: TakenAttempt): Promise<never> {
    await this.limiter.giveBack(attempt);
    const row = (await this.authenticators.find(userIdOf(user))).find((one) => one.id === id);
    if (!row || !this.authenticators.isLocked(row)) throw new MfaException('incorrect_code');
    throw new MfaException('authenticator_locked', { unlock: this.unlocking.progress(row) });
  }

  private openedByWaiting(row: Authenticator): NewMfaEvent[] {
    if (!this.authenticators.hasWaited(row)) return [];
    return [
      { type: 'mfa.authenticator.unlocked', data: { authenticator: nameAuthenticator(row), by: 'time' } },
    ];
  }
}
