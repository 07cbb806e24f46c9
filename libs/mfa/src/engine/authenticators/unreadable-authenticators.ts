import { Inject, Injectable, Logger } from '@nestjs/common';

import { messageOf } from '../../core/errors/message-of.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { nameAuthenticator } from '../journal/mfa-journal.js';
import { RefusalLog } from '../journal/refusal-log.js';
import type { Authenticator } from '../rows/authenticator.entity.js';

/**
 * Reports authenticators that can't verify anything because their row can't be read: their secret is lost, or they were
 * damaged.
 */
@Injectable()
export class UnreadableAuthenticators {
  private readonly logger = new Logger(UnreadableAuthenticators.name);

  constructor(@Inject(RefusalLog) private readonly refusals: RefusalLog) {}

  /** @throws {MfaException} the error itself if it is one: an unavailable database is not a damaged row */
  note(user: MfaUser, row: Authenticator, error: unknown, source: MfaEventSource): void {
    if (error instanceof MfaException) throw error;
    const data = { authenticator: nameAuthenticator(row) };
    this.refusals.tellOnce(user, source, { type: 'mfa.authenticator.unreadable', data });
    if (!this.refusals.isFirst(`unreadable ${row.id}`)) return;
    this.logger.error(
      `Authenticator ${row.id} can't be read, and accepts no code until it is removed: ${messageOf(error)}`,
    );
  }
}
