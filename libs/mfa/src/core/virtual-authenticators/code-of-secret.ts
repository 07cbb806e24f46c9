import { createGuardrails } from '@otplib/core';
import { crypto } from '@otplib/plugin-crypto-node';
import { generateSync } from '@otplib/totp';
import { base32 } from 'rfc4648';

import type { TotpAlgorithm } from '../otpauth/key-uri.js';

/** The settings of the authenticator app, if they aren't the defaults. */
export interface TotpCodeParameters {
  /** Default: 6. */
  digits?: number;
  /** Length of a time step in seconds. Default: 30. */
  period?: number;
  /** Default: `sha1`. */
  algorithm?: TotpAlgorithm;
}

/** Same as the module's own: imported secrets may have 80 bits. */
const GUARDRAILS = createGuardrails({ MIN_SECRET_BYTES: 10 });

/**
 * Returns the code that an authenticator app shows at a given time (RFC 6238).
 *
 * @param secret in base32
 * @param at milliseconds since the Unix epoch
 */
export function codeOfSecret(
  secret: string,
  at: number,
  { digits = 6, period = 30, algorithm = 'sha1' }: TotpCodeParameters = {},
): string {
  return generateSync({
    secret: base32.parse(secret, { loose: true }),
    digits,
    period,
    algorithm,
    epoch: Math.floor(at / 1000),
    crypto,
    guardrails: GUARDRAILS,
  });
}
