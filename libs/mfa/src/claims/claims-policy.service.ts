import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../core/clock/clock.js';
import type { MfaPolicyService } from '../guard/mfa-policy.service.js';
import { ageOfLevel, isLevelAtLeast, levelFor, withLevel } from '../core/policy/acr.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import { MFA_TYPES } from '../core/policy/methods.js';
import type { MfaRequirement, MfaPolicyDecision } from '../core/policy/policy.js';
import { decide } from '../core/policy/policy.js';
import { PROFILES, isRefusedBy } from '../options/profiles.js';
import type { MfaClaimsModuleOptions } from './mfa-claims-module-options.js';
import { MFA_CLAIMS_OPTIONS } from '../options/resolved-options.js';
import type { MfaClaimFacts } from './read-mfa-claims.js';
import { readMfaClaims } from './read-mfa-claims.js';
import { countingProofs, demandedBy } from './under-profile.js';

/**
 * Gathers the facts of a decision from the request's verified claims: nothing is looked up anywhere. It stands in for `MfaPolicyService`
 * where applications inject that too, so it has all of its methods; those that ask for users or sessions say that there are none.
 */
@Injectable()
export class ClaimsPolicy implements Pick<MfaPolicyService, keyof MfaPolicyService> {
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
   * @throws {Error} for `once`: nothing here remembers what was spent
   */
  async decide(asked: MfaRequirement, request: object): Promise<MfaPolicyDecision> {
    const { acr: levels, profile, gracePeriodSeconds } = this.options;
    if (asked.once) throw new Error('`once` needs the sessions of MfaModule: a token can be sent again');
    const facts = readMfaClaims(await this.options.claims(request), levels);
    const records = facts ? countingProofs(profile, facts) : [];
    const isStated = facts !== null && this.states(asked, facts, records);
    // What the issuer states needs not be shown once more. How old it may be is asked for in any case.
    const wanted = isStated ? ageOfLevel(asked, levels) : withLevel(asked, levels);
    const requirement = facts ? demandedBy(profile, wanted, facts) : wanted;
    const types = MFA_TYPES.filter((type) => !isRefusedBy(profile, type));
    const decision = decide(requirement, {
      // Which factors the user has is not in the token, so a refusal names all that the route takes; and an issuer leaves
      // `mfa_enrolled` out for users who must enroll.
      mustEnroll: false,
      enrolledTypes: [],
      usableTypes: types,
      offeredTypes: types,
      enrollmentDeadline: null,
      hasUser: facts !== null,
      enrolled: facts?.enrolled ?? false,
      records,
      now: this.clock.now(),
      defaultMaxAge: gracePeriodSeconds,
    });
    if (decision.allow || decision.code !== 'mfa_required') return decision;
    // In the words that the client passes on to the authorization server (RFC 9470, section 3).
    const acr = asked.acr ?? levelFor(requirement, levels);
    return acr === undefined ? decision : { ...decision, acr };
  }

  /** Nothing here is over for want of use: how long a token lasts says its issuer. */
  noteUse(): void {
    // Nothing to note.
  }

  /** @throws {Error} always, like those below */
  findUser(): Promise<never> {
    return needsSessions('findUser');
  }

  check(): Promise<never> {
    return needsSessions('check');
  }

  checkAuthorization(): Promise<never> {
    return needsSessions('checkAuthorization');
  }

  decideGlobally(): Promise<never> {
    return needsSessions('decideGlobally');
  }

  assertNotOverdue(): Promise<never> {
    return needsSessions('assertNotOverdue');
  }

  assertRecent(): Promise<never> {
    return needsSessions('assertRecent');
  }

  /** Whether the token states the level that is asked for, or a stronger one, and is young enough for it. */
  private states(
    { acr, maxAge }: MfaRequirement,
    facts: MfaClaimFacts,
    records: readonly AuthenticationRecord[],
  ): boolean {
    const { acr: levels, profile, gracePeriodSeconds } = this.options;
    // Under a floor a name is not enough: the token has to show it.
    if (acr === undefined || PROFILES[profile].floor || !isLevelAtLeast(facts.acr, acr, levels)) return false;
    const [newest] = records.map(({ at }) => at).sort((one, other) => other - one);
    const atMost = Math.min(levels[acr]?.maxAge ?? Infinity, maxAge ?? Infinity);
    const isBounded = Number.isFinite(atMost);
    return (
      newest !== undefined && isWithin(newest, isBounded ? atMost : gracePeriodSeconds, this.clock.now())
    );
  }
}

function needsSessions(method: keyof MfaPolicyService): Promise<never> {
  const problem = `\`MfaPolicyService.${method}()\` needs the sessions of MfaModule: with MfaClaimsModule ask \`decide()\``;
  return Promise.reject(new Error(problem));
}
