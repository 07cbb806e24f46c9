import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Happening } from '../journal/mfa-journal.js';
import { MfaJournal } from '../journal/mfa-journal.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { sourceOfRequest } from '../rows/mfa-request.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { KnownBrowsers } from './known-browsers.js';

/** A completed sign-in. */
export interface DoneSignIn {
  session: AuthenticationSession;
  request: object;
  response: object;
  /** Whether the account was just created; a sign-up is news to nobody. */
  isSignUp: boolean;
}

/** Notifies users of sign-ins with a browser that is new to them (option `newSignIn`). */
@Injectable()
export class NewSignIns {
  private readonly logger = new Logger(NewSignIns.name);

  constructor(
    @Inject(KnownBrowsers) private readonly browsers: KnownBrowsers,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** Call it after each sign-in, when its session is committed and handed out. The sign-in stands, whatever fails here. */
  async done(user: MfaUser, { session, request, response, isSignUp }: DoneSignIn): Promise<void> {
    const userId = userIdOf(user);
    try {
      if (!isSignUp && (await this.isNew(user, session, request))) await this.tell(user, session, request);
      await this.browsers.remember(userId, request, response);
    } catch (error) {
      // The browser stays new, so the next sign-in with it is reported.
      this.logger.error(`Could not record which browser user ${userId} signed in with: ${messageOf(error)}`);
    }
  }

  private async tell(user: MfaUser, session: AuthenticationSession, request: object): Promise<void> {
    const methods = session.methods.map(({ method }) => method);
    const happening: Happening = {
      user,
      source: sourceOfRequest(request, session.userId, session.id),
      events: [{ type: 'mfa.sign_in.new_browser', data: { methods } }],
    };
    if (!this.options.audit.enabled) return this.journal.record(happening);
    // Committed with the session, so that the audit trail gains nothing about a user who was forgotten in the meantime.
    const { committed } = await this.journal.commit([this.sessions.planClaim(session)], happening);
    // If anything else ended the session, there was a sign-in all the same.
    if (!committed && !(await this.isGone(session))) await this.journal.record(happening);
  }

  /** Whether the application no longer has this user; if it can't tell, the user exists. */
  private async isGone({ userId }: AuthenticationSession): Promise<boolean> {
    try {
      return !(await this.adapter.findUser(userId));
    } catch {
      return false;
    }
  }

  private async isNew(user: MfaUser, session: AuthenticationSession, request: object): Promise<boolean> {
    const lastSignInAt = await this.lastSignIn(userIdOf(user), request);
    try {
      return await this.adapter.isNewSignIn(user, { session, request, lastSignInAt });
    } catch (error) {
      this.logger.error(
        `The adapter's isNewSignIn() failed, so the browser's cookie decides: ${messageOf(error)}`,
      );
      return lastSignInAt === null;
    }
  }

  /** If a key service is unavailable, the browser counts as new: better one notification too many. */
  private async lastSignIn(userId: string, request: object): Promise<Date | null> {
    try {
      return await this.browsers.lastSignIn(userId, request);
    } catch (error) {
      this.logger.error(
        `Could not tell whether user ${userId} has used a browser before: ${messageOf(error)}`,
      );
      return null;
    }
  }
}
