import { isPhishingResistantType } from './methods.js';
import type { AuthenticationRecord } from './methods.js';
import type { MfaRequirement } from './policy.js';
import { fittingTypes, isFittingProof } from './policy.js';
import { intersectRequirements, isAcrName, readRequirement } from './requirements.js';

/**
 * The levels of authentication that an application has named, from the weakest to the strongest (the claim `acr`, OpenID
 * Connect Core 1.0, section 2; `acr_values` of RFC 9470). One table defines what the guard asks for by name, which level a
 * token states, and which one a token must state.
 */
export type MfaAcrLevels = Readonly<Record<string, MfaAcrLevel>>;

/** What a level requires. */
export type MfaAcrLevel = Pick<
  MfaRequirement,
  'maxAge' | 'methods' | 'phishingResistant' | 'userVerified' | 'deviceBound' | 'attested' | 'allOf'
>;

/** Phishing-resistant, and the same with a hardware key: values of OpenID EAP ACR Values 1.0. */
export const PHISHING_RESISTANT = 'phr';
export const PHISHING_RESISTANT_HARDWARE = 'phrh';

/** The levels of an application that defines none of its own. */
export const MFA_ACR_LEVELS = Object.freeze({
  [PHISHING_RESISTANT]: Object.freeze({ phishingResistant: true }),
  [PHISHING_RESISTANT_HARDWARE]: Object.freeze({
    phishingResistant: true,
    deviceBound: true,
    attested: true,
  }),
}) satisfies MfaAcrLevels;

const PARTS: readonly string[] = [
  'maxAge',
  'methods',
  'phishingResistant',
  'userVerified',
  'deviceBound',
  'attested',
  'allOf',
] satisfies (keyof MfaAcrLevel)[];

/**
 * Checks and copies a table of levels: the option `acr`.
 *
 * @returns the valid levels, and the problems of the others, one sentence each
 */
export function readAcrLevels(given: unknown): { levels: MfaAcrLevels; problems: string[] } {
  if (given === undefined) return { levels: MFA_ACR_LEVELS, problems: [] };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { levels: {}, problems: ['`acr` must be an object of levels, from the weakest to the strongest'] };
  }
  const levels: Record<string, MfaAcrLevel> = {};
  const problems: string[] = [];
  let former: string | undefined;
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    try {
      levels[name] = readLevel(name, value);
    } catch (error) {
      problems.push(`\`acr\`: \`${name}\` is not a level: ${(error as Error).message}`);
      continue;
    }
    if (former !== undefined && !asksForAll(levels[name], levels[former] as MfaAcrLevel)) {
      problems.push(
        `\`acr\`: \`${name}\` comes after \`${former}\` but does not require everything that \`${former}\` requires: order levels from the weakest to the strongest`,
      );
    }
    former = name;
  }
  if (former === undefined && problems.length === 0)
    problems.push('`acr` must have at least one level; leave it out for `phr` and `phrh`');
  return { levels: Object.freeze(levels), problems };
}

/** @throws {TypeError} */
function readLevel(name: string, given: unknown): MfaAcrLevel {
  // Object.entries() sorts such names first, but the order determines which level is stronger.
  if (/^\d+$/.test(name))
    throw new TypeError('a name of digits alone would not keep its place among the others');
  if (!isAcrName(name))
    throw new TypeError('its name must be printable ASCII without spaces, quotes and backslashes');
  const level = readRequirement(given);
  const wrong = Object.keys(level).find((part) => !PARTS.includes(part));
  if (wrong !== undefined)
    throw new TypeError(`\`${wrong}\` is for routes; a level only says what was proven`);
  if (Object.hasOwn(MFA_ACR_LEVELS, name)) {
    const known: MfaAcrLevel = MFA_ACR_LEVELS[name as keyof typeof MFA_ACR_LEVELS];
    if (!asksForAll(level, known)) {
      throw new TypeError(
        'the name has a standard meaning: it must require at least what `MFA_ACR_LEVELS` says',
      );
    }
  }
  return level;
}

