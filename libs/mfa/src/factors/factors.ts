import type { FactorParts } from '../engine/factors/factor-parts.js';
import { PLUGGED_FACTORS } from './plugged/plugged.parts.js';
import { RECOVERY_CODES } from './recovery-codes/recovery-codes.parts.js';
import { TOTP } from './totp/totp.parts.js';
import { WEBAUTHN } from './webauthn/webauthn.parts.js';

/**
 * The factors of the module, and what those of the option `factors` share. Their codes are verified in this order, so that one that
 * fits several is verified by the authenticator app first, and spends no recovery code.
 */
export const FACTORS: readonly FactorParts[] = [TOTP, PLUGGED_FACTORS, WEBAUTHN, RECOVERY_CODES];
