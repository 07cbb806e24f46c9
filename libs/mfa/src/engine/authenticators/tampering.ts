import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaEventSource } from '../journal/mfa-event.js';
import { RefusalLog } from '../journal/refusal-log.js';

/** Tells of rows that somebody wrote who has the database and not the secret. */
@Injectable()
export class Tampering {
  private readonly logger = new Logger(Tampering.name);

  constructor(@Inject(RefusalLog) private readonly refusals: RefusalLog) {}

  /** The authenticator was asked for a proof, and its seal does not hold. */
  note(user: MfaUser, authenticatorId: string, source: MfaEventSource): void {
    // Not by its name, which may have been written by the same hand.
    this.refusals.tellOnce(user, source, { type: 'mfa.authenticator.tampered', data: { authenticatorId } });
    if (!this.refusals.isFirst(`tampered ${authenticatorId}`)) return;
    this.logger.error(
      `The seal of authenticator ${authenticatorId} does not hold: the row was written or changed in the database by hand`,
    );
  }
}