/** Whether any proof that meets the one requirement also meets the other, as far as the requirements tell. Ages are ignored. */
export function asksForAll(one: MfaRequirement, other: MfaRequirement): boolean {
  const flags = ['userVerified', 'deviceBound', 'attested'] as const;
  if (flags.some((flag) => other[flag] && !one[flag])) return false;
  const types = fittingTypes(one);
  const wanted = fittingTypes(other);
  // With `allOf`, every type is proven, so one fitting type among them is enough.
  const isOne =
    types.every((type) => wanted.includes(type)) || (one.allOf ?? []).some((type) => wanted.includes(type));
  const hasFlags = flags.some((flag) => other[flag]);
  if (!isOne || (hasFlags && !types.every((type) => wanted.includes(type)))) return false;
  return (other.allOf ?? []).every(
    (type) => one.allOf?.includes(type) || (types.length === 1 && types[0] === type),
  );
}

/**
 * The strongest level that this proof alone reaches, whatever its age; undefined if none. Levels with `allOf` can't be reached
 * by one proof.
 */
export function levelOf(record: AuthenticationRecord, levels: MfaAcrLevels): string | undefined {
  return Object.entries(levels)
    .filter(([, level]) => level.allOf === undefined && isFittingProof(record, level))
    .at(-1)?.[0];
}

/** The weakest level that is at least as strong as the requirement, for clients to request; undefined if there is none. */
export function levelFor(requirement: MfaRequirement, levels: MfaAcrLevels): string | undefined {
  // A level that only a key reaches would be too much for a route that an authenticator app can open.
  const named = Object.entries(levels).find(
    ([, level]) => asksForAll(level, requirement) && areKeys(level) === areKeys(requirement),
  );
  if (named) return named[0];
  // No level covers all of it. If only a key will do, request a key at least.
  if (!areKeys(requirement)) return undefined;
  return Object.entries(levels).find(([, level]) => areKeys(level))?.[0];
}

/** Whether the stated level satisfies the wanted one, because it is the same or a stronger one. */
export function isLevelAtLeast(stated: unknown, wanted: string, levels: MfaAcrLevels): boolean {
  const names = Object.keys(levels);
  return (
    typeof stated === 'string' && names.includes(wanted) && names.indexOf(stated) >= names.indexOf(wanted)
  );
}

/** Whether only a key can give a proof at this level. */
export function areKeys(requirement: MfaRequirement): boolean {
  return fittingTypes(requirement).every(isPhishingResistantType);
}

/**
 * Merges the requirement with that of the level it names.
 *
 * @throws {TypeError} when there is no such level
 */
export function withLevel(requirement: MfaRequirement, levels: MfaAcrLevels): MfaRequirement {
  const { acr, ...rest } = requirement;
  if (acr === undefined) return requirement;
  const level = Object.hasOwn(levels, acr) ? levels[acr] : undefined;
  if (!level) throw new TypeError(unknownLevel(acr, levels));
  const { maxAge = Infinity, ...merged } = intersectRequirements([level, rest], Infinity);
  return {
    ...merged,
    // If the level has no maximum age, the route's applies.
    ...(Number.isFinite(maxAge) ? { maxAge } : {}),
    allowUnenrolled: rest.allowUnenrolled === true,
    acceptTrustedDevice: rest.acceptTrustedDevice === true,
    acr,
  };
}

/** What remains of the requirement if a token states the level it names: the proof may still be too old. */
export function ageOfLevel({ acr, ...besides }: MfaRequirement, levels: MfaAcrLevels): MfaRequirement {
  const level = acr === undefined ? undefined : levels[acr];
  const maxAge = Math.min(besides.maxAge ?? Infinity, level?.maxAge ?? Infinity);
  return Number.isFinite(maxAge) ? { ...besides, maxAge } : besides;
}

/** The error message for a name that isn't in the table. */
export function unknownLevel(acr: string, levels: MfaAcrLevels): string {
  return `there is no level \`${acr}\`: use one of ${Object.keys(levels).join(', ')}, or define it in the option \`acr\``;
}
