import type { AttackTarget } from './attack-target.js';

/** What a target can't do without. */
const NEEDED = ['baseUrl', 'register', 'signIn', 'protectedRoute'] as const;

/**
 * Refuses a target whose owner has not said that it may be attacked, or that is described badly.
 *
 * @throws {Error} that says what is missing
 */
export function assertMayBeAttacked(target: AttackTarget): void {
  // In JavaScript it may be anything; only a deliberate `true` counts.
  if ((target as { iMayAttackThis: unknown }).iMayAttackThis !== true) {
    throw new Error(
      'This makes accounts, guesses codes and floods routes. Say `iMayAttackThis: true` for a staging system that may be attacked so, and whose owner agrees',
    );
  }
  const missing = NEEDED.filter((name) => !target[name]);
  if (missing.length > 0) throw new Error(`The target lacks \`${missing.join('`, `')}\``);
  for (const url of [target.baseUrl, target.secondInstance ?? target.baseUrl]) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new Error(
        `\`baseUrl\` and \`secondInstance\` are addresses with https:// or http://, not ${url}`,
      );
  }
  const { pathname, search } = new URL(target.baseUrl);
  if (pathname !== '/' || search !== '')
    throw new Error('`baseUrl` has no path: write it in the other paths, as `mfaPath: "/api/mfa"`');
  if (!target.protectedRoute.startsWith('/'))
    throw new Error('`protectedRoute` is a path, and begins with a slash');
}
