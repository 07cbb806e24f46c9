import {
  Authenticator,
  isGenuineAuthenticator,
  sealAuthenticator,
} from '../engine/rows/authenticator.entity.js';
import {
  AuthenticationSession,
  isSealedSession,
  sealSession,
} from '../engine/rows/authentication-session.entity.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { ID, sealsOf } from '../engine/keys/secret-table.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { isGenuineTrustedDevice, sealTrustedDevice } from '../engine/trust/trusted-device-seal.js';
import { FACTORS } from '../factors/factors.js';

export const AUTHENTICATORS: SecretTable = {
  entity: Authenticator,
  id: ID,
  isEncrypted: true,
  seals: sealsOf(sealAuthenticator, isGenuineAuthenticator),
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

const OF_FACTORS = FACTORS.flatMap(({ secretTables }) => secretTables);

export const SECRET_TABLES: readonly SecretTable[] = [
  AUTHENTICATORS,
  ...OF_FACTORS,
  SESSIONS,
  TRUSTED_DEVICES,
];

/** What factors keep under a seal. */
export const SEALED_FACTORS: readonly SecretTable[] = [
  AUTHENTICATORS,
  ...OF_FACTORS.filter(({ seals }) => seals !== null),
];

/** Where factors keep what verifies the proofs of an authenticator besides its own row. */
export const JUDGING_TABLES: readonly SecretTable[] = OF_FACTORS.filter(
  ({ id }) => id.property === 'authenticatorId',
);

/** Where they keep what waits for its first code. */
export const SETUPS: readonly SecretTable[] = OF_FACTORS.filter(({ isSetup }) => isSetup === true);
