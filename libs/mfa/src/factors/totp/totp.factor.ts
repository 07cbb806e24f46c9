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

/** The parameters of a TOTP. They are fixed at set-up, so that changing the options breaks no authenticator app. */
export interface TotpParameters {
  /** Base32 without padding. */
  secret: string;
  algorithm: TotpAlgorithm;
  digits: number;
  /** Length of a time step in seconds. */
  period: number;
}

/** RFC 4226, section 4, R6, recommends 160 bits, which need no padding in base32. */
const SECRET_BYTES = 20;

/** Imported secrets may have 80 bits, as Google Authenticator's do. By default, otplib rejects these. */
const GUARDRAILS = createGuardrails({ MIN_SECRET_BYTES: 10 });

/** Generates a random secret in base32. */
export function generateSecret(): string {
  return base32.stringify(randomBytes(SECRET_BYTES));
}

/**
 * Finds the time step that the code belongs to, or null. Checks up to `tolerance` steps before and after the current one (RFC 6238,
 * section 5.2).
 *
 * @param code exactly as many ASCII digits as the parameters require; null is returned for anything else
 * @param now milliseconds since the epoch
 */
export function findTimeStep(
  { secret, algorithm, digits, period }: TotpParameters,
  code: string,
  now: number,
  tolerance: number,
): number | null {
  // otplib throws on a token of any other form.
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
  return result.valid ? result.timeStep : null;
}

/** Minimum length of a secret that isn't weak (NIST SP 800-63B-4, section 3.1.4.1: 112 bits). */
const LEAST_STRONG_BYTES = 14;

/** Whether no profile would allow enrolling it, for example because it was imported or set up under other options. */
export function isWeak({ secret, period }: TotpParameters): boolean {
  const isShort = base32.parse(secret, { loose: true }).length < LEAST_STRONG_BYTES;
  return isShort || period > PROFILES.aal2.maxTotpPeriodSeconds;
}

/** Serializes the parameters for encrypted storage. */
export function writeParameters(parameters: TotpParameters): string {
  return JSON.stringify(parameters);
}

/**
 * Parses stored parameters.
 *
 * @throws {Error} without quoting the text, whose content must not end up in a log
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
  if (!isComplete) throw new Error('The stored TOTP parameters are invalid');
  return parameters as TotpParameters;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A TOTP code as typed by a user: 6 to 8 digits of any script. */
export const TOTP_INPUT_PATTERN = digitsPattern(6, 8);

/** What {@link TOTP_INPUT_PATTERN} asks for, for developers. */
export const TOTP_INPUT_MESSAGE = 'code must be 6 to 8 digits';

/**
 * Verifies codes of authenticator apps (TOTP, RFC 6238). The engine claims the time step of each proof, and refuses steps at or below the
 * last accepted one ({@link FactorJudge}).
 */
@Injectable()
export class TotpFactor extends MfaFactor {
  static readonly traits = TOTP_TRAITS;

  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {
    super();
  }

  /** How many authenticator apps a user may have. */
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

  /** What to show the user of a set-up that has begun. */
  async show(user: MfaUser, data: string, expiresAt: Date): Promise<TotpSetupDetails> {
    const { secret } = readParameters(data);
    const url = await this.adapter.buildTotpUrl(user, secret);
    const svg = await this.adapter.buildTotpSvg(url);
    return { secret, url, svg, qrCode: await this.buildQrCode(url, svg), expiresAt };
  }

  /** Builds the `otpauth://` URI of a secret under a different account name. */
  async buildUrl(user: MfaUser, secret: string, name: string): Promise<string> {
    return this.adapter.buildTotpUrl(overlayUser(user, { email: () => name }), secret);
  }

  /** Draws the QR code of an `otpauth://` URI as a `data:` URL: a PNG image, or the SVG of an adapter that draws its own. */
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
