import { isWithin } from '../clock/clock.js';
import type { AuthenticationRecord, MfaType, MfaProofFacts } from './methods.js';
import {
  MFA_TYPES,
  SECOND_FACTOR_TYPES,
  isPhishingResistantType,
  showsFacts,
  newestRecord,
  typeOfRecord,
  isTrustedBrowser,
  isVouchedFor,
} from './methods.js';

/** The requirements of a route; the argument of `@RequireMfa()`. */
export interface MfaRequirement {
  /** The maximum age of the proof in seconds. Default: the option `gracePeriodSeconds`. */
  maxAge?: number;
  /** The accepted factor types. Default: all. */
  methods?: readonly MfaType[];
  /** Accepts only factors that a look-alike site can't relay: WebAuthn (NIST SP 800-63B-4, section 3.2.5). */
  phishingResistant?: boolean;
  /** Accepts only proofs in which the authenticator verified its user, by PIN or biometrics: WebAuthn with the flag UV. */
  userVerified?: boolean;
  /**
   * Accepts only keys that can't leave their device: WebAuthn without the flag BE. This is the key's own statement; with
   * `attested`, its manufacturer vouches for it.
   */
  deviceBound?: boolean;
  /** Accepts only keys whose attestation led to a configured root at registration. */
  attested?: boolean;
  /** Each of these types must have been proven within `maxAge`. Any other requirements must be met by one proof. */
  allOf?: readonly MfaType[];
  /** The request uses up all previous proofs: the next request with `once` needs a new one. */
  once?: boolean;
  /**
   * Requires what the level with this name requires (option `acr`), in addition to everything else here. A refusal names the
   * level as in RFC 9470, and a token that states it, or a stronger one, satisfies it.
   */
  acr?: string;
  /** Admits users without a second factor, except those who must have one. */
  allowUnenrolled?: boolean;
  /**
   * Accepts a sign-in from a trusted browser as a second factor. Can't be combined with anything that only a factor can show.
   */
  acceptTrustedDevice?: boolean;
}

/**
 * The parts of a requirement that `methods` and `maxAge` don't express. A refusal lists them so that a client can ask for the
 * right proof.
 */
export interface MfaNeeds {
  userVerified?: true;
  deviceBound?: true;
  attested?: true;
  allOf?: readonly MfaType[];
  once?: true;
}

/** Everything that a decision depends on. */
export interface PolicyFacts {
  /** Whether the request has a user at all. */
  hasUser: boolean;
  /** Whether this user must have a second factor, regardless of the route. */
  mustEnroll: boolean;
  /** Whether the user counts as enrolled (the adapter's `isMfaEnabled`). */
  enrolled: boolean;
  /** The types that the user has enrolled. */
  enrolledTypes: readonly MfaType[];
  /** The types that the user can use now: not locked, and with codes left. */
  usableTypes: readonly MfaType[];
  /** The types that can be enrolled here. */
  offeredTypes: readonly MfaType[];
  /** The enrolled types of which all of the user's authenticators are too weak for the profile. Default: none. */
  weakTypes?: readonly MfaType[];
  /**
   * What is known about the user's keys. If absent, nothing is known, so nothing rules out that one of them would be accepted.
   */
  keys?: readonly MfaProofFacts[];
  /** The proofs of the user's valid, authenticated session; empty without one. */
  records: readonly AuthenticationRecord[];
  /**
   * Until when a user who must enroll may work without a second factor, in milliseconds since the epoch; null without a grace
   * period.
   */
  enrollmentDeadline: number | null;
  /** Milliseconds since the epoch. */
  now: number;
  /** The option `gracePeriodSeconds`. */
  defaultMaxAge: number;
}

type SessionFacts = Pick<PolicyFacts, 'records' | 'now' | 'defaultMaxAge'>;

export type MfaPolicyDecision =
  | { allow: true }
  | { allow: false; code: 'unauthenticated' }
  | { allow: false; code: 'mfa_required'; methods: MfaType[]; maxAge: number; needs?: MfaNeeds; acr?: string }
  | {
      allow: false;
      code: 'mfa_enrollment_required';
      methods: MfaType[];
      /** The user has second factors, but none of them is accepted. */
      reason?: 'other_factor_needed';
      needs?: MfaNeeds;
      /** The level that was requested by name. */
      acr?: string;
    };

/** A proof that a requirement demands. */
interface Demand {
  types: readonly MfaType[];
  fits: (record: AuthenticationRecord) => boolean;
}

/** The types that satisfy a requirement, apart from `allOf`, in their usual order. */
export function fittingTypes(requirement: MfaRequirement): MfaType[] {
  return MFA_TYPES.filter(
    (type) =>
      (!requirement.methods || requirement.methods.includes(type)) &&
      (!requirement.phishingResistant || isPhishingResistantType(type)) &&
      (!asksForFacts(requirement) || showsFacts(type)),
  );
}

/** Whether the records satisfy the requirement now. This is the only question that the session alone can answer. */
export function satisfies(requirement: MfaRequirement, facts: SessionFacts): boolean {
  return unmetDemands(requirement, facts).length === 0;
}

/** What a refusal says about a requirement besides `methods` and `maxAge`; undefined if there is nothing to add. */
export function needsOf(requirement: MfaRequirement): MfaNeeds | undefined {
  const { allOf, ...flags } = requirement;
  const needs: MfaNeeds = {
    ...(flags.userVerified ? { userVerified: true } : {}),
    ...(flags.deviceBound ? { deviceBound: true } : {}),
    ...(flags.attested ? { attested: true } : {}),
    ...(allOf ? { allOf } : {}),
    ...(flags.once ? { once: true } : {}),
  };
  return Object.keys(needs).length > 0 ? needs : undefined;
}

