import { RECOVERY_CODES_TRAITS } from '../recovery-codes/traits/recovery-codes.traits.js';
import { TOTP_TRAITS } from '../totp/traits/totp.traits.js';
import { WEBAUTHN_TRAITS } from '../webauthn/traits/webauthn.traits.js';

/**
 * The kinds of factor that come with the module, in the order in which lists name them. They are known wherever the policy is, in
 * a resource server too that has none of the factors themselves.
 */
export const BUILT_IN_TRAITS = [TOTP_TRAITS, WEBAUTHN_TRAITS, RECOVERY_CODES_TRAITS] as const;

type BuiltIn = (typeof BUILT_IN_TRAITS)[number];

/** Their types, and the method of each. */
export type BuiltInTypes = { [Traits in BuiltIn as Traits['type']]: Traits['method'] };
