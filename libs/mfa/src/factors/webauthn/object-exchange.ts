import { Inject, Injectable } from '@nestjs/common';

import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { MfaRequestService } from '../../engine/sessions/mfa-request.service.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { SessionAnswers } from '../../engine/sessions/session-transport.js';

/** Handles the requests passed to the methods of {@link WebAuthnAuthenticator}: who sent them, and the token to send back. */
@Injectable()
export class ObjectExchange {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(SessionAnswers) private readonly answers: SessionAnswers,
  ) {}

  /** Resolves who sent the request. */
  async resolve(request: object): Promise<MfaRequest> {
    return this.contexts.resolve(request);
  }

  /** Sends the new token of the session in which a key was registered. */
  async handOut({ issued }: MfaAddedFactor, { request, response }: MfaHttpExchange): Promise<void> {
    if (issued) await this.answers.give(request, response, issued);
  }
}
