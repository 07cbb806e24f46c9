import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type {
  MfaBegunSetup,
  MfaFactorAuthenticator,
  MfaFactorProof,
  MfaFactorRequest,
  MfaFactorVerdict,
} from '../../engine/factors/mfa-factor.js';
import { MfaFactor } from '../../engine/factors/mfa-factor.js';
import { TOTP_TRAITS } from './traits/totp.traits.js';
import type { TotpSetupDetails } from './totp-authenticator.js';
import { drawQrCode } from './totp-qr-code.js';
import type { TotpParameters } from './totp.js';
import { findTimeStep, generateSecret, readParameters, writeParameters } from './totp.js';

/**
 * Says which codes of authenticator apps are right (TOTP, RFC 6238). A time step at or below the last accepted one is refused by
 * the engine, which claims the step of each proof.
 */
@Injectable()
export class TotpFactor extends MfaFactor {
  static readonly traits = TOTP_TRAITS;

  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {
    super();
  }

  async begin({
    user,
  }: Pick<MfaFactorRequest, 'user'>): Promise<MfaBegunSetup & { answer: TotpSetupDetails }> {
    const { algorithm, digits, period, setupTtlSeconds } = this.mfa.options.totp;
    const data = writeParameters({ secret: generateSecret(), algorithm, digits, period });
    const expiresAt = new Date(this.mfa.clock.now() + setupTtlSeconds * 1000);
    return { data, expiresAt, answer: await this.show(user, data, expiresAt) };
  }

  /** What the user must see of a set-up that has begun. */
  async show(user: MfaUser, data: string, expiresAt: Date): Promise<TotpSetupDetails> {
    const { secret } = readParameters(data);
    const url = await this.adapter.buildTotpUrl(user, secret);
    const svg = await this.adapter.buildTotpSvg(url);
    return { secret, url, svg, qrCode: await drawQrCode(this.adapter, url, svg), expiresAt };
  }

  activate(code: string, { data }: { data: string }): 'wrong' | MfaFactorProof {
    return this.isBypass(code) ? {} : this.compare(code, readParameters(data));
  }

  verify(code: string, { authenticator }: { authenticator: MfaFactorAuthenticator }): MfaFactorVerdict {
    if (this.isBypass(code)) return {};
    const parameters = readParameters(authenticator.data);
    if (!/^\d+$/.test(code) || code.length !== parameters.digits) return 'not_applicable';
    return this.compare(code, parameters);
  }

  private compare(code: string, parameters: TotpParameters): 'wrong' | MfaFactorProof {
    const step = findTimeStep(parameters, code, this.mfa.clock.now(), this.mfa.options.totp.tolerance);
    return step === null ? 'wrong' : { step };
  }

  private isBypass(code: string): boolean {
    const { insecureBypassCode } = this.mfa.options.totp;
    return insecureBypassCode !== undefined && code === insecureBypassCode;
  }
}
