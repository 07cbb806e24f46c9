import { isBackupMethod, showsFacts, isPhishingResistantType, isBackupType } from './methods.js';
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

/** Whether users may enroll a type where nothing but what meets a floor, or stands in for it, is offered. */
export function isOfferedUnderFloor(type: MfaType): boolean {
  return isBackupType(type) || (isPhishingResistantType(type) && showsFacts(type));
}
