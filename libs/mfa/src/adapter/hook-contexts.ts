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

/** Who deletes an authenticator. */
export interface MfaDeletionContext {
  by: 'user' | 'admin';
}
