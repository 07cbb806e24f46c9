import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { Account } from '../authenticators/accounts.service.js';
import type { MfaEventSource } from '../journal/mfa-event.js';
import { APPLICATION_SOURCE, sourceOfRequest } from '../journal/mfa-event.js';
import { RefusalLog } from '../journal/refusal-log.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { replacementOf, setMfaUser, showMfaSession } from '../rows/request-session.js';
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
  /**
   * What the session is read for once: by default the request. A request object that outlives it, such as a WebSocket's, reads
   * anew for every message.
   */
  operation?: object;
  /** Reads what is kept of the user in the same query. */
  withAccount?: boolean;
}

interface Found {
  session: AuthenticationSession | null;
  account?: Account;
}

/** What was read for an operation, and under which circumstances. */
interface Read {
  token: string | null;
  withAccount: boolean;
  replacement: object | undefined;
  found: Promise<Found>;
}

/** Finds user and session of a request. */
@Injectable()
export class MfaRequestContextService {
  private readonly reads = new WeakMap<object, Read>();

  constructor(
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Who the request comes from. A session that waits for its second factor is not shown, only that there is one: it is for
   * the routes that finish it.
   */
  async resolve(
    request: object,
    options: ResolveOptions = {},
  ): Promise<MfaRequestContext & { isPending: boolean }> {
    const { account, ...context } = await this.resolveAny(request, options);
    if (context.session?.status === 'pending') return { ...context, session: null, isPending: true };
    return { ...context, ...(account ? { account } : {}), isPending: false };
  }

  /** Like {@link resolve}, with pending sessions: for what finishes or ends them. */
  async resolveAny(
    request: object,
    { operation = request, withAccount = false }: ResolveOptions = {},
  ): Promise<MfaRequestContext> {
    const presented = await this.transport.read(request);
    const token = presented && 'token' in presented ? presented.token : null;
    const { session, account } = await this.find(request, token, operation, withAccount);
    const hasDeadToken = presented !== null && !session;
    showMfaSession(request, session);
    // Adapters that find nobody may answer with nothing at all.
    const user = (await this.adapter.getUser(request)) || null;
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
      showMfaSession(request, null);
      return { request, user, session: null, hasDeadToken };
    }
    return { request, user, session, hasDeadToken, ...(account ? { account } : {}) };
  }

  /** Reads the session once for each operation, however many ask at the same time. */
  private async find(
    request: object,
    token: string | null,
    operation: object,
    withAccount: boolean,
  ): Promise<Found> {
    const replacement = replacementOf(request);
    if (replacement && operation === request) return replacement;
    const known = this.reads.get(operation);
    if (known?.token === token && known.replacement === replacement && (known.withAccount || !withAccount)) {
      return known.found;
    }
    const found = this.read(token, withAccount);
    this.reads.set(operation, { token, withAccount, replacement, found });
    return found;
  }

  private async read(token: string | null, withAccount: boolean): Promise<Found> {
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
export function sourceOf(context: MfaRequestContext | undefined): MfaEventSource {
  const userId = context?.user ? userIdOf(context.user) : context?.session?.userId;
  if (!context || userId === undefined) return APPLICATION_SOURCE;
  return sourceOfRequest(context.request, userId, context.session?.id);
}
