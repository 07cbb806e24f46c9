import { createGuardrails } from '@otplib/core';
import { crypto } from '@otplib/plugin-crypto-node';
import { generateSync } from '@otplib/totp';
import { base32 } from 'rfc4648';

import type { MfaClock } from '../core/clock/clock.js';
import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import { assertNotProduction } from './only-for-tests.js';

/** How the authenticator app was set up, where that was not by default. */
export interface TotpCodeParameters {
  /** Default: 6. */
  digits?: number;
  /** Length of a time step in seconds. Default: 30. */
  period?: number;
  /** Default: `sha1`. */
  algorithm?: TotpAlgorithm;
}

/** As the library itself: imported secrets may have 80 bits. */
const GUARDRAILS = createGuardrails({ MIN_SECRET_BYTES: 10 });

/**
 * The code that an authenticator app shows (RFC 6238). A code works once: for the next one move the clock on by a time step.
 *
 * @param secret in base32, as `POST /mfa/totp` answers it
 * @param at a moment, milliseconds since the Unix epoch, or a clock such as {@link MovableClock}. Default: the present
 */
export function totpCode(
  secret: string,
  at: Date | number | MfaClock = Date.now(),
  { digits = 6, period = 30, algorithm = 'sha1' }: TotpCodeParameters = {},
): string {
  assertNotProduction('totpCode()');
  const milliseconds = typeof at === 'object' && 'now' in at ? at.now() : Number(at);
  return generateSync({
    secret: base32.parse(secret, { loose: true }),
    digits,
    period,
    algorithm,
    epoch: Math.floor(milliseconds / 1000),
    crypto,
    guardrails: GUARDRAILS,
  });
}
