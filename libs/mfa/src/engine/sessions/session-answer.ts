import { Inject, Injectable } from '@nestjs/common';

import type { AuthenticationMethod, AuthenticationRecord, ShownFacts } from '../../core/policy/methods.js';
import { shownFacts } from '../../core/policy/methods.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';
import { setMfaSession } from '../rows/request-session.js';
import { SessionTransport } from './session-transport.js';

/** One proof, as answers show it: what is not known of it is not there. */
export interface MfaProvenMethod extends ShownFacts {
  method: AuthenticationMethod;
  at: Date;
}

/** What an answer says of a session whose token the client gets with it. */
export interface MfaSessionAnswer {
  proven: MfaProvenMethod[];
  /** Only for clients of the header transport. */
  sessionToken?: string;
  expiresAt: Date;
}

export function provenMethods(records: readonly AuthenticationRecord[]): MfaProvenMethod[] {
  return records.map((record) => ({
    method: record.method,
    at: new Date(record.at),
    ...shownFacts(record),
  }));
}

/** Hands a session to the client and describes it. */
@Injectable()
export class SessionAnswers {
  constructor(@Inject(SessionTransport) private readonly transport: SessionTransport) {}

  async give(
    request: object,
    response: object | undefined,
    issued: MfaIssuedSession,
  ): Promise<MfaSessionAnswer> {
    setMfaSession(request, issued.session);
    return {
      proven: provenMethods(issued.session.methods),
      ...(await this.transport.write(request, response, issued)),
      expiresAt: issued.session.expiresAt,
    };
  }
}
