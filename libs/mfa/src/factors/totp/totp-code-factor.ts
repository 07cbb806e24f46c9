import { Inject, Injectable } from '@nestjs/common';

import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { CodeFactor, CodeVerdict } from '../../engine/factors/code-factor.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { TotpParameters } from './totp.js';
import { findTimeStep } from './totp.js';

/** The record that the parameters belong to. */
export interface TotpRecord {
  id: string;
  userId: string;
}

/** Keeps TOTP parameters encrypted, bound to their owner and record. */
@Injectable()
export class TotpData {
  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {}

  async encrypt(parameters: TotpParameters, { id, userId }: TotpRecord): Promise<string> {
    return this.adapter.encrypt(JSON.stringify(parameters), { purpose: 'totp', userId, recordId: id });
  }

  async decrypt(data: string, { id, userId }: TotpRecord): Promise<TotpParameters> {
    const text = await this.adapter.decrypt(data, { purpose: 'totp', userId, recordId: id });
    return parse(text);
  }
}

/** What the text holds must not get into an error, which is logged: so nothing of it is quoted. */
function parse(text: string): TotpParameters {
  const parameters = parseJson(text) as Partial<TotpParameters> | null;
  const { secret, algorithm, digits, period } = parameters ?? {};
  const isComplete =
    typeof secret === 'string' &&
    /^[A-Z2-7]{16,}=*$/i.test(secret) &&
    typeof algorithm === 'string' &&
    Number.isInteger(digits) &&
    Number.isInteger(period);
  if (!isComplete) throw new Error('These are not the parameters of a TOTP');
  return parameters as TotpParameters;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Verifies codes of authenticator apps. A step at or below the last accepted one is refused by the claim itself. */
@Injectable()
export class TotpCodeFactor implements CodeFactor {
  readonly type = 'totp';

  constructor(
    @Inject(TotpData) private readonly data: TotpData,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async verify(code: string, authenticator: Authenticator): Promise<CodeVerdict> {
    const isGenuine = this.authenticators.isGenuine(authenticator);
    const now = this.clock.now();
    const { tolerance, insecureBypassCode } = this.options.totp;
    if (insecureBypassCode !== undefined && code === insecureBypassCode) {
      return isGenuine ? { claims: [this.authenticators.claimUse(authenticator, new Date(now))] } : 'forged';
    }
    const parameters = await this.data.decrypt(authenticator.data, authenticator);
    // A time step that was turned back would make used codes good again.
    if (!isGenuine) return 'forged';
    if (!/^\d+$/.test(code) || code.length !== parameters.digits) return 'not_applicable';
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
