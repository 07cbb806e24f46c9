import type { GivenOf } from './option.js';
import { group, integer, toggle } from './option.js';

/** What unlocks a locked authenticator, besides an administrator and setting it up again. */
export const UNLOCK_OPTIONS = {
  /** Whether proving another factor of the same user unlocks the authenticator. */
  byOtherFactor: toggle(false),
  /** How many correct codes in a row, each from a later time step, unlock the authenticator; 0: codes never do. */
  byCodes: integer(0, 0, ({ preset }) => preset.maxUnlockCodes, { to: '10, not 1; profiles 0' }),
  /** The minimum time between two of these codes, in seconds. */
  codesApartSeconds: integer(60, 1, 3600),
  /** After how many seconds the authenticator unlocks by itself; 0: never. Profiles require 0. */
  afterSeconds: integer(0, 0, 31_536_000),
};

export interface MfaUnlockOptions extends GivenOf<typeof UNLOCK_OPTIONS> {}

/** The options that protect codes from being guessed. */
export const RATE_LIMIT_OPTIONS = {
  /** How many codes a user may try per window, across all factors. */
  attempts: integer(5, 1, ({ preset }) => preset.maxAttempts, { to: '1000000; profiles 10' }),
  /** Length of the window, in seconds. */
  windowSeconds: integer(300, ({ preset }) => preset.minWindowSeconds, 86_400, { from: '1 (profiles 60)' }),
  /** How many failures in a row lock an authenticator. The user's other authenticators keep working (NIST SP 800-63B-4, section 3.2.2). */
  lockAfter: integer(100, 1, 100),
  /** What unlocks an authenticator, besides an administrator. */
  unlock: group<typeof UNLOCK_OPTIONS, MfaUnlockOptions>(
    UNLOCK_OPTIONS,
    ({ byCodes, afterSeconds }, problems, { profile }, name) => {
      if (byCodes === 1) {
        problems.add(
          `\`${name}.byCodes\` must be 0, or from 2 to 10: if one code were enough, the lock would have no effect`,
        );
      }
      if (afterSeconds > 0 && profile !== 'default') {
        problems.add(
          `\`${name}.afterSeconds\` must be 0 under profile \`${profile}\`: a lock must not open just by waiting`,
        );
      }
    },
  ),
};

export interface MfaRateLimitOptions extends GivenOf<typeof RATE_LIMIT_OPTIONS> {}
