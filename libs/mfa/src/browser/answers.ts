import type { WebAuthnCredentialRole } from '../factors/webauthn/credential-role.js';
import type { AuthenticationMethod, MfaType } from '../core/policy/methods.js';

// The answers of the HTTP API as they arrive: moments are ISO 8601 texts. A test compares them with the server's types.

/** A moment as an ISO 8601 text. */
export type Moment = string;

/** How a user stands with regard to second factors. */
export interface MfaStatus {
  /** Whether the user has a second factor. */
  enabled: boolean;
  /** Whether the user must have one. */
  required: boolean;
  /** Until when someone who must enroll may work without; null when not applicable. */
  enrollmentDeadline: Moment | null;
  /** Whether a second factor was proven in this session recently enough. */
  verified: boolean;
  /** When one was last proven in this session. */
  verifiedAt: Moment | null;
  /** The factor types that the user can use now. */
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
  /** Whether failed attempts have disabled it, or it is suspended. */
  locked: boolean;
  /** Whether it is suspended, as one that was lost. */
  suspended: boolean;
  /** Recovery codes only: how many are left. */
  remaining?: number;
}

/** A factor that can be reported as lost, or is. */
export interface ReportedAuthenticator {
  id: string;
  type: MfaType;
  name: string;
  suspended: boolean;
}

/** An authenticator in the list, which tells more of a security key or passkey. */
export interface ListedAuthenticator extends Authenticator {
  /** Who made the authenticator, when that is known. */
  provider?: string;
  /** Whether it signs in without a password. */
  passwordless?: boolean;
  /** What a security key or passkey is for: with `passwordless` alone a password goes on signing in without it. */
  role?: WebAuthnCredentialRole;
  /** Whether it is synced now. */
  backedUp?: boolean;
  transports?: string[];
}

/** What an authenticator app needs to be set up. */
export interface TotpSetup {
  /** Base32, for typing it in by hand. */
  secret: string;
  /** The `otpauth://` URI. */
  url: string;
  /** The QR code of the URI as SVG markup. */
  svg: string;
  /** The QR code of the URI as a `data:` URL of a PNG picture. */
  qrCode: string;
  /** When the set-up is void. */
  expiresAt: Moment;
}

/** A code that is on its way to the user. */
export interface SentCode {
  /** The address or number, masked: `a•••@example.com`, `•••• 1234`. */
  destination: string;
  /** Until when it works. */
  expiresAt: Moment;
  /** When another one may be sent; not at set-up. */
  nextAt?: Moment;
  /** `sms_code` at set-up: the user has to be told of the risk. */
  restricted?: boolean;
}

/** One proof in the session: what is not known of it is not there. */
export interface MfaProvenMethod {
  method: AuthenticationMethod;
  at: Moment;
  /** The authenticator verified its user, by PIN or biometrics. */
  userVerified?: boolean;
  /** It is synced between devices. */
  backedUp?: boolean;
  /** Its maker was attested when it was registered. */
  attested?: boolean;
}

/** What an answer says of the session that it belongs to. */
export interface MfaSessionAnswer {
  proven: MfaProvenMethod[];
  /** Only with the header transport. */
  sessionToken?: string;
  expiresAt: Moment;
}

/** The answer to a new second factor. */
export interface Activation extends Partial<MfaSessionAnswer> {
  authenticator: Authenticator;
  /** Only with the first second factor; shown this once. */
  recoveryCodes?: string[];
}

/** The answer to a sign-in or a step-up; beside it is what the application's `completeLogin` gives. */
export interface SignIn extends MfaSessionAnswer {
  status: 'authenticated' | 'mfa_required' | 'enrollment_required';
  /** The factor types that would finish (or, for `enrollment_required`, begin) it. */
  methods?: MfaType[];
  /** Until when a user who must enroll may work without a second factor. */
  enrollmentDeadline?: Moment;
  /** After a recovery code: how many are left. Offer to make new ones. */
  remainingRecoveryCodes?: number;
}

/** The answer to a sign-up; beside it is what the application's `completeLogin` gives. */
export interface SignUp extends MfaSessionAnswer {
  status: 'authenticated';
  authenticator: Authenticator;
  /** Shown this once. */
  recoveryCodes?: string[];
}

/** How far the sign-in of the client's session has come. */
export interface MfaSessionState {
  status: 'authenticated' | 'mfa_required' | 'enrollment_required';
  /** The factor types that the user can use now; for `enrollment_required` those that would begin it. */
  methods: MfaType[];
  proven: MfaProvenMethod[];
  expiresAt: Moment;
}

export interface RecoveryCodesSummary {
  total: number;
  remaining: number;
  /** When the set was made; null without one. */
  createdAt: Moment | null;
}

/** Where the user is signed in. */
export interface MfaSignedInSession {
  id: string;
  createdAt: Moment;
  lastSeenAt: Moment;
  expiresAt: Moment;
  proven: MfaProvenMethod[];
  userAgent: string | null;
  ip: string | null;
  /** Whether it is this client's own. */
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
