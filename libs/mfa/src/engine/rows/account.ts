import type { Authenticator } from './authenticator.entity.js';
import type { MfaUserState } from './mfa-user-state.entity.js';

/** All that is kept of one user but sessions: read together, in one query. */
export interface Account {
  /** Null when nothing was ever kept of the user; then there are no authenticators either. */
  state: MfaUserState | null;
  /** Oldest first. */
  authenticators: Authenticator[];
}
