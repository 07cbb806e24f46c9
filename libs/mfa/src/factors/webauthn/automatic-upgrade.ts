import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { isFirstFactor, newestRecord } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/** How old the password may be with which a passkey is made without asking, in seconds. */
const MAX_AGE_SECONDS = 300;

/** A passkey that is made without asking its user (conditional create). */
@Injectable()
export class AutomaticUpgrade {
  constructor(
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Demands what it needs: that its user has just typed their password.
   *
   * @throws {MfaException} `reauthentication_required`
   */
  assertAllowed(session: AuthenticationSession | null | undefined): void {
    const records = session?.status === 'authenticated' ? session.methods : [];
    const password = newestRecord(records, (record) => record.method === 'pwd' && isFirstFactor(record));
    if (password && isWithin(password.at, MAX_AGE_SECONDS, this.clock.now())) return;
    const { reauthenticateUrl } = this.options;
    throw new MfaException('reauthentication_required', {
      maxAge: MAX_AGE_SECONDS,
      ...(reauthenticateUrl === undefined ? {} : { reauthenticateUrl }),
    });
  }
}
