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
  /** The user's id, or what the application says of its administrator. */
  id: string | null;
}

/** Who did something, from where, and in which session. */
export interface MfaEventSource {
  actor: MfaActor;
  ip: string | null;
  userAgent: string | null;
  sessionId: string | null;
}

/** Longest user agent that is kept. */
export const MAX_USER_AGENT_LENGTH = 255;

/** Longest address: IPv6 with an IPv4 part (INET6_ADDRSTRLEN of POSIX). */
const MAX_ADDRESS_LENGTH = 45;

/** Code of the application that has no request. */
export const APPLICATION_SOURCE: MfaEventSource = {
  actor: { type: 'application', id: null },
  ip: null,
  userAgent: null,
  sessionId: null,
};

/** The parts of a request, or of a WebSocket's handshake, that say where it comes from. */
interface Traceable {
  ip?: string;
  address?: string;
  socket?: { remoteAddress?: string };
}

/** What a request of this user says of itself. */
export function sourceOfRequest(
  request: object,
  userId: string,
  sessionId: string | null = null,
): MfaEventSource {
  const { ip, address, socket } = request as Traceable;
  const from = ip ?? address ?? socket?.remoteAddress;
  return {
    actor: { type: 'user', id: userId },
    // A proxy that is trusted may pass on what it was told, and Express does not look whether it is an address.
    ip: typeof from === 'string' ? printable(from, MAX_ADDRESS_LENGTH) : null,
    userAgent: readUserAgent(request),
    sessionId,
  };
}

/** The request's user agent; null without one. */
export function readUserAgent(request: object): string | null {
  return printable(readHeader(request, 'user-agent') ?? '', MAX_USER_AGENT_LENGTH);
}

/** The text without control characters, which could forge lines of a log; null when nothing is left. */
function printable(text: string, maxLength: number): string | null {
  return (
    text
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, maxLength) || null
  );
}

/** The session when it is authenticated: a pending one proves nothing yet. */
function authenticatedOnly(session: AuthenticationSession | null): AuthenticationSession | null {
  return session?.status === 'authenticated' ? session : null;
}

/** What a session holds, once it is authenticated. */
export function recordsOf(session: AuthenticationSession | null): readonly AuthenticationRecord[] {
  return authenticatedOnly(session)?.methods ?? [];
}

/** What is found out about a request. */
interface RequestFacts {
  response: object | null;
  user: MfaUser | null;
  session: AuthenticationSession | null;
  hasDeadToken: boolean;
  isPending: boolean;
  account: Account | null;
}

/**
 * A request as this module sees it: who it comes from, and what they have proven. The guard makes it, and hands it down. What has
 * changed since is another one ({@link with}).
 */
export class MfaRequest {
  /** The signed-in user, or null. */
  readonly user: MfaUser | null;
  /** The living session, pending or authenticated; never one of another user than `user`. */
  readonly session: AuthenticationSession | null;
  /** Whether the request presented a session token that is worth nothing. */
  readonly hasDeadToken: boolean;
  /** Whether the request presents a session that waits for its second factor. */
  readonly isPending: boolean;
  /** What is kept of the session's user, where it was read along with the session. */
  readonly account: Account | null;
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
    }: Partial<RequestFacts> = {},
  ) {
    this.givenResponse = response;
    this.user = user;
    this.session = session;
    this.hasDeadToken = hasDeadToken;
    this.isPending = isPending;
    this.account = account;
  }

  /** What the session travels back in. */
  get response(): object {
    return this.givenResponse ?? responseOf(this.request);
  }

  /** The session when it is authenticated: a pending one proves nothing yet. */
  get authenticatedSession(): AuthenticationSession | null {
    return authenticatedOnly(this.session);
  }

  /** What the authenticated session holds. */
  get records(): readonly AuthenticationRecord[] {
    return recordsOf(this.session);
  }

  /** Where what this request does comes from. */
  get source(): MfaEventSource {
    const userId = this.user ? userIdOf(this.user) : this.session?.userId;
    if (userId === undefined) return APPLICATION_SOURCE;
    return sourceOfRequest(this.request, userId, this.session?.id);
  }

  /** The same request, of which something else is known by now. */
  with(changed: Partial<RequestFacts>): MfaRequest {
    const { request, givenResponse: response, user, session, hasDeadToken, isPending, account } = this;
    const known = { response, user, session, hasDeadToken, isPending, account };
    return new MfaRequest(request, { ...known, ...changed });
  }
}

/** What this module keeps with a request object, for whoever meets it again: other guards, handlers, filters, the adapter. */
interface Kept {
  /** The living session that it presents, pending ones too. */
  session: AuthenticationSession | null;
  /** What took its place: a new one, or (null) none. */
  replacement?: { session: AuthenticationSession | null };
  user: MfaUser | null;
  /** As the guard of one of this module's routes has found it. */
  context?: MfaRequest;
}

const kept = new SideTable<object, Kept>();

function keptWith(request: object): Kept {
  const known = kept.get(request) ?? { session: null, user: null };
  kept.set(request, known);
  return known;
}

/** Keeps what the guard of a route has found. */
export function keepMfaRequest(request: object, context: MfaRequest): void {
  keptWith(request).context = context;
}

/** What the route's guard found; undefined when it did not come that far. */
export function mfaRequestOf(request: object): MfaRequest | undefined {
  return kept.get(request)?.context;
}

/** Whom this request comes from, once a guard or a route of this module has found out. */
export function getMfaUser(request: object): MfaUser | undefined {
  return kept.get(request)?.user ?? undefined;
}

/** Keeps the user with the request, for texts in their language: `request.user` is the application's. */
export function setMfaUser(request: object, user: MfaUser | null): void {
  keptWith(request).user = user;
}

/**
 * The authenticated session of this request, once a guard or a route of this module has read it. A pending one is nobody's:
 * only the routes that finish it see it.
 */
export function getMfaSession(request: object): AuthenticationSession | undefined {
  const session = presentedSession(request);
  return session?.status === 'authenticated' ? session : undefined;
}

/** The session that this request presents, pending ones too: for this module alone. */
export function presentedSession(request: object): AuthenticationSession | undefined {
  return kept.get(request)?.session ?? undefined;
}

/** Whether this request presents a session that waits for its second factor. */
export function hasPendingSession(request: object): boolean {
  return presentedSession(request)?.status === 'pending';
}

/** Keeps the session with the request as it was read, or hides one that is not the user's. */
export function showMfaSession(request: object, session: AuthenticationSession | null): void {
  keptWith(request).session = session;
}

/** Keeps the session that this request has started, changed or (null) ended: what it presented counts no more. */
export function setMfaSession(request: object, session: AuthenticationSession | null): void {
  Object.assign(keptWith(request), { session, replacement: { session } });
}

/** What {@link setMfaSession} has kept last. */
export function replacementOf(request: object): Kept['replacement'] {
  return kept.get(request)?.replacement;
}
