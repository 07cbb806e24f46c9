import { Authenticator } from '../authenticators/authenticator.entity.js';
import { AuditEntry } from '../audit/audit-entry.entity.js';
import { MfaFactorChallenge } from '../factors/factor-challenge.entity.js';
import { MfaFactorSetup } from '../factors/factor-setup.entity.js';
import { StoredKey } from '../keys/stored-key.entity.js';
import { RecoveryCode } from '../recovery-codes/recovery-code.entity.js';
import { Lease } from '../retention/lease.entity.js';
import { AuthenticationSession } from '../sessions/authentication-session.entity.js';
import { TotpSetup } from '../totp/totp-setup.entity.js';
import { TrustedDevice } from '../trusted-devices/trusted-device.entity.js';
import { MfaUserState } from '../users/mfa-user-state.entity.js';
import { WebAuthnChallenge } from '../webauthn/webauthn-challenge.entity.js';
import { WebAuthnCredential } from '../webauthn/webauthn-credential.entity.js';

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
