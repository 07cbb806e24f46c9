import type { MfaType } from '../../core/policy/methods.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { cleanName } from '../../core/users/authenticator-name.js';

/** An authenticator as its owner sees it. It holds what is named here and nothing else: never a secret. */
export interface AuthenticatorView {
  id: string;
  type: MfaType;
  name: string;
  createdAt: Date;
  lastUsedAt: Date | null;
  /** Whether it verifies nothing now: failed attempts, or a copy of it, have disabled it, or it is suspended. */
  locked: boolean;
  /** Whether it is suspended, as one that was lost. */
  suspended: boolean;
  /** How many proofs are left, of factors that count them, as recovery codes. */
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
