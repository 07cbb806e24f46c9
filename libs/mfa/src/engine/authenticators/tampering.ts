import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { RefusalLog } from '../journal/refusal-log.js';

/** Reports rows written by someone who has access to the database but not the secret. */
@Injectable()
export class Tampering {
  private readonly logger = new Logger(Tampering.name);

  constructor(@Inject(RefusalLog) private readonly refusals: RefusalLog) {}

  /** Reports that the authenticator was asked for a proof and its seal is invalid. */
  note(user: MfaUser, authenticatorId: string, source: MfaEventSource): void {
    // Not by its name, which the same person may have written.
    this.refusals.tellOnce(user, source, { type: 'mfa.authenticator.tampered', data: { authenticatorId } });
    if (!this.refusals.isFirst(`tampered ${authenticatorId}`)) return;
    this.logger.error(
      `The seal of authenticator ${authenticatorId} is invalid: the row was written or changed in the database by hand`,
    );
  }
}
