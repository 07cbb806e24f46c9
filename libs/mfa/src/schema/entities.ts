import { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AuditEntry } from '../engine/journal/audit-entry.entity.js';
import { MfaFactorChallenge } from '../engine/factors/factor-challenge.entity.js';
import { MfaFactorSetup } from '../engine/factors/factor-setup.entity.js';
import { StoredKey } from '../engine/keys/stored-key.entity.js';
import { RecoveryCode } from '../factors/recovery-codes/recovery-code.entity.js';
import { Lease } from '../retention/lease.entity.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { TotpSetup } from '../factors/totp/totp-setup-store.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { MfaUserState } from '../engine/rows/mfa-user-state.entity.js';
import { WebAuthnChallenge } from '../factors/webauthn/webauthn-challenge.entity.js';
import { WebAuthnCredential } from '../factors/webauthn/webauthn-credential.entity.js';

/** The entities of this module, for the `entities` of a DataSource that does not load them by itself. */
export const MFA_ENTITIES = [
  Authenticator,
  RecoveryCode,
  AuthenticationSession,
  TotpSetup,
  MfaUserState,
  WebAuthnCredential,
  WebAuthnChallenge,
  TrustedDevice,
  AuditEntry,
  StoredKey,
  Lease,
  MfaFactorSetup,
  MfaFactorChallenge,
];
