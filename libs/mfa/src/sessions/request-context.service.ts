import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Authenticator } from '../authenticators/authenticator.entity.js';
import type { AuthenticationRecord } from '../policy/methods.js';
import type { AuthenticationSession } from './authentication-session.entity.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { getMfaSession, setMfaSession } from './request-session.js';
import { SessionTransport } from './session-transport.js';

/** Who a request comes from, and what they have proven. */
export interface MfaRequestContext {
  request: object;
  /** The signed-in user, or null. */
  user: MfaUser | null;
  /** The living session, pending or authenticated; never one of another user than `user`. */
  session: AuthenticationSession | null;
  /** Whether the request presented a session token that is worth nothing. */
  hasDeadToken: boolean;
  /** The authenticators of the session's user, when they were read along with it. */
  authenticators?: Authenticator[];
}

export interface ResolveOptions {
  /** Reads the session anew, for request objects that outlive a request, such as a WebSocket's. */
  fresh?: boolean;
  /** Reads the authenticators in the same query. */
  withAuthenticators?: boolean;
}

/** Finds user and session of a request. */
@Injectable()
export class RequestContextService {
  constructor(
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async resolve(
    request: object,
    { fresh = false, withAuthenticators = false }: ResolveOptions = {},
  ): Promise<MfaRequestContext> {
    const presented = this.transport.read(request);
    let session = fresh || withAuthenticators ? null : (getMfaSession(request) ?? null);
    let authenticators: Authenticator[] | undefined;
    if (!session && presented && 'token' in presented) {
      if (withAuthenticators) {
        const found = await this.sessions.verifyWithAuthenticators(presented.token);
        session = found;
        authenticators = found?.authenticators;
      } else {
        session = await this.sessions.verify(presented.token);
      }
    }
    const hasDeadToken = presented !== null && !session;
    setMfaSession(request, session);
    const user = await this.adapter.getUser(request);

    // Two principals are never merged: the application's user counts, and a stranger's session is no session.
    const isForeign = session && user && session.userId !== userIdOf(user);
    const isOrphan = session?.status === 'authenticated' && !user;
    if (isForeign || isOrphan) {
      setMfaSession(request, null);
      return { request, user, session: null, hasDeadToken };
    }
    return { request, user, session, hasDeadToken, ...(authenticators ? { authenticators } : {}) };
  }
}

/** The session when it is authenticated: a pending one proves nothing yet. */
export function authenticatedSession({ session }: MfaRequestContext): AuthenticationSession | null {
  return session?.status === 'authenticated' ? session : null;
}

/** What the authenticated session holds. */
export function recordsOf(context: MfaRequestContext): readonly AuthenticationRecord[] {
  return authenticatedSession(context)?.methods ?? [];
}
