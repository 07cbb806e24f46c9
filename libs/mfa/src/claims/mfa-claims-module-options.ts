import type { MfaAcrLevels } from '../core/policy/acr.js';
import { readAcrLevels } from '../core/policy/acr.js';
import { MfaOptionsError } from '../options/options-error.js';
import { Problems } from '../options/problems.js';
import type { MfaProfile } from '../options/profiles.js';
import { MFA_PROFILES, PROFILES } from '../options/profiles.js';

export interface MfaClaimsModuleOptions {
  /** How long a proof of a second factor stays valid if the route doesn't say, in seconds. Default: 300. */
  gracePeriodSeconds?: number;
  /** The levels that routes can require by name, like the option of `MfaModule`. Default: `MFA_ACR_LEVELS`. */
  acr?: MfaAcrLevels;
  /** What every proof must show, whatever the route requires, like the option of `MfaModule`. Default: `default`. */
  profile?: MfaProfile;
  /**
   * Returns the verified claims of a request. Default: `request.user`, where a Passport strategy puts the payload that its `validate`
   * returns. Without an object, nobody is signed in.
   */
  claims?: (request: object) => unknown;
}

const DEFAULT_GRACE_PERIOD_SECONDS = 300;
const A_YEAR = 366 * 86_400;

/** @throws {MfaOptionsError} listing everything that is wrong with them */
export function resolveClaimsOptions(given: MfaClaimsModuleOptions): Required<MfaClaimsModuleOptions> {
  const problems = new Problems();
  problems.onlyKnown('', given, ['gracePeriodSeconds', 'acr', 'profile', 'claims']);
  const profile = problems.oneOf('profile', given.profile, 'default', MFA_PROFILES);
  const longest = profile === 'default' ? A_YEAR : PROFILES[profile].maxGracePeriodSeconds;
  const { claims = userOf } = given;
  if (typeof claims !== 'function') problems.add('`claims` must be a function that takes the request');
  const gracePeriodSeconds = problems.integer(
    'gracePeriodSeconds',
    given.gracePeriodSeconds,
    Math.min(DEFAULT_GRACE_PERIOD_SECONDS, longest),
    1,
    longest,
  );
  const { levels: acr, problems: wrong } = readAcrLevels(given.acr);
  for (const problem of wrong) problems.add(problem);
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
  return { gracePeriodSeconds, acr, profile, claims };
}

function userOf(request: object): unknown {
  return (request as { user?: unknown }).user;
}
