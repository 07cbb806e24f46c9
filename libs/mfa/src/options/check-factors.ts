import {
  BUILT_IN_TYPES,
  isPhishingResistantType,
  isSecondFactorType,
  traitsOf,
} from '../core/policy/methods.js';
import { isOfferedUnderFloor } from '../core/policy/floor.js';
import type { MfaType } from '../core/policy/methods.js';
import type { Problems } from './problems.js';
import { PROFILES, isRefusedBy } from './profiles.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

/** Checks each supported factor type against the profile and the other types. */
export function checkFactors(
  problems: Problems,
  profile: ResolvedMfaOptions['profile'],
  supportedTypes: readonly MfaType[],
): void {
  for (const type of supportedTypes) {
    const { restricted = false } = traitsOf(type) ?? {};
    if (isRefusedBy(profile, type)) {
      problems.add(
        `\`factors\`: profile \`${profile}\` does not allow \`${type}\`: remove it, from \`supportedTypes\` too`,
      );
    } else if (PROFILES[profile].offersOnlyFloor && !isOfferedUnderFloor(type)) {
      problems.add(
        `\`supportedTypes\` must not include \`${type}\` under profile \`${profile}\`: its proofs don't show a key that is bound to its device and has verified its user (NIST SP 800-63B-4, section 2.3.1). Remove it, from \`factors\` too; users who already have one can sign in with it until they have such a key`,
      );
    }
    if (restricted && !supportedTypes.some(isStronger)) {
      const stronger = BUILT_IN_TYPES.filter(isStronger).map((one) => `\`${one}\``);
      problems.add(
        `\`supportedTypes\` must include ${stronger.join(' or ')} along with \`${type}\`: it is a restricted authenticator, so users need a stronger alternative (NIST SP 800-63B-4, section 3.2.9)`,
      );
    }
  }
}

/** Whether the type is known to be stronger than a restricted authenticator. One of the application's own has to be phishing-resistant. */
function isStronger(type: MfaType): boolean {
  return isPhishingResistantType(type) || (BUILT_IN_TYPES.includes(type) && isSecondFactorType(type));
}
