import type { AttackTarget } from './attack-target.js';

/** The required fields of a target. */
const NEEDED = ['baseUrl', 'register', 'signIn', 'protectedRoute'] as const;

/**
 * Rejects a target whose owner hasn't said that it may be attacked, or whose description is incomplete.
 *
 * @throws {Error} naming what is missing
 */
export function assertMayBeAttacked(target: AttackTarget): void {
  // In JavaScript it can be anything; only a deliberate `true` counts.
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
