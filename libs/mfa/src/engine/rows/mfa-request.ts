import { SideTable } from '../../core/objects/side-table.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { readHeader, responseOf } from '../../core/web/http-message.js';
import type { Account } from './account.js';
import type { AuthenticationSession } from './authentication-session.entity.js';

/** Who caused an event. `application`: code outside a request, such as a script or a job. */
export interface MfaActor {
  type: 'user' | 'admin' | 'application';
  /** The user's id, or what the application passes for its administrator. */
  id: string | null;
}

/** Who did something, from where, and in which session. */
export interface MfaEventSource {
  actor: MfaActor;
  ip: string | null;
  userAgent: string | null;
  sessionId: string | null;
}

/** Longest user agent that is stored. */
export const MAX_USER_AGENT_LENGTH = 255;

/** Longest address: IPv6 with an IPv4 part (INET6_ADDRSTRLEN of POSIX). */
const MAX_ADDRESS_LENGTH = 45;

/** The source of application code that runs outside a request. */
export const APPLICATION_SOURCE: MfaEventSource = {
  actor: { type: 'application', id: null },
  ip: null,
  userAgent: null,
  sessionId: null,
};

/** The parts of a request, or of a WebSocket handshake, that say where it comes from. */
interface Traceable {
  ip?: string;
  address?: string;
  socket?: { remoteAddress?: string };
}

/** The source of a request by this user. */
export function sourceOfRequest(
  request: object,
  userId: string,
  sessionId: string | null = null,
): MfaEventSource {
  const { ip, address, socket } = request as Traceable;
  const from = ip ?? address ?? socket?.remoteAddress;
  return {
    actor: { type: 'user', id: userId },
    // A trusted proxy may pass on unchecked values, and Express doesn't verify that it is an address.
    ip: typeof from === 'string' ? printable(from, MAX_ADDRESS_LENGTH) : null,
    userAgent: readUserAgent(request),
    sessionId,
  };
}

/** The request's user agent; null without one. */
export function readUserAgent(request: object): string | null {
  return printable(readHeader(request, 'user-agent') ?? '', MAX_USER_AGENT_LENGTH);
}

/** Replaces control characters, which could forge log lines; null if nothing is left. */
function printable(text: string, maxLength: number): string | null {
  return (
    text
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, maxLength) || null
  );
}

/** The session if it is authenticated. A pending one proves nothing yet. */
function authenticatedOnly(session: AuthenticationSession | null): AuthenticationSession | null {
  return session?.status === 'authenticated' ? session : null;
}

/** The proofs of a session, once it is authenticated. */
export function recordsOf(session: AuthenticationSession | null): readonly AuthenticationRecord[] {
  return authenticatedOnly(session)?.methods ?? [];
}

/** What was found out about a request. */
interface RequestFacts {
  response: object | null;
  user: MfaUser | null;
  session: AuthenticationSession | null;
  hasDeadToken: boolean;
  isPending: boolean;
  account: Account | null;
  orphan: AuthenticationSession | null;
}

/**
 * A request as this module sees it: who it comes from, and what they have proven. The guard creates it and passes it on. It is
 * immutable; use {@link with} for changes.
 */
export class MfaRequest {
  /** The signed-in user, or null. */
  readonly user: MfaUser | null;
  /** The living session, pending or authenticated; never one of another user than `user`. */
  readonly session: AuthenticationSession | null;
  /** Whether the request presented a session token that isn't valid. */
  readonly hasDeadToken: boolean;
  /** Whether the request presents a session that waits for its second factor. */
  readonly isPending: boolean;
  /** What is stored for the session's user, if it was read together with the session. */
  readonly account: Account | null;
  /**
   * @internal The authenticated session of a user whom the adapter doesn't find, for example while they are disabled. Only a
   * sign-out sees it: it would be there again with its user.
   */
  readonly orphan: AuthenticationSession | null;
  private readonly givenResponse: object | null;

