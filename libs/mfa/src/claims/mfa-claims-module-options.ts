import { MfaOptionsError } from '../options/options-error.js';
import { Problems } from '../options/problems.js';

export interface MfaClaimsModuleOptions {
  /** How long a proven second factor counts where the route does not say, in seconds. Default: 300. */
  gracePeriodSeconds?: number;
  /**
   * Where the verified claims of a request are. Default: `request.user`, as a Passport strategy leaves the payload that its
   * `validate` returns. Anything but an object is nobody.
   */
  claims?: (request: object) => unknown;
}

/** Injection token of the checked options. */
export const MFA_CLAIMS_OPTIONS = Symbol.for('nestjs-mfa:CLAIMS_OPTIONS');

const DEFAULT_GRACE_PERIOD_SECONDS = 300;
const A_YEAR = 366 * 86_400;

/** @throws {MfaOptionsError} that lists everything wrong with them */
export function resolveClaimsOptions(given: MfaClaimsModuleOptions): Required<MfaClaimsModuleOptions> {
  const problems = new Problems();
  problems.onlyKnown('', given, ['gracePeriodSeconds', 'claims']);
  const { claims = userOf } = given;
  if (typeof claims !== 'function') problems.add('`claims` must be a function of the request');
  const gracePeriodSeconds = problems.integer(
    'gracePeriodSeconds',
    given.gracePeriodSeconds,
    DEFAULT_GRACE_PERIOD_SECONDS,
    1,
    A_YEAR,
  );
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
  return { gracePeriodSeconds, claims };
}

function userOf(request: object): unknown {
  return (request as { user?: unknown }).user;
}
