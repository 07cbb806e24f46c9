import type { MfaUser } from '../adapter/mfa-user.js';
import type { Account } from '../authenticators/accounts.service.js';
import type { AuthenticationSession } from './authentication-session.entity.js';

interface Known {
  session: AuthenticationSession;
  account?: Account;
}

const known = new WeakMap<object, Known>();
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

/** The authentication session of this request, once a guard or a route of this module has read it. */
export function getMfaSession(request: object): AuthenticationSession | undefined {
  return known.get(request)?.session;
}

/** What is kept of the session's user, when it was read along with the session. */
export function getMfaAccount(request: object): Account | undefined {
  return known.get(request)?.account;
}

/** Keeps the session with the request, so that one request reads it once. */
export function setMfaSession(
  request: object,
  session: AuthenticationSession | null,
  account?: Account,
): void {
  if (session) known.set(request, account ? { session, account } : { session });
  else known.delete(request);
}
