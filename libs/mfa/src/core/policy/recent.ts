import { isWithin } from '../clock/clock.js';
import type { AuthenticationRecord, MfaType } from './methods.js';
import {
  MFA_TYPES,
  isBackupType,
  isPhishingResistantType,
  isFirstFactor,
  newestRecord,
  typeOfRecord,
  isVouchedFor,
} from './methods.js';

/**
 * What counts as a *recent* proof for users who have a phishing-resistant factor. `strongest`: such a factor, or a recovery
 * code. `any`: any second factor.
 */
export type ChangesNeed = 'strongest' | 'any';

/** The facts that decide whether a proof is *recent* (for changes of factors). */
export interface RecentFacts {
  /** The types of which one must have been proven; null for users who are not enrolled, for whom the first factor is enough. */
  types: readonly MfaType[] | null;
  /** The proofs of the user's valid, authenticated session; empty without one. */
  records: readonly AuthenticationRecord[];
  /** When the application itself last authenticated the user (`getAuthenticatedAt`), in milliseconds since the epoch. */
  authenticatedAt: number | null;
  now: number;
  maxAge: number;
}

/**
 * The types that let an enrolled user change factors. A typed code may have been relayed by a look-alike site. If it were
 * enough, whoever relays one could register their own key and remove the owner's (NIST SP 800-63B-4, section 3.2.5).
 *
 * @param enrolled the types that the user has
 */
export function typesForChanges(enrolled: readonly MfaType[], need: ChangesNeed): MfaType[] {
  const hasStrong = enrolled.some(isPhishingResistantType);
  return MFA_TYPES.filter(
    (type) => need === 'any' || !hasStrong || isPhishingResistantType(type) || isBackupType(type),
  );
}

/**
 * Whether factors may be changed now. For an enrolled user only a second factor of this module counts: a password alone never
 * weakens MFA (ASVS v5.0.0-7.5.1). A trusted device is no authentication (NIST SP 800-63B-4, section 5.1).
 */
export function isRecent({ types, records, authenticatedAt, now, maxAge }: RecentFacts): boolean {
  const newest = newestRecord(records, (record) => {
    const type = typeOfRecord(record);
    // Otherwise a spent proof could add a new factor, and with it a proof that isn't spent.
    if (record.spent) return false;
    if (type !== undefined) return types === null || types.includes(type);
    return types === null && (isFirstFactor(record) || isVouchedFor(record));
  });
  const times = newest ? [newest.at] : [];
  if (types === null && authenticatedAt !== null) times.push(authenticatedAt);
  return times.some((at) => isWithin(at, maxAge, now));
}
