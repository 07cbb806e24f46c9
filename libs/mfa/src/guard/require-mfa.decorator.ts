import type { Type } from '@nestjs/common';
import { SetMetadata, UseFilters, UseGuards, applyDecorators } from '@nestjs/common';

import { RefusedMessageFilter } from '../http/refused-message.filter.js';
import { MFA_TYPES } from '../policy/methods.js';
import type { MfaRequirement } from '../policy/policy.js';
import { MfaGuard } from './mfa.guard.js';
import { REQUIRE_MFA, SKIP_MFA } from './guard-metadata.js';

/**
 * Lets only those through who have proven a second factor lately. On a controller or a handler; the handler's own
 * requirement replaces the controller's.
 *
 * @param guard a guard of your own that finds the request elsewhere
 * @throws {TypeError} when a requirement could never be met
 */
export function RequireMfa(
  requirement: MfaRequirement = {},
  guard: Type<MfaGuard> = MfaGuard,
): ClassDecorator & MethodDecorator {
  const { maxAge, methods } = requirement;
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge > 0)) {
    throw new TypeError('@RequireMfa({ maxAge }) takes a whole number of seconds above 0');
  }
  if (methods !== undefined && !(methods.length > 0 && methods.every((type) => MFA_TYPES.includes(type)))) {
    throw new TypeError(`@RequireMfa({ methods }) takes some of ${MFA_TYPES.join(', ')}`);
  }
  if (requirement.phishingResistant && requirement.acceptTrustedDevice) {
    throw new TypeError('@RequireMfa(): a trusted browser is not phishing-resistant');
  }
  return applyDecorators(
    SetMetadata(REQUIRE_MFA, requirement),
    UseGuards(guard),
    UseFilters(RefusedMessageFilter),
  );
}

/** Exempts a controller or a handler from the global guard, and a handler from its controller's `@RequireMfa()`. */
export function SkipMfa(): ClassDecorator & MethodDecorator {
  return SetMetadata(SKIP_MFA, true);
}
