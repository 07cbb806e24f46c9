import { randomBytes } from 'node:crypto';

import { createGuardrails } from '@otplib/core';
import { crypto } from '@otplib/plugin-crypto-node';
import { verifySync } from '@otplib/totp';

import { fromBase32, toBase32 } from '../../core/crypto/base32.js';
import { digitsPattern } from '../../engine/factors/code-factor.js';
import type { TotpAlgorithm } from '../../core/otpauth/key-uri.js';

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
  return toBase32(randomBytes(SECRET_BYTES));
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
    secret: fromBase32(secret),
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
