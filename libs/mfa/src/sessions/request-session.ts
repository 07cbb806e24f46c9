import type { AuthenticationSession } from './authentication-session.entity.js';

const sessions = new WeakMap<object, AuthenticationSession>();

/** The authentication session of this request, once a guard or a route of this module has read it. */
export function getMfaSession(request: object): AuthenticationSession | undefined {
  return sessions.get(request);
}

/** Keeps the session with the request, so that one request reads it once. */
export function setMfaSession(request: object, session: AuthenticationSession | null): void {
  if (session) sessions.set(request, session);
  else sessions.delete(request);
}
