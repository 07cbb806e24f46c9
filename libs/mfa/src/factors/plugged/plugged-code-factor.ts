import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import type { CodeFactor, CodeScope, CodeVerdict } from '../../engine/factors/code-factor.js';
import type { MfaClock } from '../../core/clock/clock.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { FactorData } from '../../engine/factors/factor-data.js';
import type { RegisteredFactor } from '../../engine/factors/factor-registry.js';
import type { FactorRows } from '../../engine/factors/factor-rows.js';
import type { MfaFactorProof } from '../../engine/factors/mfa-factor.js';

/** What the engine gives to each factor. */
export interface PluggedParts {
  data: FactorData;
  rows: FactorRows;
  authenticators: AuthenticatorsService;
  clock: MfaClock;
}

/** Lets a factor of the option `factors` verify codes, and turns what it says into claims. */
export class PluggedCodeFactor implements CodeFactor {
  readonly type: MfaType;

  constructor(
    private readonly registered: RegisteredFactor,
    private readonly parts: PluggedParts,
  ) {
    this.type = registered.type;
  }

  async verify(code: string, row: Authenticator, { user, sessionId }: CodeScope): Promise<CodeVerdict> {
    const { data, rows, authenticators } = this.parts;
    const { factor } = this.registered;
    const authenticator = await data.open(row);
    if (!authenticators.isGenuine(row)) return 'forged';
    const found = factor.challenge ? await rows.findChallenge(row.userId, this.type, sessionId) : null;
    const challenge = found?.authenticatorId === row.id ? found : null;
    const verdict = await factor.verify(code, { user, sessionId, authenticator, challenge });
    if (verdict === 'not_applicable') return 'not_applicable';
    if (verdict === 'wrong') return 'wrong';
    const claims = [
      await this.claimUse(row, verdict),
      ...(challenge ? [rows.claimChallenge(challenge)] : []),
    ];
    return verdict.step === undefined ? { claims } : { claims, step: verdict.step };
  }

  private async claimUse(row: Authenticator, { step, data }: MfaFactorProof) {
    const now = new Date(this.parts.clock.now());
    const set = {
      ...(step === undefined ? {} : { lastStep: step }),
      ...(data === undefined ? {} : { data: await this.parts.data.encrypt(data, row) }),
    };
    const condition = {
      where: 'last_step IS NULL OR last_step < :lastStep',
      parameters: { lastStep: step },
    };
    return this.parts.authenticators.claimUse(row, now, set, step === undefined ? undefined : condition);
  }
}
