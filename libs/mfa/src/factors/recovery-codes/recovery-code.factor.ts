import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaFactorAuthenticator, MfaFactorVerdict } from '../../engine/factors/mfa-factor.js';
import { MfaFactor } from '../../engine/factors/mfa-factor.js';
import { RECOVERY_CODES_TRAITS } from './traits/recovery-codes.traits.js';
import { PROFILES } from '../../options/profiles.js';
import { isWeakRecoveryCode, looksLikeRecoveryCode } from './recovery-code.js';
import { RecoveryCodeKeys, keyIdOf } from './recovery-code-keys.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** Verifies recovery codes. Whether one is right is only known when it is claimed. */
@Injectable()
export class RecoveryCodeFactor extends MfaFactor {
  static readonly traits = RECOVERY_CODES_TRAITS;

  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
  ) {
    super();
  }

  /** A set is given together with the first second factor, or made anew; there is nothing to begin. */
  begin(): never {
    throw new MfaException('not_found');
  }

  activate(): 'wrong' {
    return 'wrong';
  }

  async verify(
    code: string,
    { authenticator }: { authenticator: MfaFactorAuthenticator },
  ): Promise<MfaFactorVerdict> {
    if (!looksLikeRecoveryCode(code)) return 'not_applicable';
    // Made before the profile, or elsewhere: what could be guessed recovers nothing.
    if (PROFILES[this.mfa.options.profile].longRecoveryCodes && isWeakRecoveryCode(code))
      return 'not_applicable';
    const remaining = authenticator.remaining ?? 0;
    // Its key may be gone: nothing needs it any more.
    if (remaining === 0) return 'wrong';
    const keyId = keyIdOf(authenticator);
    // Nobody can tell whether it is right, so it is no failure either; other factors may still fit.
    if (await this.keys.isLost(keyId)) return 'not_applicable';
    const now = new Date(this.mfa.clock.now());
    return {
      remaining: remaining - 1,
      claims: [await this.store.claim(authenticator.userId, keyId, code, now)],
    };
  }
}
