import type { AuthenticationMethod, MfaType } from './methods.js';

/** The profiles of the option `profile` that restrict which factors there may be. */
export type RestrictingProfile = 'aal2' | 'strict';

/** What kind of factor it is. A type has the same traits wherever it is used in a process. */
export interface MfaFactorTraits {
  /** 1 to 20 characters: `a` to `z`, digits, `_`. */
  type: MfaType;
  /** What a session records when it is proven. Default: the type. */
  method?: AuthenticationMethod;
  /** Whether having one makes a user *enrolled*, or it only stands in for one that was lost. Default: `second_factor`. */
  role?: 'second_factor' | 'backup';
  /** Whether no look-alike site can relay a proof of it (NIST SP 800-63B-4, section 3.2.5). Default: false. */
  phishingResistant?: boolean;
  /** Whether its proofs show how they were made: user verified, bound to the device, attested ({@link MfaProofFacts}). Default: false. */
  showsFacts?: boolean;
  /** The `amr` values of access tokens (RFC 8176, section 2). Default: the method. */
  amr?: readonly string[];
  /** The channel over which its codes come, such as `email`: it is no second factor where the first came over the same one. */
  channel?: string;
  /** The profiles that refuse it. Default: none. */
  refusedBy?: readonly RestrictingProfile[];
  /** Whether a stronger factor has to be offered beside it (a restricted authenticator, NIST SP 800-63B-4, section 3.2.9). */
  restricted?: boolean;
  /** How many of them a user may have, 1 to 20. Default: 1. */
  maxPerUser?: number;
  /** How one of them is called, when neither the user nor the adapter has named it. Default: the type. */
  label?: string;
  /** How its kind is called on pages and in mails, by language, such as `{ de: 'TAN-Liste' }`. Default: the label. */
  labels?: Readonly<Record<string, string>>;
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

// How many apps a user may have is an option.
registerFactorType({ type: 'totp', amr: ['otp'], label: 'Authenticator app', maxPerUser: 10 });
registerFactorType({ type: 'webauthn', phishingResistant: true, showsFacts: true, maxPerUser: 20 });
registerFactorType({
  type: 'recovery_codes',
  method: 'recovery_code',
  role: 'backup',
  amr: ['rc'],
  label: 'Recovery codes',
});
