import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { MfaPolicyService } from '../guard/mfa-policy.service.js';
import { raise } from '../core/policy/floor.js';
import { MFA_TYPES, isPhishingResistantType } from '../core/policy/factor-traits.js';
import type { MfaRequirement, MfaPolicyDecision, PolicyFacts } from '../core/policy/policy.js';
import { decide, fittingTypes } from '../core/policy/policy.js';
import { PROFILES } from '../options/profiles.js';
import type { MfaClaimsModuleOptions } from './mfa-claims-module-options.js';
import { MFA_CLAIMS_OPTIONS } from './mfa-claims-module-options.js';
import { PhishingResistanceRequired } from './phishing-resistance-required.js';
import { readMfaClaims } from './read-mfa-claims.js';

/** Gathers the facts of a decision from the request's verified claims: nothing is looked up anywhere. */
@Injectable()
export class ClaimsPolicy implements Pick<MfaPolicyService, 'decide' | 'defaultMaxAge'> {
  constructor(
    @Inject(MFA_CLAIMS_OPTIONS) private readonly options: Required<MfaClaimsModuleOptions>,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** How old a proof may be where a route does not say, in seconds. */
  get defaultMaxAge(): number {
    return this.options.gracePeriodSeconds;
  }

  /**
   * Whether the request may pass a route with this requirement.
   *
   * @throws {MfaException} in place of a refusal whose challenge has more to say
   * @throws {Error} for `once`: nothing here remembers what was spent
   */
  async decide(asked: MfaRequirement, request: object): Promise<MfaPolicyDecision> {
    const requirement = raise(asked, PROFILES[this.options.profile].floor);
    if (requirement.once)
      throw new Error('`once` needs the sessions of MfaModule: a token can be sent again');
    const facts = readMfaClaims(await this.options.claims(request));
    const decision = decide(requirement, {
      ...UNKNOWN_TO_A_TOKEN,
      hasUser: facts !== null,
      enrolled: facts?.enrolled ?? false,
      records: facts?.records ?? [],
      now: this.clock.now(),
      defaultMaxAge: this.options.gracePeriodSeconds,
    });
    if (!decision.allow && decision.code === 'mfa_required' && isForKeysOnly(requirement)) {
      const { allow: _, code: _code, ...details } = decision;
      throw new PhishingResistanceRequired(details);
    }
    return decision;
  }
}

/** Which factors the user has is not in the token, so a refusal names all that the route takes. */
const UNKNOWN_TO_A_TOKEN = {
  // An issuer leaves `mfa_enrolled` out for users who must enroll.
  mustEnroll: false,
  enrolledTypes: [],
  usableTypes: MFA_TYPES,
  offeredTypes: MFA_TYPES,
  enrollmentDeadline: null,
} satisfies Partial<PolicyFacts>;

function isForKeysOnly(requirement: MfaRequirement): boolean {
  return fittingTypes(requirement).every(isPhishingResistantType);
}
