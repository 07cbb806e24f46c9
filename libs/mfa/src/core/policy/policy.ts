import { isWithin } from '../clock/clock.js';
import type { AuthenticationRecord, MfaType } from './methods.js';
import { MFA_TYPES, SECOND_FACTOR_TYPES, isPhishingResistantType } from './factor-traits.js';
import { newestRecord, typeOfRecord } from './methods.js';

/** What a route asks for; the argument of `@RequireMfa()`. */
export interface MfaRequirement {
  /** The greatest age of the proof in seconds. Default: the option `gracePeriodSeconds`. */
  maxAge?: number;
  /** The factor types that will do. Default: all. */
  methods?: readonly MfaType[];
  /** Only factors that a look-alike site can't relay: WebAuthn (NIST SP 800-63B-4, section 3.2.5). */
  phishingResistant?: boolean;
  /** Lets users without a second factor pass, except those who must have one. */
  allowUnenrolled?: boolean;
  /** Takes a sign-in from a trusted browser for a second factor; never together with `phishingResistant`. */
  acceptTrustedDevice?: boolean;
}

/** All that a decision depends on. */
export interface PolicyFacts {
  /** Whether the request has a user at all. */
  hasUser: boolean;
  /** Whether this user must have a second factor, whatever the route says. */
  mustEnrol: boolean;
  /** Whether the user counts as enrolled (the adapter's `isMfaEnabled`). */
  enrolled: boolean;
  /** The types that the user has. */
  enrolledTypes: readonly MfaType[];
  /** The types that the user can use now: not locked, codes left. */
  usableTypes: readonly MfaType[];
  /** The types that can be enrolled here. */
  offeredTypes: readonly MfaType[];
  /** What the user's living, authenticated session holds; empty without one. */
  records: readonly AuthenticationRecord[];
  /** Until when someone who must enrol may work without, milliseconds since the epoch; null: no grace. */
  enrollmentDeadline: number | null;
  /** Milliseconds since the epoch. */
  now: number;
  /** The option `gracePeriodSeconds`. */
  defaultMaxAge: number;
}

export type PolicyDecision =
  | { allow: true }
  | { allow: false; code: 'unauthenticated' }
  | { allow: false; code: 'mfa_required'; methods: MfaType[]; maxAge: number }
  | {
      allow: false;
      code: 'mfa_enrollment_required';
      methods: MfaType[];
      /** The user has second factors, and none of them will do. */
      reason?: 'other_factor_needed';
    };

/** The types that satisfy a requirement, in their usual order. */
export function fittingTypes(requirement: MfaRequirement): MfaType[] {
  return MFA_TYPES.filter(
    (type) =>
      (!requirement.methods || requirement.methods.includes(type)) &&
      (!requirement.phishingResistant || isPhishingResistantType(type)),
  );
}

/** Whether the records satisfy the requirement at this moment: the one question that needs nothing but the session. */
export function satisfies(
  requirement: MfaRequirement,
  facts: Pick<PolicyFacts, 'records' | 'now' | 'defaultMaxAge'>,
): boolean {
  const newest = newestRecord(facts.records, (record) => fits(record, requirement));
  return newest !== undefined && isWithin(newest.at, requirement.maxAge ?? facts.defaultMaxAge, facts.now);
}

function fits(record: AuthenticationRecord, requirement: MfaRequirement): boolean {
  const type = typeOfRecord(record);
  if (type !== undefined) return fittingTypes(requirement).includes(type);
  // Neither says which factor it was.
  const isAnyGood = !requirement.methods && !requirement.phishingResistant;
  if (record.method === 'trusted_device') return requirement.acceptTrustedDevice === true && isAnyGood;
  return record.method === 'external' && isAnyGood;
}

/**
 * Decides whether a request may reach a route behind `@RequireMfa()`. Pure: the same facts give the same answer, and
 * what no rule lets through is refused.
 */
export function decide(requirement: MfaRequirement, facts: PolicyFacts): PolicyDecision {
  if (!facts.hasUser) return { allow: false, code: 'unauthenticated' };
  if (satisfies(requirement, facts)) return { allow: true };

  const fitting = fittingTypes(requirement);
  if (facts.enrolled) {
    // A custom adapter may keep factors that we have no row of: then nothing says that they would not fit.
    const fits =
      facts.enrolledTypes.length === 0 || facts.enrolledTypes.some((type) => fitting.includes(type));
    return fits
      ? {
          allow: false,
          code: 'mfa_required',
          methods: facts.usableTypes.filter((type) => fitting.includes(type)),
          maxAge: requirement.maxAge ?? facts.defaultMaxAge,
        }
      : { ...enrolmentRequired(fitting, facts), reason: 'other_factor_needed' };
  }
  if (facts.enrollmentDeadline !== null && facts.now < facts.enrollmentDeadline) return { allow: true };
  if (requirement.allowUnenrolled && !facts.mustEnrol) return { allow: true };
  return enrolmentRequired(fitting, facts);
}

function enrolmentRequired(fitting: readonly MfaType[], { offeredTypes }: PolicyFacts) {
  const methods = SECOND_FACTOR_TYPES.filter((type) => fitting.includes(type) && offeredTypes.includes(type));
  return { allow: false, code: 'mfa_enrollment_required', methods } as const;
}
