import { Inject, Injectable } from '@nestjs/common';

import type { Write } from '../../storage/mfa-storage.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { SessionTransport } from './session-transport.js';

/** The session that a client holds when it signs in again. The new sign-in ends it. */
@Injectable()
export class FormerSessions {
  constructor(
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
  ) {}

  /** The writes that end it, for the commit of the new sign-in; none if the client has no session. */
  async planEnding(request: object): Promise<Write[]> {
    const token = await this.transport.readToken(request);
    return token === null ? [] : [this.sessions.planEndingToken(token)];
  }
}
