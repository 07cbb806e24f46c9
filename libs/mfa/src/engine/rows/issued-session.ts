import type { AuthenticationSession } from './authentication-session.entity.js';

/** A session together with its token, which only the client keeps. */
export interface MfaIssuedSession {
  session: AuthenticationSession;
  token: string;
}
