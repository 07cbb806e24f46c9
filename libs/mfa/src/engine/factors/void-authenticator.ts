import { isAway } from '../../core/errors/is-away.js';
import type { MfaType } from '../../core/policy/methods.js';
import { traitsOf } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { FactorData } from './factor-judge.js';
import type { MfaFactor } from './mfa-factor.js';

/** Whether the factor's codes are sent to a destination in the user's record. */
export function isSent(type: MfaType): boolean {
  return traitsOf(type)?.channel !== undefined;
}

/**
 * Whether the user may have one more authenticator of this type.
 *
 * @param replaced the authenticator whose place the new one takes
 */
export function hasRoom(
  type: MfaType,
  authenticators: readonly Pick<Authenticator, 'id' | 'type'>[],
  replaced: string | null = null,
): boolean {
  const count = authenticators.filter((row) => row.type === type && row.id !== replaced).length;
  return count < (traitsOf(type)?.maxPerUser ?? 1);
}

/**
 * The id of the authenticator that leaves no room for a new one, although the user's record no longer has its destination; null if
 * there is none. Users who must have a second factor can't remove their only one, so a void one has to be replaced.
 *
 * @param user as the application has them on record
 * @throws {MfaException} `storage_unavailable` when it can't be told now
 */
export async function findVoid(
  user: MfaUser,
  { type, factor }: { type: MfaType; factor: MfaFactor },
  authenticators: readonly Authenticator[],
  data: FactorData,
): Promise<string | null> {
  if (hasRoom(type, authenticators)) return null;
  for (const row of authenticators.filter((one) => one.type === type)) {
    if (await isVoid(user, factor, row, data)) return row.id;
  }
  return null;
}

/** Whether the user's record no longer has the destination to which this authenticator's codes are sent. */
export async function isVoid(
  user: MfaUser,
  factor: MfaFactor,
  row: Authenticator,
  data: FactorData,
): Promise<boolean> {
  if (!isSent(row.type) || !factor.isUsable) return false;
  try {
    return !(await factor.isUsable(user, await data.open(row)));
  } catch (error) {
    if (isAway(error)) throw error;
    // An error doesn't say that the record has changed.
    return false;
  }
}
