import { Inject, Injectable } from '@nestjs/common';

import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { CodeFactor, CodeVerdict } from '../../engine/factors/code-factor.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { looksLikeRecoveryCode } from './recovery-code.js';
import { RecoveryCodeStore } from './recovery-code-store.js';

/** Verifies recovery codes. Whether one is right is only known when it is claimed. */
@Injectable()
export class RecoveryCodeFactor implements CodeFactor {
  readonly type = 'recovery_codes';

  constructor(
    @Inject(RecoveryCodeStore) private readonly store: RecoveryCodeStore,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async verify(code: string, authenticator: Authenticator): Promise<CodeVerdict> {
    if (!looksLikeRecoveryCode(code)) return 'not_applicable';
    // Nobody can tell whether it is right, so it is no failure either; other factors may still fit.
    if (await this.store.isLost()) return 'not_applicable';
    const now = new Date(this.clock.now());
    const seen = authenticator.remaining ?? 0;
    return {
      claims: [
        // First, because its row serialises the guesses of one user and holds the cap of failures. It is claimed as it was
        // read, so that what is told of the codes that are left is true of each use.
        this.authenticators.claimUse(
          authenticator,
          now,
          { remaining: seen - 1 },
          { where: 'remaining = :seen', parameters: { seen } },
        ),
        await this.store.claim(authenticator.userId, code, now),
      ],
    };
  }
}