/** Whether the requirement depends on what is known about the user's keys. */
export function asksForKeys({ deviceBound, attested }: MfaRequirement): boolean {
  return deviceBound === true || attested === true;
}

/**
 * Decides whether a request may reach a route behind `@RequireMfa()`. A pure function: the same facts give the same answer, and
 * anything that no rule admits is refused.
 */
export function decide(requirement: MfaRequirement, facts: PolicyFacts): MfaPolicyDecision {
  if (!facts.hasUser) return { allow: false, code: 'unauthenticated' };
  const unmet = unmetDemands(requirement, facts);
  if (unmet.length === 0) return { allow: true };

  const needs = needsOf(requirement);
  const { acr } = requirement;
  const told = { ...(needs ? { needs } : {}), ...(acr === undefined ? {} : { acr }) };
  if (facts.enrolled) {
    const impossible = unmet.filter((demand) => !canMeet(demand, requirement, facts));
    if (impossible.length > 0) {
      return { ...enrollmentRequired(impossible, facts), reason: 'other_factor_needed', ...told };
    }
    return {
      allow: false,
      code: 'mfa_required',
      methods: facts.usableTypes.filter(
        (type) => !facts.weakTypes?.includes(type) && unmet.some(({ types }) => types.includes(type)),
      ),
      maxAge: requirement.maxAge ?? facts.defaultMaxAge,
      ...told,
    };
  }
  if (facts.enrollmentDeadline !== null && facts.now < facts.enrollmentDeadline) return { allow: true };
  if (requirement.allowUnenrolled && !facts.mustEnroll) return { allow: true };
  return { ...enrollmentRequired(unmet, facts), ...told };
}

function demandsOf(requirement: MfaRequirement): Demand[] {
  const { allOf = [], once, methods, phishingResistant } = requirement;
  const isUnspent = (record: AuthenticationRecord) => !once || record.spent !== true;
  const each = allOf.map((type) => ({
    types: [type],
    fits: (record: AuthenticationRecord) =>
      typeOfRecord(record) === type && !record.weak && isUnspent(record),
  }));
  // If nothing else is required, any proof of `allOf` would meet it too.
  if (each.length > 0 && !methods && !phishingResistant && !asksForFacts(requirement)) return each;
  const types = fittingTypes(requirement);
  return [{ types, fits: (record) => fits(record, types, requirement) && isUnspent(record) }, ...each];
}

function unmetDemands(
  requirement: MfaRequirement,
  { records, now, defaultMaxAge }: SessionFacts,
): readonly Demand[] {
  const maxAge = requirement.maxAge ?? defaultMaxAge;
  return demandsOf(requirement).filter((demand) => {
    const newest = newestRecord(records, demand.fits);
    return newest === undefined || !isWithin(newest.at, maxAge, now);
  });
}

/** Whether a requirement accepts this proof, apart from `allOf`, its age, and whether it was spent. */
export function isFittingProof(record: AuthenticationRecord, requirement: MfaRequirement): boolean {
  return fits(record, fittingTypes(requirement), requirement);
}

function fits(record: AuthenticationRecord, types: readonly MfaType[], requirement: MfaRequirement): boolean {
  if (record.weak) return false;
  const type = typeOfRecord(record);
  if (type !== undefined) return types.includes(type) && shows(record, requirement);
  // Neither tells which factor was used.
  const isAnyGood = !requirement.methods && !requirement.phishingResistant && !asksForFacts(requirement);
  if (isTrustedBrowser(record)) return requirement.acceptTrustedDevice === true && isAnyGood;
  return isVouchedFor(record) && isAnyGood;
}

/** Whether a proof shows what is required. Unknown facts don't count. */
function shows(facts: MfaProofFacts, requirement: MfaRequirement): boolean {
  return (!requirement.userVerified || facts.userVerified === true) && isOfKind(facts, requirement);
}

/** Whether a key is of the required kind. */
export function isOfKind(
  { backupEligible, attested }: { [Fact in keyof MfaProofFacts]: MfaProofFacts[Fact] | null },
  { deviceBound, attested: mustBe }: MfaRequirement,
): boolean {
  return (!deviceBound || backupEligible === false) && (!mustBe || attested === true);
}

function asksForFacts({ userVerified, deviceBound, attested }: MfaRequirement): boolean {
  return userVerified === true || deviceBound === true || attested === true;
}

/** Whether one of the user's authenticators could give this proof. */
function canMeet(
  { types }: Demand,
  requirement: MfaRequirement,
  { enrolledTypes, weakTypes = [], keys }: PolicyFacts,
): boolean {
  // A custom adapter may manage factors that have no row here. Nothing then rules out that they fit.
  if (enrolledTypes.length === 0) return true;
  return enrolledTypes.some((type) => {
    if (!types.includes(type) || weakTypes.includes(type)) return false;
    return (
      !asksForKeys(requirement) ||
      !showsFacts(type) ||
      !keys ||
      keys.some((key) => isOfKind(key, requirement))
    );
  });
}

function enrollmentRequired(unmet: readonly Demand[], { offeredTypes }: PolicyFacts) {
  const methods = SECOND_FACTOR_TYPES.filter(
    (type) => unmet.some(({ types }) => types.includes(type)) && offeredTypes.includes(type),
  );
  return { allow: false, code: 'mfa_enrollment_required', methods } as const;
}
