import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { CodeVerifier } from '../../engine/verification/code-verifier.js';
import { FactorChange } from '../../engine/changes/factor-change.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { NewMfaEvent } from '../../engine/journal/mfa-event.js';
import { nameAuthenticator } from '../../engine/journal/mfa-journal.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { RecoveryCode } from './recovery-code.entity.js';
import { RecoveryCodeSet } from './recovery-code-set.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** The state of a user's set of codes. */
export interface RecoveryCodesSummary {
  total: number;
  remaining: number;
  /** When the set was created; null if there is none. */
  createdAt: Date | null;
}

const MAX_COUNT = 50;

/** Manages recovery codes: created with the first second factor, shown once, and valid for a single use. */
@Injectable()
export class RecoveryCodesService {
  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(RecoveryCodeSet) private readonly set: RecoveryCodeSet,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(CodeVerifier) private readonly verifier: CodeVerifier,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Generates a new set and returns its codes, which are never shown again. The former set stops working.
   *
   * @param count 1 to 50; default: the option `recoveryCodes.count`
   * @param options `endOtherSessions`: whether to end the user's other sessions
   * @throws {MfaException} `cannot_generate_recovery_codes` if the user has no second factor, the type is off, or the key of the codes is
   *   lost
   */
  async generate(
    user: MfaUser,
    count: number = this.options.recoveryCodes.count,
    context?: MfaRequest,
    { endOtherSessions = false }: { endOtherSessions?: boolean } = {},
  ): Promise<string[]> {
    if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
      throw new RangeError(`\`count\` must be a whole number from 1 to ${MAX_COUNT}`);
    }
    return this.change.run(user, { context }, async ({ userId, authenticators, session }) => {
      const isAllowed =
        this.options.supportedTypes.includes('recovery_codes') &&
        authenticators.some(isSecondFactorRow) &&
        !(await this.set.isLost());
      if (!isAllowed) throw new MfaException('cannot_generate_recovery_codes');
      const { writes, codes, authenticator } = await this.set.planReplacement(user, count);
      const data = { authenticator: nameAuthenticator(authenticator), count };
      const events: NewMfaEvent[] = [{ type: 'mfa.recovery_codes.regenerated', data }];
      if (endOtherSessions) {
        writes.push(this.sessions.planEndingOthers(userId, session?.id ?? ''));
        const scope = session ? 'others' : 'all';
        events.push({ type: 'mfa.session.ended', data: { scope, reason: 'factors_changed' } });
      }
      return { writes, events, result: codes };
    });
  }

  /** Generates a new set of the default size; see {@link generate}. */
  async regenerate(
    user: MfaUser,
    context?: MfaRequest,
    options: { endOtherSessions?: boolean } = {},
  ): Promise<string[]> {
    return this.generate(user, undefined, context, options);
  }

  /**
   * Whether the code is one of the user's unused codes; if so, it is used up. Counts as an attempt.
   *
   * @throws {MfaException} `too_many_attempts` or `authenticator_locked`
   */
  async validate(user: MfaUser, code: string): Promise<boolean> {
    const rows = await this.authenticators.find(userIdOf(user));
    return this.verifier.isRight(user, code, rows, 'recovery_codes');
  }

  /** The rows of the unused codes. The codes themselves are not stored. */
  async getUnused(user: Pick<MfaUser, 'id'>): Promise<RecoveryCode[]> {
    return (await this.store.find(userIdOf(user))).filter((code) => !code.isUsed);
  }

  /** How many codes there are, and how many are left. */
  async summary(user: Pick<MfaUser, 'id'>): Promise<RecoveryCodesSummary> {
    const codes = await this.store.find(userIdOf(user));
    return {
      total: codes.length,
      remaining: codes.filter((code) => !code.isUsed).length,
      createdAt: codes[0]?.createdAt ?? null,
    };
  }
}
