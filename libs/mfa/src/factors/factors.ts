import type { FactorParts } from '../engine/factors/factor-parts.js';
import { PLUGGED_FACTORS } from './plugged/plugged.parts.js';
import { RECOVERY_CODES } from './recovery-codes/recovery-codes.parts.js';
import { TOTP } from './totp/totp.parts.js';
import { WEBAUTHN } from './webauthn/webauthn.parts.js';

/**
 * The module's factors, and the parts shared by those of the option `factors`. Codes are verified in this order: a code that could fit
 * several factors is tried against the authenticator app first, so that no recovery code is used up.
 */
export const FACTORS: readonly FactorParts[] = [TOTP, PLUGGED_FACTORS, WEBAUTHN, RECOVERY_CODES];
