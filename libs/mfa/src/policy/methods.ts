/** The kinds of factor that a user can enrol. */
export const MFA_TYPES = ['totp', 'webauthn', 'recovery_codes'] as const;
export type MfaType = (typeof MFA_TYPES)[number];

/** The types that make a user *enrolled*. Recovery codes never stand alone. */
export const SECOND_FACTOR_TYPES: readonly MfaType[] = ['totp', 'webauthn'];

/**
 * What an authentication session can record as proven. `external`: an identity provider says that it has asked for several
 * factors itself.
 */
export const AUTHENTICATION_METHODS = [
  'pwd',
  'totp',
  'webauthn',
  'recovery_code',
  'trusted_device',
  'external',
] as const;
export type AuthenticationMethod = (typeof AUTHENTICATION_METHODS)[number];

/** One proof in a session. */
export interface AuthenticationRecord {
  method: AuthenticationMethod;
  /** When it was proven, milliseconds since the epoch. */
  at: number;
  /** The authenticator (or trusted browser) that proved it, so that its removal can take the proof along. */
  authenticatorId?: string;
}

/** The records that a session was stored with; none when they are not what this module writes. */
export function readRecords(stored: unknown): AuthenticationRecord[] {
  return Array.isArray(stored) && stored.every(isRecord) ? stored : [];
}

function isRecord(stored: unknown): stored is AuthenticationRecord {
  const { method, at } = (stored ?? {}) as Partial<AuthenticationRecord>;
  return typeof method === 'string' && typeof at === 'number';
}

const METHOD_OF_TYPE: Record<MfaType, AuthenticationMethod> = {
  totp: 'totp',
  webauthn: 'webauthn',
  recovery_codes: 'recovery_code',
};

/** The method that a session records when a factor of this type is proven. */
export function methodOfType(type: MfaType): AuthenticationMethod {
  return METHOD_OF_TYPE[type];
}

/** The factor type behind a record; undefined for a password, a trusted device, and proofs of somebody else. */
export function typeOfMethod(method: AuthenticationMethod): MfaType | undefined {
  return MFA_TYPES.find((type) => METHOD_OF_TYPE[type] === method);
}

/** Whether this record proves a second factor. */
export function isSecondFactor(record: AuthenticationRecord): boolean {
  return typeOfMethod(record.method) !== undefined;
}

/** Whether this record stands for a second factor: one of ours, or those that an identity provider vouches for. */
export function standsForSecondFactor(record: AuthenticationRecord): boolean {
  return isSecondFactor(record) || record.method === 'external';
}

/** The newest of the records that fit, or undefined. */
export function newestRecord(
  records: readonly AuthenticationRecord[],
  fits: (record: AuthenticationRecord) => boolean = () => true,
): AuthenticationRecord | undefined {
  return records
    .filter(fits)
    .reduce<AuthenticationRecord | undefined>(
      (newest, record) => (newest && newest.at >= record.at ? newest : record),
      undefined,
    );
}

/** Whether having one of this type makes a user enrolled. */
export function isSecondFactorType(type: MfaType): boolean {
  return SECOND_FACTOR_TYPES.includes(type);
}

/** Whether no look-alike site can relay a proof of this type (NIST SP 800-63B-4, section 3.2.5). */
export function isPhishingResistantType(type: MfaType): boolean {
  return type === 'webauthn';
}
