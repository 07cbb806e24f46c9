import { Inject, Injectable } from '@nestjs/common';

import { SideTable } from '../../core/objects/side-table.js';
import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { findExactUser, userIdOf } from '../../core/users/mfa-user.js';
import type { Account } from '../rows/account.js';
import {
  sourceOfRequest,
  replacementOf,
  getMfaSession,
  setMfaUser,
  showMfaSession,
  MfaRequest,
} from '../rows/mfa-request.js';
import { RefusalLog } from '../journal/refusal-log.js';
import type { AuthenticationSession } from '../rows/authentication-session.entity.js';
import { AuthenticationSessionService } from './authentication-session.service.js';
import { SessionActivity } from './session-activity.js';
import { SessionTransport } from './session-transport.js';

export interface ResolveOptions {
  /**
   * What the session is read once for; by default the request. For a request object that outlives an operation, such as a
   * WebSocket's, pass each message so that the session is read again.
   */
  operation?: object;
  /** Reads what is stored for the user in the same query. */
  withAccount?: boolean;
  /** The response to the request. Default: the one that the request itself refers to. */
  response?: object;
  /**
   * Whether this counts as a use of the session; default: yes. Guards first find out whether the request may pass, and then
   * record the use ({@link MfaRequestService.noteUse}).
   */
  isUse?: boolean;
  /**
   * Returns the user whom the adapter must not find on the request, because they come from its session, which may have ended
   * since. Everybody else goes on seeing them: another operation of the same request may be under way.
   */
  hiddenUser?: () => MfaUser | undefined;
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

/** Finds the user and the session of a request. */
@Injectable()
export class MfaRequestService {
  private readonly reads = new SideTable<object, Read>();

  constructor(
    @Inject(SessionTransport) private readonly transport: SessionTransport,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
    @Inject(RefusalLog) private readonly refusals: RefusalLog,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /**
   * Resolves who the request comes from. A session that waits for its second factor is hidden, and only its existence is
   * reported: it is for the routes that complete it.
   */
  async resolve(request: object, options: ResolveOptions = {}): Promise<MfaRequest> {
    const context = await this.resolveAny(request, options);
    return context.isPending ? context.with({ session: null, account: null }) : context;
  }

  /** Like {@link resolve}, but includes pending sessions: for routes that complete or end them. */
  async resolveAny(
    request: object,
    { operation = request, withAccount = false, response, isUse = true, hiddenUser }: ResolveOptions = {},
  ): Promise<MfaRequest> {
    const presented = await this.transport.read(request);
    const token = presented && 'token' in presented ? presented.token : null;
    const { session, account = null } = await this.find(request, token, operation, withAccount);
    showMfaSession(request, session);
    // An adapter that finds no user may return anything falsy.
    const user = (await this.askAdapter(request, hiddenUser?.())) || null;
    setMfaUser(request, user);
    const hasDeadToken = presented !== null && !session;
    const context = new MfaRequest(request, { user, hasDeadToken, response: response ?? null });

    // Two principals are never merged: the application's user counts, and another user's session is ignored.
    const isForeign = session && user && session.userId !== userIdOf(user);
    const isOrphan = session?.status === 'authenticated' && !user;
    if (isForeign) {
      const source = sourceOfRequest(request, userIdOf(user), session.id);
      const data = { reason: 'foreign_session' } as const;
      this.refusals.tellOnce(user, source, { type: 'mfa.access.refused', data });
    }
    if (isForeign || isOrphan) {
      showMfaSession(request, null);
      return isOrphan ? context.with({ orphan: session }) : context;
    }
    if (isUse) this.noteUse(request);
    return context.with({ session, account, isPending: session?.status === 'pending' });
  }

  /**
   * Records that the request uses its session, which keeps it from ending as idle. A refused request uses no session: an open
   * page that keeps asking for what it may not have would otherwise keep it alive forever.
   */
  noteUse(request: object): void {
    const session = getMfaSession(request);
    if (session) this.activity.note(session);
  }

  private askAdapter(request: { user?: unknown }, hidden: MfaUser | undefined) {
    const isThere = hidden !== undefined && request.user === hidden;
    return isThere ? this.askWithout(hidden, request) : this.adapter.getUser(request);
  }

  private async askWithout(hidden: MfaUser, request: { user?: unknown }): Promise<MfaUser | null> {
    let found: ReturnType<DefaultMfaAdapter['getUser']>;
    delete request.user;
    try {
      found = this.adapter.getUser(request);
    } finally {
      request.user ??= hidden;
    }
    const user = await found;
    if (!user || userIdOf(user) !== userIdOf(hidden)) return user;
    // An adapter that looks later than at once may have found the hidden user, who only counts as long as the session does.
    const session = getMfaSession(request);
    return session && (await findExactUser(this.adapter, session.userId)) ? user : null;
  }

  /** Reads the session once per operation, even if several ask at the same time. */
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
    if (!withAccount) return { session: await this.sessions.verify(token, false) };
    return (await this.sessions.verifyWithAccount(token, false)) ?? { session: null };
  }
}
