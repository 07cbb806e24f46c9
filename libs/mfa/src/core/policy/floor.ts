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

/** What a profile demands of every proof, on top of what a route asks for. */
export type ProofFloor = Readonly<Pick<MfaRequirement, 'phishingResistant' | 'userVerified' | 'deviceBound'>>;

/** The requirement with the floor under it. */
export function raise(requirement: MfaRequirement, floor: ProofFloor | null): MfaRequirement {
  return floor ? { ...requirement, ...floor } : requirement;
}

/** Whether a proof counts under this floor, for as long as it is young enough. A weak one never does. */
export function meetsFloor(record: AuthenticationRecord, floor: ProofFloor | null): boolean {
  return record.weak !== true && (floor === null || isFittingProof(record, floor));
}

/** Whether a proof only recovers: it lets its owner bind what meets the floor, and counts for nothing else. */
export function onlyRecovers(record: AuthenticationRecord, floor: ProofFloor | null): boolean {
  return record.weak !== true && floor !== null && isBackupMethod(record.method);
}

/**
 * Whether users may enroll a type where nothing but what meets a floor is offered, and the recovery codes that stand in for it: what an
 * application's own backup factor is worth nobody here can tell.
 */
export function isOfferedUnderFloor(type: MfaType): boolean {
  return isRecoveryCodes(type) || (isPhishingResistantType(type) && showsFacts(type));
}

/** First factors of which each proves no more than that somebody reads a mailbox, or has a phone. */
const DELIVERED: readonly string[] = ['email', 'sms'];

/**
 * Whether nothing that the user knows was proven first, but a link or code that was delivered. A second authenticator beside it is something
 * that they have too, so that the two are no two factors (NIST SP 800-63B-4, section 2.2.1).
 */
export function isFirstDelivered(records: readonly AuthenticationRecord[]): boolean {
  const first = records.filter(isFirstFactor);
  return first.length > 0 && first.every(({ method }) => DELIVERED.includes(method));
}
