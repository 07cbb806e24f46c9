import { Inject, Injectable } from '@nestjs/common';

import { SideTable } from '../../core/objects/side-table.js';
import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { userIdOf } from '../../core/users/mfa-user.js';
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
   * What the session is read for once: by default the request. A request object that outlives it, such as a WebSocket's, reads
   * anew for every message.
   */
  operation?: object;
  /** Reads what is kept of the user in the same query. */
  withAccount?: boolean;
  /** What answers the request; by default the one that the request itself knows. */
  response?: object;
  /**
   * Whether it counts as a use of the session; default: yes. Guards find out first whether the request may pass, and note its use
   * then ({@link MfaRequestService.noteUse}).
   */
  isUse?: boolean;
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
   * Who the request comes from. A session that waits for its second factor is not shown, only that there is one: it is for
   * the routes that finish it.
   */
  async resolve(request: object, options: ResolveOptions = {}): Promise<MfaRequest> {
    const context = await this.resolveAny(request, options);
    return context.isPending ? context.with({ session: null, account: null }) : context;
  }

  /** Like {@link resolve}, with pending sessions: for what finishes or ends them. */
  async resolveAny(
    request: object,
    { operation = request, withAccount = false, response, isUse = true }: ResolveOptions = {},
  ): Promise<MfaRequest> {
    const presented = await this.transport.read(request);
    const token = presented && 'token' in presented ? presented.token : null;
    const { session, account = null } = await this.find(request, token, operation, withAccount);
    showMfaSession(request, session);
    // Adapters that find nobody may answer with nothing at all.
    const user = (await this.adapter.getUser(request)) || null;
    setMfaUser(request, user);
    const hasDeadToken = presented !== null && !session;
    const context = new MfaRequest(request, { user, hasDeadToken, response: response ?? null });

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
      return context;
    }
    if (isUse) this.noteUse(request);
    return context.with({ session, account, isPending: session?.status === 'pending' });
  }

  /**
   * Notes that the request uses its session, which lets it go on where it would be over for want of use. What is refused uses none:
   * a page that stands open and asks again and again for what it may not have would keep it for ever.
   */
  noteUse(request: object): void {
    const session = getMfaSession(request);
    if (session) this.activity.note(session);
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
    if (!withAccount) return { session: await this.sessions.verify(token, false) };
    return (await this.sessions.verifyWithAccount(token, false)) ?? { session: null };
  }
}
