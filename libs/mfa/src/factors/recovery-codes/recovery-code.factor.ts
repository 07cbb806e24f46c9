import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaFactorAuthenticator, MfaFactorVerdict } from '../../engine/factors/mfa-factor.js';
import { MfaFactor } from '../../engine/factors/mfa-factor.js';
import { RECOVERY_CODES_TRAITS } from './traits/recovery-codes.traits.js';
import { PROFILES } from '../../options/profiles.js';
import { isWeakRecoveryCode, looksLikeRecoveryCode } from './recovery-code.js';
import { RecoveryCodeKeys, keyIdOf } from './recovery-code-keys.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** Verifies recovery codes. Only claiming a code shows whether it is right. */
@Injectable()
export class RecoveryCodeFactor extends MfaFactor {
  static readonly traits = RECOVERY_CODES_TRAITS;

  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(RecoveryCodeKeys) private readonly keys: RecoveryCodeKeys,
  ) {
    super();
  }

  /** A set is created along with the first second factor, or generated anew, so there is no set-up to begin. */
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
    // Codes from before the profile, or from elsewhere, may be guessable and don't count.
    if (PROFILES[this.mfa.options.profile].longRecoveryCodes && isWeakRecoveryCode(code))
      return 'not_applicable';
    const remaining = authenticator.remaining ?? 0;
    // The set's key may be gone, since no code needs it any more.
    if (remaining === 0) return 'wrong';
    const keyId = keyIdOf(authenticator);
    // The code can't be verified, so it isn't a failure either; another factor may still accept it.
    if (await this.keys.isLost(keyId)) return 'not_applicable';
    const now = new Date(this.mfa.clock.now());
    return {
      remaining: remaining - 1,
      claims: [await this.store.claim(authenticator.userId, keyId, code, now)],
    };
  }
}
