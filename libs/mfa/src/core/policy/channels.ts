import { traitsOf } from './factor-traits.js';
import type { AuthenticationRecord, MfaType } from './methods.js';
import { isFirstFactor } from './methods.js';

/**
 * Whether the codes of this factor come over the channel by which the user was recognised in the first place: whoever reads the
 * one reads the other, so they are one factor (NIST SP 800-63B-4, section 2.2.1).
 */
export function isOverSameChannel(type: MfaType, records: readonly AuthenticationRecord[]): boolean {
  const channel = traitsOf(type)?.channel;
  return (
    channel !== undefined && records.some((record) => isFirstFactor(record) && record.method === channel)
  );
}
