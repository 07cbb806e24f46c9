import type { MfaClock } from '../core/clock/clock.js';
import type { TotpCodeParameters } from '../core/virtual-authenticators/code-of-secret.js';
import { codeOfSecret } from '../core/virtual-authenticators/code-of-secret.js';
import { assertNotProduction } from './only-for-tests.js';

export type { TotpCodeParameters } from '../core/virtual-authenticators/code-of-secret.js';

/**
 * The code an authenticator app shows (RFC 6238). Each code works once: to get the next one, advance the clock by a
 * time step.
 *
 * @param secret in base32, as returned by `POST /mfa/totp`
 * @param at a date, milliseconds since the Unix epoch, or a clock such as {@link MovableClock}. Default: the current
 * time
 */
export function totpCode(
  secret: string,
  at: Date | number | MfaClock = Date.now(),
  parameters: TotpCodeParameters = {},
): string {
  assertNotProduction('totpCode()');
  return codeOfSecret(secret, typeof at === 'object' && 'now' in at ? at.now() : Number(at), parameters);
}
