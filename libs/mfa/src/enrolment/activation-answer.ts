import { Inject, Injectable } from '@nestjs/common';

import type { AuthenticatorView } from '../authenticators/authenticator-view.js';
import { viewAuthenticator } from '../authenticators/authenticator-view.js';
import type { HttpExchange } from '../sessions/login.flow.js';
import type { SessionAnswer } from '../sessions/session-answer.js';
import { SessionAnswers } from '../sessions/session-answer.js';
import type { AddedFactor } from './add-authenticator.flow.js';

/** The answer to a new second factor. Its proof changed the session's token, which comes along. */
export type ActivationAnswer = {
  authenticator: AuthenticatorView;
  /** Only with the first second factor; shown this once. */
  recoveryCodes?: string[];
} & Partial<SessionAnswer>;

@Injectable()
export class ActivationAnswers {
  constructor(@Inject(SessionAnswers) private readonly sessions: SessionAnswers) {}

  give(
    { authenticator, recoveryCodes, issued }: AddedFactor,
    { request, response }: HttpExchange,
  ): ActivationAnswer {
    return {
      authenticator: viewAuthenticator(authenticator, false),
      ...(recoveryCodes ? { recoveryCodes } : {}),
      ...(issued ? this.sessions.give(request, response, issued) : {}),
    };
  }
}
