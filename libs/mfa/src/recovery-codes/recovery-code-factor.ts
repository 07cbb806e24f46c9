import { Inject, Injectable } from '@nestjs/common';

import type { Authenticator } from '../authenticators/authenticator.entity.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import type { CodeFactor, CodeVerdict } from '../authenticators/code-factor.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { looksLikeRecoveryCode } from './recovery-code.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** Judges recovery codes. Whether one is right is only known when it is claimed. */
@Injectable()
export class RecoveryCodeFactor implements CodeFactor {
  readonly type = 'recovery_codes';

  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  async judge(code: string, authenticator: Authenticator): Promise<CodeVerdict> {
    if (!looksLikeRecoveryCode(code)) return 'unfit';
    const now = new Date(this.clock.now());
    return {
      claims: [
        // First, because its row serialises the guesses of one user and holds the cap of failures.
        this.authenticators.claimUse(authenticator, now, { remaining: () => 'remaining - 1' }),
        await this.store.claim(authenticator.userId, code, now),
      ],
    };
  }
}
