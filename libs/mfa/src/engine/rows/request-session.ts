import type { MfaUser } from '../../core/users/mfa-user.js';
import type { AuthenticationSession } from './authentication-session.entity.js';

/** What took the place of the session that a request presented: a new one, or none. */
interface Replacement {
  session: AuthenticationSession | null;
}

const shown = new WeakMap<object, AuthenticationSession>();
const replacements = new WeakMap<object, Replacement>();
const users = new WeakMap<object, MfaUser>();

/** Whom this request comes from, once a guard or a route of this module has found out. */
export function getMfaUser(request: object): MfaUser | undefined {
  return users.get(request);
}

/** Keeps the user with the request, for texts in their language: `request.user` is the application's. */
export function setMfaUser(request: object, user: MfaUser | null): void {
  if (user) users.set(request, user);
  else users.delete(request);
}

/**
 * The authenticated session of this request, once a guard or a route of this module has read it. A pending one is nobody's:
 * only the routes that finish it see it.
 */
export function getMfaSession(request: object): AuthenticationSession | undefined {
  const session = shown.get(request);
  return session?.status === 'authenticated' ? session : undefined;
}

/** The session that this request presents, pending ones too: for this module alone. */
export function presentedSession(request: object): AuthenticationSession | undefined {
  return shown.get(request);
}

/** Whether this request presents a session that waits for its second factor. */
export function hasPendingSession(request: object): boolean {
  return presentedSession(request)?.status === 'pending';
}

/** Keeps the session with the request as it was read, or hides one that is not the user's. */
export function showMfaSession(request: object, session: AuthenticationSession | null): void {
  if (session) shown.set(request, session);
  else shown.delete(request);
}

/** Keeps the session that this request has started, changed or (null) ended: what it presented counts no more. */
export function setMfaSession(request: object, session: AuthenticationSession | null): void {
  showMfaSession(request, session);
  replacements.set(request, { session });
}

/** What {@link setMfaSession} has kept last. */
export function replacementOf(request: object): Replacement | undefined {
  return replacements.get(request);
}
