import type { GivenOf } from './option.js';
import { group, integer, toggle } from './option.js';

/** What opens a locked authenticator, besides an administrator and binding it anew. */
export const UNLOCK_OPTIONS = {
  /** Whether a proof by another of the user's factors opens it. */
  byOtherFactor: toggle(false),
  /** So many right codes of the locked authenticator in a row, each in a later time step, open it; 0: none do. */
  byCodes: integer(0, 0, ({ preset }) => preset.maxUnlockCodes, { to: '10, but 1; profiles 0' }),
  /** Least time between two of these codes, in seconds. */
  codesApartSeconds: integer(60, 1, 3600),
  /** Waiting so many seconds opens it; 0: never. Profiles demand 0. */
  afterSeconds: integer(0, 0, 31_536_000),
};

export interface MfaUnlockOptions extends GivenOf<typeof UNLOCK_OPTIONS> {}

/** The options that keep codes from being guessed. */
export const RATE_LIMIT_OPTIONS = {
  /** Codes that one user may try in a window, all factors together. */
  attempts: integer(5, 1, ({ preset }) => preset.maxAttempts, { to: '1000000; profiles 10' }),
  /** Length of the window, in seconds. */
  windowSeconds: integer(300, ({ preset }) => preset.minWindowSeconds, 86_400, { from: '1 (profiles 60)' }),
  /** Consecutive failures that disable an authenticator, and that one only (NIST SP 800-63B-4, section 3.2.2). */
  lockAfter: integer(100, 1, 100),
  /** What opens a lock, besides an administrator. */
  unlock: group<typeof UNLOCK_OPTIONS, MfaUnlockOptions>(
    UNLOCK_OPTIONS,
    ({ byCodes, afterSeconds }, problems, { profile }, name) => {
      if (byCodes === 1) {
        problems.add(`\`${name}.byCodes\` must be 0 or 2 to 10: a single code would make the lock void`);
      }
      if (afterSeconds > 0 && profile !== 'default') {
        problems.add(
          `\`${name}.afterSeconds\` must be 0 under profile \`${profile}\`: a lock must not open by waiting alone`,
        );
      }
    },
  ),
};

export interface MfaRateLimitOptions extends GivenOf<typeof RATE_LIMIT_OPTIONS> {}
