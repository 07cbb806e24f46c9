import { Inject, Injectable } from '@nestjs/common';

import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { setMfaSession } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { MfaRequestService } from '../engine/sessions/mfa-request.service.js';
import type { MfaHttpExchange } from '../engine/sessions/session-transport.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';

@Injectable()
export class SignOutFlow {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** Ends the session of this request, if there is one, and clears its cookie. */
  async signOut({ request, response }: MfaHttpExchange): Promise<void> {
    const context = await this.contexts.resolveAny(request);
    const session = context.session ?? context.orphan;
    if (session) {
      // If several requests end it, one reports it; for the others it has ended as well.
      await this.journal.commit([this.sessions.planEnding(session.userId, session.id)], {
        user: context.user ?? { id: session.userId },
        source: context.with({ session }).source,
        events: [{ type: 'mfa.session.ended', data: { scope: 'one', reason: 'logout' } }],
      });
    }
    setMfaSession(request, null);
    await this.transport.clear(request, response);
  }
}
