import { MfaAuditEntry } from '../engine/journal/audit-entry.entity.js';
import { MfaStoredKey } from '../engine/keys/stored-key.entity.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { Authenticator } from '../engine/rows/authenticator.entity.js';
import { MfaUserState } from '../engine/rows/mfa-user-state.entity.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { FACTORS } from '../factors/factors.js';

/** The entities of this module, for the `entities` of a DataSource that doesn't load them automatically. */
export const MFA_ENTITIES: (new () => object)[] = [
  Authenticator,
  AuthenticationSession,
  MfaUserState,
  TrustedDevice,
  MfaAuditEntry,
  MfaStoredKey,
  ...FACTORS.flatMap(({ tables }) => tables.map(({ entity }) => entity)),
];
