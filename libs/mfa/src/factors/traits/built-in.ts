import { RECOVERY_CODES_TRAITS } from '../recovery-codes/traits/recovery-codes.traits.js';
import { TOTP_TRAITS } from '../totp/traits/totp.traits.js';
import { WEBAUTHN_TRAITS } from '../webauthn/traits/webauthn.traits.js';

/**
 * The built-in factor types, in the order in which lists show them. They are known wherever the policy is, even in a resource server that
 * has none of the factors.
 */
export const BUILT_IN_TRAITS = [TOTP_TRAITS, WEBAUTHN_TRAITS, RECOVERY_CODES_TRAITS] as const;

type BuiltIn = (typeof BUILT_IN_TRAITS)[number];

/** The built-in types, and the method of each. */
export type BuiltInTypes = { [Traits in BuiltIn as Traits['type']]: Traits['method'] };
