import { randomBytes } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';
import { createGuardrails } from '@otplib/core';
import { crypto } from '@otplib/plugin-crypto-node';
import { verifySync } from '@otplib/totp';
import { base32 } from 'rfc4648';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { overlayUser } from '../../core/users/user-overlay.js';
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
import { digitsPattern } from '../../engine/factors/typed-code.js';
import type { TotpAlgorithm } from '../../core/otpauth/key-uri.js';
import { PROFILES } from '../../options/profiles.js';

/** What a TOTP needs besides the time. Fixed when it is set up, so that changed options break no authenticator app. */
export interface TotpParameters {
  /** Base32 without padding. */
  secret: string;
  algorithm: TotpAlgorithm;
  digits: number;
  /** Length of a time step in seconds. */
  period: number;
}

/** RFC 4226, section 4, R6 recommends 160 bits. */
const SECRET_BYTES = 20;

/** Secrets that are imported may have 80 bits, as Google Authenticator made them; otplib alone would refuse to look at them. */
const GUARDRAILS = createGuardrails({ MIN_SECRET_BYTES: 10 });

/** A new random secret in base32. */
export function generateSecret(): string {
  return base32.stringify(randomBytes(SECRET_BYTES), { pad: false });
}

/**
 * The time step whose code this is, or null. Steps up to `tolerance` before and after the current one are looked at
 * (RFC 6238, section 5.2).
 *
 * @param code as many ASCII digits as the parameters say; anything else is null
 * @param now milliseconds since the epoch
 */
export function findTimeStep(
  { secret, algorithm, digits, period }: TotpParameters,
  code: string,
  now: number,
  tolerance: number,
): number | null {
  // otplib throws on a token of another shape.
  if (code.length !== digits || !/^\d+$/.test(code)) return null;
  const result = verifySync({
    secret: base32.parse(secret, { loose: true }),
    token: code,
    algorithm,
    digits: digits,
    period,
    epoch: Math.floor(now / 1000),
    epochTolerance: tolerance * period,
    crypto,
    guardrails: GUARDRAILS,
  });
  return result.valid && 'timeStep' in result ? result.timeStep : null;
}

/** Least length of a secret that is not weak (NIST SP 800-63B-4, section 3.1.4.1: 112 bits). */
const LEAST_STRONG_BYTES = 14;

/** Whether no profile would enroll it: it was imported, or set up under other options. */
export function isWeak({ secret, period }: TotpParameters): boolean {
  const isShort = base32.parse(secret, { loose: true }).length < LEAST_STRONG_BYTES;
  return isShort || period > PROFILES.aal2.maxTotpPeriodSeconds;
}

/** The text that is kept, encrypted, of the parameters. */
export function writeParameters(parameters: TotpParameters): string {
  return JSON.stringify(parameters);
}

/**
 * The parameters that were kept.
 *
 * @throws {Error} that quotes nothing of the text: what it holds must not get into a log
 */
export function readParameters(text: string): TotpParameters {
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

/** A TOTP as a user may type it: 6 to 8 digits of any script. */
export const TOTP_INPUT_PATTERN = digitsPattern(6, 8);

/**
 * Says which codes of authenticator apps are right (TOTP, RFC 6238). A time step at or below the last accepted one is refused by
 * the engine, which claims the step of each proof ({@link FactorJudge}).
 */
@Injectable()
export class TotpFactor extends MfaFactor {
  static readonly traits = TOTP_TRAITS;

  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {
    super();
  }

  /** How many of them a user may have. */
  get maxPerUser(): number {
    return this.mfa.options.totp.maxPerUser;
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
    return { secret, url, svg, qrCode: await this.buildQrCode(url, svg), expiresAt };
  }

  /** The `otpauth://` URI of a secret under another account name. */
  async buildUrl(user: MfaUser, secret: string, name: string): Promise<string> {
    return this.adapter.buildTotpUrl(overlayUser(user, { email: () => name }), secret);
  }

  /** The QR code of an `otpauth://` URI as a `data:` URL: a PNG picture, or the SVG of an adapter that draws its own. */
  async buildQrCode(url: string, svg?: string): Promise<string> {
    return drawQrCode(this.adapter, url, svg);
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

  override isWeak({ data }: Pick<MfaFactorAuthenticator, 'data'>): boolean {
    return isWeak(readParameters(data));
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
