import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';

/** Where the question whether a user must have a second factor comes from. */
export interface MfaRequirementContext {
  /** The request, where there is one. */
  request?: object;
  /** The user's session, where there is one. */
  session?: AuthenticationSession | null;
}

/** Who suspends an authenticator, and what is left. */
export interface MfaSuspensionContext {
  by: 'user' | 'admin';
  /** Whether nothing else would work any more: then an administrator has to let the user in. */
  isLast: boolean;
}

/** A sign-in that has just come to its end. */
export interface MfaSignInContext {
  /** What it has proven, and from where. */
  session: AuthenticationSession;
  request: object;
  /**
   * When this user last signed in with the same browser, to the second, as the browser's cookie has it; null: never, or longer ago than
   * `newSignIn.ttlSeconds`.
   */
  lastSignInAt: Date | null;
}

/** Who deletes an authenticator. */
export interface MfaDeletionContext {
  by: 'user' | 'admin';
}
