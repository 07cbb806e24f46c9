import { BUILT_IN_TRAITS } from '../../factors/traits/built-in.js';
import type { MfaProofFacts } from '../traits/proof-facts.js';
import { isHardwareKey } from '../traits/proof-facts.js';
import type { TypeTraits } from '../traits/type-traits.js';
import type { AuthenticationMethod, MfaType } from './methods.js';

/** What an application says of a factor of its own: what kind it is. */
export interface MfaFactorTraits extends TypeTraits {
  type: MfaType;
  method?: AuthenticationMethod;
}

const TYPE = /^[a-z0-9_]{1,20}$/;
const RESERVED = ['pwd', 'trusted_device', 'external'];

const registered = new Map<MfaType, MfaFactorTraits>();
const types: MfaType[] = [];
const secondFactors: MfaType[] = [];

/** The types of factors that there are in this process, in the order in which lists name them. It grows with the option `factors`. */
export const MFA_TYPES: readonly MfaType[] = types;

/** The types that make a user *enrolled*. The others, as recovery codes, never stand alone. */
export const SECOND_FACTOR_TYPES: readonly MfaType[] = secondFactors;

/**
 * Makes a type of factor known.
 *
 * @throws {TypeError} when its name is not fit for a type, or another factor of this process has it
 */
export function registerFactorType(traits: MfaFactorTraits): void {
  const { type, method = type, role = 'second_factor', maxPerUser = 1 } = traits;
  if (!TYPE.test(type) || RESERVED.includes(type)) {
    throw new TypeError(
      `A factor's type has 1 to 20 characters (a to z, digits, _); this is ${String(type)}`,
    );
  }
  if (!Number.isInteger(maxPerUser) || maxPerUser < 1 || maxPerUser > 20) {
    throw new TypeError(`\`maxPerUser\` of the factor ${type} must be a whole number from 1 to 20`);
  }
  const known = registered.get(type);
  if (known) {
    if (JSON.stringify(known) === JSON.stringify(traits)) return;
    throw new TypeError(`There is another factor of the type ${type}`);
  }
  if (RESERVED.includes(method) || types.some((one) => methodOfType(one) === method)) {
    throw new TypeError(`The method ${method} of the factor ${type} is another one's`);
  }
  registered.set(type, traits);
  types.push(type);
  if (role === 'second_factor') secondFactors.push(type);
}

/** Whether that could be the name of a type. */
export function isTypeName(name: unknown): name is MfaType {
  return typeof name === 'string' && TYPE.test(name);
}

/** What is known of that type; undefined for one that nobody has registered. */
export function traitsOf(type: MfaType): MfaFactorTraits | undefined {
  return registered.get(type);
}

/** The method that a session records when a factor of this type is proven. */
export function methodOfType(type: MfaType): AuthenticationMethod {
  return registered.get(type)?.method ?? (type as AuthenticationMethod);
}

/** The type whose proofs sessions record as this method; undefined for a password, a trusted device, and proofs of somebody else. */
export function typeOfMethod(method: AuthenticationMethod): MfaType | undefined {
  return types.find((type) => methodOfType(type) === method);
}

/** Whether having one of this type makes a user enrolled. */
export function isSecondFactorType(type: MfaType): boolean {
  return secondFactors.includes(type);
}

/** Whether no look-alike site can relay a proof of this type (NIST SP 800-63B-4, section 3.2.5). */
export function isPhishingResistantType(type: MfaType): boolean {
  return registered.get(type)?.phishingResistant === true;
}

/** Whether proofs of this type show how they were made. */
export function showsFacts(type: MfaType): boolean {
  return registered.get(type)?.showsFacts === true;
}

/** Whether one of this type stands in for a second factor that was lost. */
export function isBackupType(type: MfaType): boolean {
  return registered.get(type)?.role === 'backup';
}

/** Whether this is the proof of something that stands in for a second factor that was lost. */
export function isBackupMethod(method: AuthenticationMethod): boolean {
  const type = typeOfMethod(method);
  return type !== undefined && isBackupType(type);
}

/** Whether each proof of this type has a greater step than the one before, so that right codes can open its lock. */
export function hasSteps(type: MfaType): boolean {
  return registered.get(type)?.steps === true;
}

/** Whether the row that all authenticators have is what verifies its proofs. So it is for a type that nobody has registered. */
export function isJudgedByRow(type: MfaType): boolean {
  return registered.get(type)?.judgedBy !== 'own_tables';
}

/** The `amr` values of a proof of this type that has shown these facts. */
export function amrOfType(type: MfaType, facts: MfaProofFacts): readonly string[] {
  const { amr = [methodOfType(type)] } = registered.get(type) ?? {};
  if (!('unknown' in amr)) return amr;
  if (isHardwareKey(facts)) return amr.hardware;
  return facts.backupEligible === true ? amr.synced : amr.unknown;
}

/** The types that come with the module, in the order of {@link MFA_TYPES}. */
export const BUILT_IN_TYPES: readonly MfaType[] = BUILT_IN_TRAITS.map(({ type }) => type);

for (const traits of BUILT_IN_TRAITS) registerFactorType(traits);
