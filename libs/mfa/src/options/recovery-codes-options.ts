import type { GivenOf } from './option.js';
import { integer, special } from './option.js';

/** The format of recovery codes: decimal digits, or groups of a base32 alphabet with at least 112 bits. */
export type RecoveryCodeFormat =
  { alphabet: 'digits'; length: number } | { alphabet: 'base32'; length: number };

const LEAST_DIGITS = 8;
const MOST_DIGITS = 16;

/** The options of recovery codes. */
export const RECOVERY_CODES_OPTIONS = {
  /** How many codes a set has. Existing sets don't change. */
  count: integer(10, 1, 50),
  /** How many decimal digits a code has. Profiles use longer codes in a different format. Existing sets don't change. */
  digits: special<number, RecoveryCodeFormat>({
    kind: 'number',
    usual: String(LEAST_DIGITS),
    range: `${LEAST_DIGITS} to ${MOST_DIGITS}`,
    read: (name, value, problems, { profile, preset }) => {
      if (preset.longRecoveryCodes && value !== undefined) {
        problems.add(
          `\`${name}\` gives fewer than the 112 bits that profile \`${profile}\` requires: leave it out, and the profile sets longer codes`,
        );
      }
      const length = problems.integer(name, value, LEAST_DIGITS, LEAST_DIGITS, MOST_DIGITS);
      return preset.longRecoveryCodes ? { alphabet: 'base32', length: 24 } : { alphabet: 'digits', length };
    },
  }),
};

export interface RecoveryCodesOptions extends GivenOf<typeof RECOVERY_CODES_OPTIONS> {}
