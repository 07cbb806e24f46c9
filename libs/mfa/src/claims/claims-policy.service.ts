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
 * Makes decisions from the verified claims of a request, without looking anything up. It replaces `MfaPolicyService`, which applications
 * may inject too, so it has all of its methods; those that need users or sessions throw.
 */
@Injectable()
export class ClaimsPolicy implements Pick<MfaPolicyService, keyof MfaPolicyService> {
  constructor(
    @Inject(MFA_CLAIMS_OPTIONS) private readonly options: Required<MfaClaimsModuleOptions>,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** The maximum age of a proof if the route doesn't set one, in seconds. */
  get defaultMaxAge(): number {
    return this.options.gracePeriodSeconds;
  }

  /**
   * Whether the request meets this requirement.
   *
   * @throws {Error} for `once`, since nothing here remembers used proofs
   */
  async decide(asked: MfaRequirement, request: object): Promise<MfaPolicyDecision> {
    const { acr: levels, profile, gracePeriodSeconds } = this.options;
    if (asked.once) throw new Error('`once` needs the sessions of MfaModule: a token can be used again');
    const facts = readMfaClaims(await this.options.claims(request), levels);
    const records = facts ? countingProofs(profile, facts) : [];
    const isStated = facts !== null && this.states(asked, facts, records);
    // What the issuer states doesn't have to be shown again. Its maximum age is required in any case.
    const wanted = isStated ? ageOfLevel(asked, levels) : withLevel(asked, levels);
    const requirement = facts ? demandedBy(profile, wanted, facts) : wanted;
    const types = MFA_TYPES.filter((type) => !isRefusedBy(profile, type));
    const decision = decide(requirement, {
      // A token doesn't say which factors the user has, so a refusal lists everything that the route accepts; and issuers leave
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
    // The terms that the client passes on to the authorization server (RFC 9470, section 3).
    const acr = asked.acr ?? levelFor(requirement, levels);
    return acr === undefined ? decision : { ...decision, acr };
  }

  /** Does nothing: a token doesn't end for lack of use; its issuer decides how long it lasts. */
  noteUse(): void {
    // Nothing to note.
  }

  /** @throws {Error} always, like the methods below */
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

  /** Whether the token states the required level, or a stronger one, and is recent enough for it. */
  private states(
    { acr, maxAge }: MfaRequirement,
    facts: MfaClaimFacts,
    records: readonly AuthenticationRecord[],
  ): boolean {
    const { acr: levels, profile, gracePeriodSeconds } = this.options;
    // If the profile has a floor, stating a level isn't enough: the token has to show the facts.
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
  const problem = `\`MfaPolicyService.${method}()\` needs the sessions of MfaModule: with MfaClaimsModule, call \`decide()\``;
  return Promise.reject(new Error(problem));
}
