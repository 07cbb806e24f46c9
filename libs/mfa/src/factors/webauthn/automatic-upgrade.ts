import type { MfaClock } from '../../core/clock/clock.js';
import { isWithin } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { isFirstFactor, newestRecord } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';

/** How old the password may be with which a passkey is made without asking, in seconds. */
const MAX_AGE_SECONDS = 300;

/**
 * Demands what a passkey needs that is made without asking its user: that they have just typed their password.
 *
 * @throws {MfaException} `reauthentication_required`
 */
export function assertFreshPassword(
  session: AuthenticationSession | null | undefined,
  clock: MfaClock,
  reauthenticateUrl?: string,
): void {
  const records = session?.status === 'authenticated' ? session.methods : [];
  const password = newestRecord(records, (record) => record.method === 'pwd' && isFirstFactor(record));
  if (password && isWithin(password.at, MAX_AGE_SECONDS, clock.now())) return;
  throw new MfaException('reauthentication_required', {
    maxAge: MAX_AGE_SECONDS,
    ...(reauthenticateUrl === undefined ? {} : { reauthenticateUrl }),
  });
}
