import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Account } from '../authenticators/accounts.service.js';
import type { EventSource } from '../events/event-source.js';
import { APPLICATION_SOURCE, sourceOfRequest } from '../events/event-source.js';
import { RefusalLog } from '../events/refusal-log.js';
import type { AuthenticationRecord } from '../policy/methods.js';
import type { AuthenticationSession } from './authentication-session.entity.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { getMfaAccount, getMfaSession, setMfaSession, setMfaUser } from './request-session.js';
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
  /** What is kept of the session's user, when it was read along with the session. */
  account?: Account;
}

export interface ResolveOptions {
  /** Reads the session anew, for request objects that outlive a request, such as a WebSocket's. */
  fresh?: boolean;
  /** Reads what is kept of the user in the same query. */
  withAccount?: boolean;
}

interface Found {
  session: AuthenticationSession | null;
  account?: Account;
}

/** Finds user and session of a request. */
@Injectable()
export class RequestContextService {
  constructor(
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async resolve(
    request: object,
    { fresh = false, withAccount = false }: ResolveOptions = {},
  ): Promise<MfaRequestContext> {
    const presented = this.transport.read(request);
    const token = presented && 'token' in presented ? presented.token : null;
    const { session, account } =
      (fresh ? null : this.recall(request, withAccount)) ?? (await this.find(token, withAccount));
    const hasDeadToken = presented !== null && !session;
    setMfaSession(request, session, account);
    const user = await this.adapter.getUser(request);
    setMfaUser(request, user);

    // Two principals are never merged: the application's user counts, and a stranger's session is no session.
    const isForeign = session && user && session.userId !== userIdOf(user);
    const isOrphan = session?.status === 'authenticated' && !user;
    if (isForeign) {
      const source = sourceOfRequest(request, userIdOf(user), session.id);
      const data = { reason: 'foreign_session' } as const;
      this.refusals.tellOnce(user, source, { type: 'mfa.access.refused', data });
    }
    if (isForeign || isOrphan) {
      setMfaSession(request, null);
      return { request, user, session: null, hasDeadToken };
    }
    return { request, user, session, hasDeadToken, ...(account ? { account } : {}) };
  }

  /** What was read for this request before, unless more is asked for now. */
  private recall(request: object, withAccount: boolean): Found | null {
    const session = getMfaSession(request);
    const account = getMfaAccount(request);
    if (!session || (withAccount && !account)) return null;
    return account ? { session, account } : { session };
  }

  private async find(token: string | null, withAccount: boolean): Promise<Found> {
    if (token === null) return { session: null };
    if (!withAccount) return { session: await this.sessions.verify(token) };
    return (await this.sessions.verifyWithAccount(token)) ?? { session: null };
  }
}

/** The session when it is authenticated: a pending one proves nothing yet. */
export function authenticatedSession({
  session,
}: Pick<MfaRequestContext, 'session'>): AuthenticationSession | null {
  return session?.status === 'authenticated' ? session : null;
}

/** What the authenticated session holds. */
export function recordsOf(context: Pick<MfaRequestContext, 'session'>): readonly AuthenticationRecord[] {
  return authenticatedSession(context)?.methods ?? [];
}

/** Where what this request does comes from; code without a request is the application's own. */
export function sourceOf(context: MfaRequestContext | undefined): EventSource {
  const userId = context?.user ? userIdOf(context.user) : context?.session?.userId;
  if (!context || userId === undefined) return APPLICATION_SOURCE;
  return sourceOfRequest(context.request, userId, context.session?.id);
}
