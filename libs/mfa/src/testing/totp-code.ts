import type { MfaClock } from '../core/clock/clock.js';
import type { TotpCodeParameters } from '../core/virtual-authenticators/code-of-secret.js';
import { codeOfSecret } from '../core/virtual-authenticators/code-of-secret.js';
import { assertNotProduction } from './only-for-tests.js';

export type { TotpCodeParameters } from '../core/virtual-authenticators/code-of-secret.js';

/**
 * The code that an authenticator app shows (RFC 6238). A code works once: for the next one move the clock on by a time step.
 *
 * @param secret in base32, as `POST /mfa/totp` answers it
 * @param at a moment, milliseconds since the Unix epoch, or a clock such as {@link MovableClock}. Default: the present
 */
export function totpCode(
  secret: string,
  at: Date | number | MfaClock = Date.now(),
  parameters: TotpCodeParameters = {},
): string {
  assertNotProduction('totpCode()');
  return codeOfSecret(secret, typeof at === 'object' && 'now' in at ? at.now() : Number(at), parameters);
}