  constructor(
    readonly request: object,
    {
      response = null,
      user = null,
      session = null,
      hasDeadToken = false,
      isPending = session?.status === 'pending',
      account = null,
      orphan = null,
    }: Partial<RequestFacts> = {},
  ) {
    this.givenResponse = response;
    this.user = user;
    this.session = session;
    this.hasDeadToken = hasDeadToken;
    this.isPending = isPending;
    this.account = account;
    this.orphan = orphan;
  }

  /** The response that carries the session token back. */
  get response(): object {
    return this.givenResponse ?? responseOf(this.request);
  }

  /** The session if it is authenticated. A pending one proves nothing yet. */
  get authenticatedSession(): AuthenticationSession | null {
    return authenticatedOnly(this.session);
  }

  /** The proofs of the authenticated session. */
  get records(): readonly AuthenticationRecord[] {
    return recordsOf(this.session);
  }

  /** The source of events that this request causes. */
  get source(): MfaEventSource {
    const userId = this.user ? userIdOf(this.user) : this.session?.userId;
    if (userId === undefined) return APPLICATION_SOURCE;
    return sourceOfRequest(this.request, userId, this.session?.id);
  }

  /** Returns a copy of this request with some facts replaced. */
  with(changed: Partial<RequestFacts>): MfaRequest {
    const {
      request,
      givenResponse: response,
      user,
      session,
      hasDeadToken,
      isPending,
      account,
      orphan,
    } = this;
    const known = { response, user, session, hasDeadToken, isPending, account, orphan };
    return new MfaRequest(request, { ...known, ...changed });
  }
}

/** What this module stores with a request object for other guards, handlers, filters and the adapter. */
interface Kept {
  /** The valid session that the request presents, including a pending one. */
  session?: AuthenticationSession | null;
  /** What replaced it: a new session, or (null) none. */
  replacement?: { session: AuthenticationSession | null };
  user?: MfaUser | null;
  /** The request as found by the guard of one of this module's routes. */
  context?: MfaRequest;
}

const kept = new SideTable<object, Kept>();

function keptWith(request: object): Kept {
  const known = kept.get(request) ?? {};
  kept.set(request, known);
  return known;
}

/** Stores what a route's guard has found. */
export function keepMfaRequest(request: object, context: MfaRequest): void {
  keptWith(request).context = context;
}

/** What the route's guard found; undefined if it didn't get that far. */
export function mfaRequestOf(request: object): MfaRequest | undefined {
  return kept.get(request)?.context;
}

/** The user a request comes from, once a guard or a route of this module has resolved it. */
export function getMfaUser(request: object): MfaUser | undefined {
  return kept.get(request)?.user ?? undefined;
}

/** Stores the user with the request, for texts in their language: `request.user` belongs to the application. */
export function setMfaUser(request: object, user: MfaUser | null): void {
  keptWith(request).user = user;
}

/**
 * The authenticated session of this request, once a guard or a route of this module has read it. A pending session is not
 * returned: only the routes that complete it see it.
 */
export function getMfaSession(request: object): AuthenticationSession | undefined {
  const session = presentedSession(request);
  return session?.status === 'authenticated' ? session : undefined;
}

/** The session that this request presents, including a pending one. For internal use only. */
export function presentedSession(request: object): AuthenticationSession | undefined {
  return kept.get(request)?.session ?? undefined;
}

/** Whether this request presents a session that waits for its second factor. */
export function hasPendingSession(request: object): boolean {
  return presentedSession(request)?.status === 'pending';
}

/** Attaches the session that was read to the request, or (null) hides one that isn't the user's. */
export function showMfaSession(request: object, session: AuthenticationSession | null): void {
  keptWith(request).session = session;
}

/**
 * Stores the session that this request has started or changed, or (null) that it was ended. What the request presented no
 * longer counts.
 */
export function setMfaSession(request: object, session: AuthenticationSession | null): void {
  Object.assign(keptWith(request), { session, replacement: { session } });
}

/** What {@link setMfaSession} stored last. */
export function replacementOf(request: object): Kept['replacement'] {
  return kept.get(request)?.replacement;
}
