import type { MfaType } from './methods.js';
import { MFA_TYPES, isTypeName } from './methods.js';
import type { MfaRequirement } from './policy.js';
import { fittingTypes } from './policy.js';

/** The valid values for each part of a requirement. */
const PARTS: Record<keyof MfaRequirement, { fits: (value: unknown) => boolean; what: string }> = {
  maxAge: {
    fits: (value) => Number.isSafeInteger(value) && (value as number) > 0,
    what: 'a whole number of seconds above 0',
  },
  methods: {
    fits: isTypes,
    what: `types of factors, such as ${MFA_TYPES.join(', ')}`,
  },
  phishingResistant: { fits: isBoolean, what: 'a boolean' },
  userVerified: { fits: isBoolean, what: 'a boolean' },
  deviceBound: { fits: isBoolean, what: 'a boolean' },
  attested: { fits: isBoolean, what: 'a boolean' },
  allOf: {
    fits: (value) => isTypes(value) && new Set(value).size === value.length,
    what: 'different types of factors, such as totp, webauthn',
  },
  once: { fits: isBoolean, what: 'a boolean' },
  acr: { fits: isAcrName, what: 'the name of a level of the option `acr`' },
  allowUnenrolled: { fits: isBoolean, what: 'a boolean' },
  acceptTrustedDevice: { fits: isBoolean, what: 'a boolean' },
};

/**
 * Checks and copies a requirement. A misspelled part would be silently ignored, and with it the intended protection.
 *
 * @throws {TypeError} for anything but an object, for unknown or invalid parts, and for what no proof could meet
 */
export function readRequirement(given: unknown): MfaRequirement {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('@RequireMfa() takes an object');
  }
  const requirement: Record<string, unknown> = {};
  // Includes inherited properties, since reading them would find them too.
  for (const key in given) {
    const part = Object.hasOwn(PARTS, key) ? PARTS[key as keyof MfaRequirement] : undefined;
    if (!part) throw new TypeError(`@RequireMfa() has no option \`${key}\``);
    const value = (given as Record<string, unknown>)[key];
    if (value === undefined) continue;
    if (!part.fits(value)) throw new TypeError(`@RequireMfa({ ${key} }) takes ${part.what}`);
    requirement[key] = Array.isArray(value) ? Object.freeze([...(value as unknown[])]) : value;
  }
  assertConsistent(requirement);
  assertSatisfiable(requirement);
  return Object.freeze(requirement);
}

/** What a trusted browser can't show, and how the error says so. */
const BEYOND_TRUST = {
  phishingResistant: 'is not phishing-resistant',
  userVerified: 'verifies nobody',
  deviceBound: 'is not a key',
  attested: 'is not a key',
  allOf: 'is not a particular factor',
  once: 'has no proof to spend',
  acr: 'meets no level',
} as const satisfies Partial<Record<keyof MfaRequirement, string>>;

/** @throws {TypeError} when its parts contradict each other */
function assertConsistent(requirement: MfaRequirement): void {
  const { acceptTrustedDevice, allOf = [], methods } = requirement;
  for (const [part, why] of Object.entries(BEYOND_TRUST)) {
    if (!acceptTrustedDevice || !requirement[part as keyof typeof BEYOND_TRUST]) continue;
    throw new TypeError(
      `@RequireMfa(): a trusted browser ${why}, so \`${part}\` and \`acceptTrustedDevice\` contradict each other`,
    );
  }
  const left = methods && allOf.find((type) => !methods.includes(type));
  if (left === undefined) return;
  throw new TypeError(`@RequireMfa(): \`allOf\` requires ${left}, which \`methods\` leaves out`);
}

/**
 * Merges requirements into one that is as strict as all of them together. If no single proof can meet them all, each type that one of
 * them requires has to be proven.
 *
 * @param defaultMaxAge the maximum age for requirements without one, in seconds
 * @throws {TypeError} when they name different levels
 */
export function mergeRequirements(
  requirements: readonly MfaRequirement[],
  defaultMaxAge: number,
): MfaRequirement {
  const [first = {}, ...others] = requirements;
  if (others.length === 0) return first;
  const merged = intersectRequirements(requirements, defaultMaxAge);
  return isSatisfiable(merged) ? merged : intersectRequirements(requirements.map(asAllOf), defaultMaxAge);
}

/** The same requirement in terms of `allOf` if it takes only one type. A trusted browser is no proof of a type. */
function asAllOf(requirement: MfaRequirement): MfaRequirement {
  const { methods = [], allOf = [], acceptTrustedDevice: _, ...rest } = requirement;
  return methods.length === 1 ? { ...rest, allOf: [...allOf, ...methods] } : requirement;
}

/**
 * Merges requirements into one that a single proof has to meet, apart from `allOf`. They may name only one level (`acr`): which of
 * several is stronger would be uncertain.
 *
 * @param defaultMaxAge the maximum age for requirements without one, in seconds
 * @throws {TypeError} when they name different levels
 */
export function intersectRequirements(
  requirements: readonly MfaRequirement[],
  defaultMaxAge: number,
): MfaRequirement {
  const lists = requirements.flatMap(({ methods: types }) => (types ? [types] : []));
  const methods = lists[0]?.filter((type) => lists.every((types) => types.includes(type)));
  const levels = [...new Set(requirements.flatMap(({ acr }) => acr ?? []))];
  if (levels.length > 1) throw new TypeError('@RequireMfa(): give only one level in `acr`, the stronger one');
  const allOf = [...new Set(requirements.flatMap((one) => one.allOf ?? []))];
  return {
    maxAge: Math.min(...requirements.map(({ maxAge = defaultMaxAge }) => maxAge)),
    ...(methods ? { methods } : {}),
    ...(allOf.length > 0 ? { allOf } : {}),
    ...(levels[0] === undefined ? {} : { acr: levels[0] }),
    phishingResistant: requirements.some((one) => one.phishingResistant),
    userVerified: requirements.some((one) => one.userVerified),
    deviceBound: requirements.some((one) => one.deviceBound),
    attested: requirements.some((one) => one.attested),
    once: requirements.some((one) => one.once),
    allowUnenrolled: requirements.every((one) => one.allowUnenrolled),
    acceptTrustedDevice: requirements.every((one) => one.acceptTrustedDevice),
  };
}

/** @throws {TypeError} when no factor could meet it */
export function assertSatisfiable(requirement: MfaRequirement): void {
  if (!isSatisfiable(requirement)) {
    throw new TypeError('@RequireMfa(): no factor can meet these requirements');
  }
}

/** Whether some factor could meet it. Unknown types may be those of the option `factors`, which the boot checks. */
function isSatisfiable(requirement: MfaRequirement): boolean {
  return unknownTypes(requirement).length > 0 || fittingTypes(requirement).length > 0;
}

/** The types that a requirement names but that aren't registered. */
export function unknownTypes({ methods = [], allOf = [] }: MfaRequirement): MfaType[] {
  return [...methods, ...allOf].filter((type) => !MFA_TYPES.includes(type));
}

/**
 * The characters allowed in `acr_values`, which are separated by spaces, and in quotes (RFC 6749, appendix A; RFC 9110, section
 * 5.6.4).
 */
const ACR = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

/** Whether the name is valid for a level. */
export function isAcrName(name: unknown): name is string {
  return typeof name === 'string' && ACR.test(name);
}

/** Only the format is checked: which types exist is known at boot, since custom factors come with the option `factors`. */
function isTypes(value: unknown): value is MfaType[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTypeName);
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}
