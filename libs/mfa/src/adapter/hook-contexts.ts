import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';

/** What prompts the question whether a user must have a second factor. */
export interface MfaRequirementContext {
  /** The request, if there is one. */
  request?: object;
  /** The user's session, if there is one. */
  session?: AuthenticationSession | null;
}

/** Who suspends an authenticator, and what the user has left. */
export interface MfaSuspensionContext {
  by: 'user' | 'admin';
  /** Whether the user would have no working second factor left; an administrator then has to let them in. */
  isLast: boolean;
}

/** A sign-in that has just been completed. */
export interface MfaSignInContext {
  /** What was proven, and from where. */
  session: AuthenticationSession;
  request: object;
  /**
   * When this user last signed in with the same browser, to the second, according to the browser's cookie; null if never, or longer ago
   * than `newSignIn.ttlSeconds`.
   */
  lastSignInAt: Date | null;
}

/** Who deletes an authenticator. */
export interface MfaDeletionContext {
  by: 'user' | 'admin';
}
