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

/** What a route asks for; the argument of `@RequireMfa()`. */
export interface MfaRequirement {
  /** The greatest age of the proof in seconds. Default: the option `gracePeriodSeconds`. */
  maxAge?: number;
  /** The factor types that will do. Default: all. */
  methods?: readonly MfaType[];
  /** Only factors that a look-alike site can't relay: WebAuthn (NIST SP 800-63B-4, section 3.2.5). */
  phishingResistant?: boolean;
  /** Only a proof in which the authenticator verified its user, by PIN or biometrics: WebAuthn with the flag UV. */
  userVerified?: boolean;
  /**
   * Only a key that can't leave its device: WebAuthn without the flag BE. It is what the key says of itself; with `attested` its
   * maker vouches for it.
   */
  deviceBound?: boolean;
  /** Only a key whose attestation led to a configured root when it was registered. */
  attested?: boolean;
  /** Each of these must have been proven within `maxAge`; what else is asked for, one proof has to meet. */
  allOf?: readonly MfaType[];
  /** What was proven so far is spent by this request: the next one with `once` needs a new proof. */
  once?: boolean;
  /**
   * What the level of that name asks for (option `acr`), and what else is asked for here. A refusal names it in the words of RFC 9470,
   * and tokens that state it, or a stronger one, show it.
   */
  acr?: string;
  /** Lets users without a second factor pass, except those who must have one. */
  allowUnenrolled?: boolean;
  /** Takes a sign-in from a trusted browser for a second factor; never together with what only a factor can show. */
  acceptTrustedDevice?: boolean;
}

/** The parts of a requirement that `methods` and `maxAge` don't tell of: a refusal names them, so that a client can ask for the right proof. */
export interface MfaNeeds {
  userVerified?: true;
  deviceBound?: true;
  attested?: true;
  allOf?: readonly MfaType[];
  once?: true;
}

/** All that a decision depends on. */
export interface PolicyFacts {
  /** Whether the request has a user at all. */
  hasUser: boolean;
  /** Whether this user must have a second factor, whatever the route says. */
  mustEnroll: boolean;
  /** Whether the user counts as enrolled (the adapter's `isMfaEnabled`). */
  enrolled: boolean;
  /** The types that the user has. */
  enrolledTypes: readonly MfaType[];
  /** The types that the user can use now: not locked, codes left. */
  usableTypes: readonly MfaType[];
  /** The types that can be enrolled here. */
  offeredTypes: readonly MfaType[];
  /** Of the types that the user has, those of which all are too weak for the profile; absent: none is. */
  weakTypes?: readonly MfaType[];
  /** What is known of the user's keys; absent: nothing is, and then nothing says that none of them would do. */
  keys?: readonly MfaProofFacts[];
  /** What the user's living, authenticated session holds; empty without one. */
  records: readonly AuthenticationRecord[];
  /** Until when someone who must enroll may work without, milliseconds since the epoch; null: no grace. */
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
      /** The user has second factors, and none of them will do. */
      reason?: 'other_factor_needed';
      needs?: MfaNeeds;
      /** The level that was asked for by name. */
      acr?: string;
    };

/** One proof that a requirement takes. */
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

/** Whether the records satisfy the requirement at this moment: the one question that needs nothing but the session. */
export function satisfies(requirement: MfaRequirement, facts: SessionFacts): boolean {
  return unmetDemands(requirement, facts).length === 0;
}

/** What a refusal tells of a requirement besides `methods` and `maxAge`; undefined where there is nothing. */
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

/** Whether some of it can only be answered with what is known of the user's keys. */
export function asksForKeys({ deviceBound, attested }: MfaRequirement): boolean {
  return deviceBound === true || attested === true;
}

/**
 * Decides whether a request may reach a route behind `@RequireMfa()`. Pure: the same facts give the same answer, and
 * what no rule lets through is refused.
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
  // Where nothing else is asked for, whatever proves one of them would meet it too.
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

/** Whether a proof is one that the requirement takes, apart from `allOf`, its age, and whether it was spent. */
export function isFittingProof(record: AuthenticationRecord, requirement: MfaRequirement): boolean {
  return fits(record, fittingTypes(requirement), requirement);
}

function fits(record: AuthenticationRecord, types: readonly MfaType[], requirement: MfaRequirement): boolean {
  if (record.weak) return false;
  const type = typeOfRecord(record);
  if (type !== undefined) return types.includes(type) && shows(record, requirement);
  // Neither says which factor it was.
  const isAnyGood = !requirement.methods && !requirement.phishingResistant && !asksForFacts(requirement);
  if (isTrustedBrowser(record)) return requirement.acceptTrustedDevice === true && isAnyGood;
  return isVouchedFor(record) && isAnyGood;
}

/** Whether a proof shows what is asked for: unknown is no answer. */
function shows(facts: MfaProofFacts, requirement: MfaRequirement): boolean {
  return (!requirement.userVerified || facts.userVerified === true) && isOfKind(facts, requirement);
}

/** Whether a key is of the kind that is asked for. */
export function isOfKind(
  { backupEligible, attested }: { [Fact in keyof MfaProofFacts]: MfaProofFacts[Fact] | null },
  { deviceBound, attested: mustBe }: MfaRequirement,
): boolean {
  return (!deviceBound || backupEligible === false) && (!mustBe || attested === true);
}

function asksForFacts({ userVerified, deviceBound, attested }: MfaRequirement): boolean {
  return userVerified === true || deviceBound === true || attested === true;
}

/** Whether something that the user has could give this proof. */
function canMeet(
  { types }: Demand,
  requirement: MfaRequirement,
  { enrolledTypes, weakTypes = [], keys }: PolicyFacts,
): boolean {
  // A custom adapter may keep factors that we have no row of: then nothing says that they would not fit.
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
