import {
  isBackupMethod,
  isFirstFactor,
  isPhishingResistantType,
  isRecoveryCodes,
  showsFacts,
} from './methods.js';
import type { AuthenticationRecord, MfaType } from './methods.js';
import type { MfaRequirement } from './policy.js';
import { isFittingProof } from './policy.js';

/** What a profile demands of every proof, in addition to the requirement of a route. */
export type ProofFloor = Readonly<Pick<MfaRequirement, 'phishingResistant' | 'userVerified' | 'deviceBound'>>;

/** Raises the requirement to at least the floor. */
export function raise(requirement: MfaRequirement, floor: ProofFloor | null): MfaRequirement {
  return floor ? { ...requirement, ...floor } : requirement;
}

/** Whether a proof counts under this floor, age aside. A weak proof never does. */
export function meetsFloor(record: AuthenticationRecord, floor: ProofFloor | null): boolean {
  return record.weak !== true && (floor === null || isFittingProof(record, floor));
}

/**
 * Whether a proof is only good for recovery: it lets its owner add a factor that meets the floor, and counts for nothing else.
 */
export function onlyRecovers(record: AuthenticationRecord, floor: ProofFloor | null): boolean {
  return record.weak !== true && floor !== null && isBackupMethod(record.method);
}

/**
 * Whether users may enroll this type if only factors that meet a floor are offered, together with the recovery codes that stand
 * in for them. What a custom backup factor is worth is unknown here.
 */
export function isOfferedUnderFloor(type: MfaType): boolean {
  return isRecoveryCodes(type) || (isPhishingResistantType(type) && showsFacts(type));
}

/** First factors that prove no more than access to a mailbox or a phone. */
const DELIVERED: readonly string[] = ['email', 'sms'];

/**
 * Whether the first factor was only a delivered link or code, and nothing that the user knows. A second authenticator is then
 * something they have, too, so the two are not two factors (NIST SP 800-63B-4, section 2.2.1).
 */
export function isFirstDelivered(records: readonly AuthenticationRecord[]): boolean {
  const first = records.filter(isFirstFactor);
  return first.length > 0 && first.every(({ method }) => DELIVERED.includes(method));
}
