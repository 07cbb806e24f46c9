import { Inject, Injectable } from '@nestjs/common';

import type { AuthenticationRecord } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { Happening } from '../engine/journal/mfa-journal.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import type { MfaIssuedSession } from '../engine/rows/issued-session.js';
import { sourceOfRequest } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { SessionLimit } from '../engine/sessions/session-limit.js';
import { SessionTransport } from '../engine/sessions/session-transport.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { MfaLoginExchange } from './login.flow.js';

/** Begins a sign-in: checks its origin and creates its session. */
@Injectable()
export class BeginSignInFlow {
  constructor(
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Creates a new session that replaces the one the client held. It is pending until everything is settled, so anything that
   * ends sign-ins in progress ends this one too.
   *
   * @throws {MfaException} `cross_origin` when another site sent this sign-in and `crossSite` doesn't allow it
   * @throws {RangeError} when `ttlSeconds` is longer than the options allow
   * @throws {Error} when called inside an open transaction of the application
   */
  async begin(
    user: MfaUser,
    { request, crossSite, ttlSeconds }: MfaLoginExchange,
    record: AuthenticationRecord,
  ): Promise<MfaIssuedSession> {
    this.storage.assertOutsideTransaction();
    const lifetime = this.lifetime(ttlSeconds);
    // An attacker's page must not sign a browser in to the attacker's account.
    if (crossSite !== true && !this.transport.usesHeader(request)) this.transport.assertSameOrigin(request);
    return this.start(user, { methods: [record], ttlSeconds: lifetime }, request);
  }

  private async start(
    user: MfaUser,
    { methods, ttlSeconds }: { methods: AuthenticationRecord[]; ttlSeconds: number | null },
    request: object,
  ): Promise<MfaIssuedSession> {
    const userId = userIdOf(user);
    const from = sourceOfRequest(request, userId);
    const { issued, write, takeover } = this.sessions.planCreation(userId, { methods, ttlSeconds, from });
    const happening: Happening = {
      user,
      source: { ...from, sessionId: issued.session.id },
      events: [{ type: 'mfa.session.started', data: { methods: methods.map(({ method }) => method) } }],
    };
    const former = await this.transport.readToken(request);
    const isTaken = former !== null && (await this.journal.commit([takeover(former)], happening)).committed;
    if (!isTaken) await this.journal.commit([write], happening);
    await this.limit.started(issued);
    return issued;
  }

  /** @throws {RangeError} when the application asks for a longer lifetime than the options allow */
  private lifetime(ttlSeconds: number | undefined): number | null {
    if (ttlSeconds === undefined) return null;
    const { ttlSeconds: usual, rememberTtlSeconds } = this.options.session;
    const atMost = Math.max(usual, rememberTtlSeconds);
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > atMost) {
      throw new RangeError(
        `\`ttlSeconds\` must be a whole number from 1 to ${atMost}: \`session.rememberTtlSeconds\` allows longer ones`,
      );
    }
    return ttlSeconds;
  }
}
