import { Inject, Injectable } from '@nestjs/common';

import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { MfaRequestService } from '../../engine/sessions/mfa-request.service.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { SessionAnswers } from '../../engine/sessions/session-transport.js';

/** The requests that the methods of {@link WebAuthnAuthenticator} are given: who they come from, and the token that goes back. */
@Injectable()
export class ObjectExchange {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
  ) {}

  /** Who the request comes from. */
  async resolve(request: object): Promise<MfaRequest> {
    return this.contexts.resolve(request);
  }

  /** Hands out the new token of the session in which a key was registered. */
  async handOut({ issued }: MfaAddedFactor, { request, response }: MfaHttpExchange): Promise<void> {
    if (issued) await this.answers.give(request, response, issued);
  }
}
