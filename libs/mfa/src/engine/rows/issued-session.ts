import type { AuthenticationSession } from './authentication-session.entity.js';

/** A session together with its token, which only the client keeps. */
export interface IssuedSession {
  session: AuthenticationSession;
  token: string;
}
