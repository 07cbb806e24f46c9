import type { WebAuthnCredentialRole } from '../factors/webauthn/credential-role.js';
import type { AuthenticationMethod, MfaType } from '../core/policy/methods.js';

// Responses of the HTTP API as they arrive: timestamps are ISO 8601 strings. A test compares them with the server's
// types.

/** An ISO 8601 timestamp. */
export type Moment = string;

/** A user's second-factor status. */
export interface MfaStatus {
  /** Whether the user has a second factor. */
  enabled: boolean;
  /** Whether the user must have one. */
  required: boolean;
  /** Until when a user who must enroll may work without a second factor; null when not applicable. */
  enrollmentDeadline: Moment | null;
  /** Whether a second factor was proven in this session recently enough. */
  verified: boolean;
  /** When a second factor was last proven in this session. */
  verifiedAt: Moment | null;
  /** The factor types the user can use now. */
  methods: MfaType[];
  recoveryCodes: { total: number; remaining: number };
}

/** One enrolled factor of the user. */
export interface Authenticator {
  id: string;
  type: MfaType;
  name: string;
  createdAt: Moment;
  lastUsedAt: Moment | null;
  /** Whether it is disabled, by failed attempts or because it is suspended. */
  locked: boolean;
  /** Whether it is suspended after being reported as lost. */
  suspended: boolean;
  /** Recovery codes only: how many are left. */
  remaining?: number;
}

/** A factor that is reported as lost, or can be. */
export interface ReportedAuthenticator {
  id: string;
  type: MfaType;
  name: string;
  suspended: boolean;
}

/** An authenticator in the list, with further fields for a security key or passkey. */
export interface ListedAuthenticator extends Authenticator {
  /** The maker of the authenticator, if known. */
  provider?: string;
  /** Whether it signs in without a password. */
  passwordless?: boolean;
  /**
   * What a security key or passkey is for. With `passwordless` alone, signing in with a password doesn't require it.
   */
  role?: WebAuthnCredentialRole;
  /** Whether it is currently synced. */
  backedUp?: boolean;
  transports?: string[];
}

/** What the user needs to set up an authenticator app. */
export interface TotpSetup {
  /** Base32, for entering it by hand. */
  secret: string;
  /** The `otpauth://` URI. */
  url: string;
  /** The QR code of the URI as SVG markup. */
  svg: string;
  /** The QR code of the URI as a `data:` URL of a PNG image. */
  qrCode: string;
  /** When the setup expires. */
  expiresAt: Moment;
}

/** A code that has been sent to the user. */
export interface SentCode {
  /** The address or number, masked: `a•••@example.com`, `•••• 1234`. */
  destination: string;
  /** When the code expires. */
  expiresAt: Moment;
  /** When another one may be sent; absent during setup. */
  nextAt?: Moment;
  /** `sms_code` during setup: the user must be told of the risk. */
  restricted?: boolean;
}

/** One proof in the session. Fields whose value is unknown are absent. */
export interface MfaProvenMethod {
  method: AuthenticationMethod;
  at: Moment;
  /** The authenticator verified its user, by PIN or biometrics. */
  userVerified?: boolean;
  /** The credential is synced between devices. */
  backedUp?: boolean;
  /** The authenticator was attested at registration. */
  attested?: boolean;
}

/** What a response says about the session it belongs to. */
export interface MfaSessionAnswer {
  proven: MfaProvenMethod[];
  /** Only with the header transport. */
  sessionToken?: string;
  expiresAt: Moment;
}

/** The response to enrolling a factor. */
export interface Activation extends Partial<MfaSessionAnswer> {
  authenticator: Authenticator;
  /** Only with the first second factor. They are shown only once. */
  recoveryCodes?: string[];
}

/** The response to a sign-in or step-up, merged with what the application's `completeLogin` returns. */
export interface SignIn extends MfaSessionAnswer {
  status: 'authenticated' | 'mfa_required' | 'enrollment_required';
  /** The factor types that would complete the sign-in or, for `enrollment_required`, start enrollment. */
  methods?: MfaType[];
  /** Until when a user who must enroll may work without a second factor. */
  enrollmentDeadline?: Moment;
  /** After a recovery code: how many are left. Offer to generate new ones. */
  remainingRecoveryCodes?: number;
}

/** The response to a sign-up, merged with what the application's `completeLogin` returns. */
export interface SignUp extends MfaSessionAnswer {
  status: 'authenticated';
  authenticator: Authenticator;
  /** They are shown only once. */
  recoveryCodes?: string[];
}

/** How far the client's session has got with signing in. */
export interface MfaSessionState {
  status: 'authenticated' | 'mfa_required' | 'enrollment_required';
  /** The factor types the user can use now; for `enrollment_required`, those that would start enrollment. */
  methods: MfaType[];
  proven: MfaProvenMethod[];
  expiresAt: Moment;
}

export interface RecoveryCodesSummary {
  total: number;
  remaining: number;
  /** When the set was generated; null without one. */
  createdAt: Moment | null;
}

/** One of the sessions in which the user is signed in. */
export interface MfaSignedInSession {
  id: string;
  createdAt: Moment;
  lastSeenAt: Moment;
  expiresAt: Moment;
  proven: MfaProvenMethod[];
  userAgent: string | null;
  ip: string | null;
  /** Whether it is the client's own session. */
  current: boolean;
}

/** A browser that skips the second factor at sign-in. */
export interface TrustedDevice {
  id: string;
  userAgent: string | null;
  ip: string | null;
  createdAt: Moment;
  lastUsedAt: Moment | null;
  expiresAt: Moment;
  /** Whether it is this browser. */
  current: boolean;
}

/** Arguments of the signal methods of `PublicKeyCredential` (WebAuthn Level 3, section 5.1.10). */
export interface WebAuthnSignals {
  allAcceptedCredentials: { rpId: string; userId: string; allAcceptedCredentialIds: string[] };
  currentUserDetails: { rpId: string; userId: string; name: string; displayName: string };
}
