import { Inject, Injectable } from '@nestjs/common';

import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { CodeFactor, CodeVerdict } from '../../engine/factors/code-factor.js';
import type { Clock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { TotpData } from './totp-data.js';
import { findTimeStep } from './totp.js';

/** Judges codes of authenticator apps. A step at or below the last accepted one is refused by the claim itself. */
@Injectable()
export class TotpCodeFactor implements CodeFactor {
  readonly type = 'totp';

  constructor(
    @Inject(TotpData) private readonly data: TotpData,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  async judge(code: string, authenticator: Authenticator): Promise<CodeVerdict> {
    const isGenuine = this.authenticators.isGenuine(authenticator);
    const now = this.clock.now();
    const { tolerance, insecureBypassCode } = this.options.totp;
    if (insecureBypassCode !== undefined && code === insecureBypassCode) {
      return isGenuine ? { claims: [this.authenticators.claimUse(authenticator, new Date(now))] } : 'forged';
    }
    const parameters = await this.data.decrypt(authenticator.data, authenticator);
    // A time step that was turned back would make used codes good again.
    if (!isGenuine) return 'forged';
    if (!/^\d+$/.test(code) || code.length !== parameters.digits) return 'unfit';
    const lastStep = findTimeStep(parameters, code, now, tolerance);
    if (lastStep === null) return 'wrong';
    const claim = this.authenticators.claimUse(
      authenticator,
      new Date(now),
      { lastStep },
      { where: 'last_step IS NULL OR last_step < :lastStep', parameters: { lastStep } },
    );
    return { claims: [claim], step: lastStep };
  }
}
