import { Authenticator } from '../engine/rows/authenticator.entity.js';
import { isGenuineAuthenticator, sealAuthenticator } from '../engine/authenticators/authenticator-seal.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import { MfaFactorSetup } from '../engine/factors/factor-setup.entity.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { isSealedSession, sealSession } from '../engine/sessions/session-seal.js';
import { TotpSetup } from '../factors/totp/totp-setup-store.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { isGenuineTrustedDevice, sealTrustedDevice } from '../engine/trust/trusted-device-seal.js';
import { isGenuineCredential, sealCredential } from '../factors/webauthn/credential-seal.js';
import { WebAuthnCredential } from '../factors/webauthn/webauthn-credential.entity.js';

/** What decides about a row of any of the tables. */
export interface SecretRow {
  id?: string;
  authenticatorId?: string;
  userId: string;
  /** Of the factor; none in tables of one. */
  type?: string;
  data?: string;
  lastStep?: number | null;
  seal?: string | null;
}

/** A table whose rows hang on the secret: by an envelope in `data`, by a `seal`, or by both. */
export interface SecretTable {
  entity: new () => SecretRow;
  /** The property of the id in whose order the rows are gone through, and its column. */
  id: { property: 'id' | 'authenticatorId'; column: string };
  isEncrypted: boolean;
  seals: SealsOfTable | null;
  /** Whether a user misses the row for good: who loses a session or a trusted browser signs in once more. */
  isMissed: boolean;
}

export interface SealsOfTable {
  /** The seal of the row; null for a row that needs none. */
  make(keyRing: KeyRing, row: SecretRow): string | null;
  /** Whether the row's seal holds, or it needs none. */
  hold(keyRing: KeyRing, row: SecretRow): boolean;
}

function sealsOf<T>(
  make: (keyRing: KeyRing, row: T) => string | null,
  hold: (keyRing: KeyRing, row: T) => boolean,
): SealsOfTable {
  return { make: (ring, row) => make(ring, row as T), hold: (ring, row) => hold(ring, row as T) };
}

const ID = { property: 'id', column: 'id' } as const;

export const AUTHENTICATORS: SecretTable = {
  entity: Authenticator,
  id: ID,
  isEncrypted: true,
  seals: sealsOf(sealAuthenticator, isGenuineAuthenticator),
  isMissed: true,
};

export const SETUPS: SecretTable = {
  entity: TotpSetup,
  id: ID,
  isEncrypted: true,
  seals: null,
  isMissed: true,
};

const FACTOR_SETUPS: SecretTable = {
  entity: MfaFactorSetup,
  id: ID,
  isEncrypted: true,
  seals: null,
  isMissed: true,
};

export const CREDENTIALS: SecretTable = {
  entity: WebAuthnCredential,
  id: { property: 'authenticatorId', column: 'authenticator_id' },
  isEncrypted: false,
  seals: sealsOf(sealCredential, isGenuineCredential),
  isMissed: true,
};

const SESSIONS: SecretTable = {
  entity: AuthenticationSession,
  id: ID,
  isEncrypted: false,
  seals: sealsOf(sealSession, isSealedSession),
  isMissed: false,
};

const TRUSTED_DEVICES: SecretTable = {
  entity: TrustedDevice,
  id: ID,
  isEncrypted: false,
  seals: sealsOf(sealTrustedDevice, isGenuineTrustedDevice),
  isMissed: false,
};

/** The row's id, in whose order the rows of its table are gone through. */
export function idOf({ id }: SecretTable, row: SecretRow): string {
  return row[id.property] as string;
}

export const SECRET_TABLES: readonly SecretTable[] = [
  AUTHENTICATORS,
  SETUPS,
  FACTOR_SETUPS,
  CREDENTIALS,
  SESSIONS,
  TRUSTED_DEVICES,
];
