import type { MfaType } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { cleanName } from '../../core/users/authenticator-name.js';

/** An authenticator as its owner sees it. It holds only what is named here, never a secret. */
export interface AuthenticatorView {
  id: string;
  type: MfaType;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  /**
   * Whether it currently verifies nothing: it is locked after failed attempts or because a copy was found, or it is suspended.
   */
  locked: boolean;
  /** Whether it is suspended, for example because it was reported as lost. */
  suspended: boolean;
  /** How many proofs are left, for factors that count them, such as recovery codes. */
  remaining?: number;
}

export function viewAuthenticator(
  { id, type, name, createdAt, lastUsedAt, suspendedAt, remaining }: Authenticator,
  locked: boolean,
): AuthenticatorView {
  return {
    id,
    type,
    name: cleanName(name),
    createdAt,
    lastUsedAt,
    locked,
    suspended: suspendedAt !== null,
    ...(remaining === null ? {} : { remaining }),
  };
}
