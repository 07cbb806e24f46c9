import { Inject, Injectable } from '@nestjs/common';

import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { MfaStorage } from '../storage/mfa-storage.js';

/** Ends the sessions of all users that existed when it began. */
@Injectable()
export class EndAllSessionsFlow {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** @returns how many users had sessions */
  async endAll(explanation: string, source: MfaEventSource): Promise<number> {
    let users = 0;
    let page = await this.usersAfter(null);
    while (page.length > 0) {
      for (const id of page) await this.endAllOf(id, explanation, source);
      users += page.length;
      page = await this.usersAfter(page.at(-1) as string);
    }
    return users;
  }

  private async endAllOf(id: string, explanation: string, source: MfaEventSource): Promise<void> {
    await this.journal.commit([this.sessions.planEndingOthers(id, '')], {
      user: { id },
      source,
      events: [{ type: 'mfa.session.ended', data: { scope: 'all', reason: 'admin', explanation } }],
    });
  }

  /** Users with sessions, ordered by id: whoever signs in again behind this position isn't processed twice. */
  private async usersAfter(last: string | null): Promise<string[]> {
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .select('s.user_id', 'id')
        // Ids may be numbers there, none of which comes after an empty text.
        .where(last === null ? '1 = 1' : 's.user_id > :last', { last })
        .groupBy('s.user_id')
        .orderBy('s.user_id')
        .limit(this.options.retention.batchSize)
        .getRawMany<{ id: string }>(),
    );
    return rows.map(({ id }) => String(id));
  }
}
