import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../adapter/mfa-user.js';
import type { EventSource } from '../events/event-source.js';
import { APPLICATION_SOURCE } from '../events/event-source.js';
import { MfaJournal } from '../events/mfa-journal.js';

/** Tells of rows that somebody wrote who has the database and not the secret. */
@Injectable()
export class Tampering {
  private readonly logger = new Logger(Tampering.name);

  constructor(@Inject(MfaJournal) private readonly journal: MfaJournal) {}

  /** The authenticator was asked for a proof, and its seal does not hold. */
  async report(
    user: MfaUser,
    authenticatorId: string,
    source: EventSource = APPLICATION_SOURCE,
  ): Promise<void> {
    this.logger.error(
      `The seal of authenticator ${authenticatorId} does not hold: the row was written or changed in the database by hand`,
    );
    await this.journal.record({
      user,
      source,
      // Not by its name, which may have been written by the same hand.
      events: [{ type: 'mfa.authenticator.tampered', data: { authenticatorId } }],
    });
  }
}
