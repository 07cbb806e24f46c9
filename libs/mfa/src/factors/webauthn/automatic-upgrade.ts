import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK, isWithin } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { newestRecord } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';

/** The maximum age of the password proof for creating a passkey without asking, in seconds. */
const MAX_AGE_SECONDS = 300;

/** Creating a passkey without asking the user (conditional create). */
@Injectable()
export class AutomaticUpgrade {
  constructor(
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Requires that the user has just entered their password.
   *
   * @throws {MfaException} `reauthentication_required`
   */
  assertAllowed(session: AuthenticationSession | null | undefined): void {
    const records = session?.status === 'authenticated' ? session.methods : [];
    const password = newestRecord(records, ({ method }) => method === 'pwd');
    if (password && isWithin(password.at, MAX_AGE_SECONDS, this.clock.now())) return;
    const { reauthenticateUrl } = this.options;
    throw new MfaException('reauthentication_required', {
      maxAge: MAX_AGE_SECONDS,
      ...(reauthenticateUrl === undefined ? {} : { reauthenticateUrl }),
    });
  }
}
