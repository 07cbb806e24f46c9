import type { MfaType } from '../core/policy/methods.js';
import type { MfaSessionTransportOption } from '../engine/sessions/own-transport.js';
import type { ChangesNeed } from '../core/policy/recent.js';
import type { MfaLocaleTexts } from '../i18n/locale-texts.js';
import type {
  AuditOptions,
  MfaProfile,
  RateLimitOptions,
  RecoveryCodesOptions,
  RetentionOptions,
  SessionCookieOptions,
  StorageOptions,
  TotpOptions,
  TrustedDevicesOptions,
  UnlockOptions,
} from './mfa-options.js';

/** How recovery codes are written: decimal digits, or groups of a base32 alphabet with at least 112 bits. */
export type RecoveryCodeFormat =
  { alphabet: 'digits'; length: number } | { alphabet: 'base32'; length: number };

export interface ResolvedWebAuthnOptions {
  rpId: string;
  rpName: string;
  origins: readonly string[];
  userVerification: 'required' | 'preferred' | 'discouraged';
  attestation: 'none' | 'indirect' | 'direct' | 'enterprise';
  /** PEM, one certificate each. */
  attestationRoots: readonly string[];
  /** In lower case; null: any. */
  allowedAaguids: readonly string[] | null;
  signCount: 'reject' | 'report';
  backupEligibilityChange: 'reject' | 'report';
}

/** A cookie, with its name as the browser sees it. */
export type ResolvedCookie = Required<Omit<SessionCookieOptions, 'domain'>> &
  Pick<SessionCookieOptions, 'domain'>;

/** The options after defaults and checks: nothing is optional that has a default. Injected as {@link MFA_OPTIONS}. */
export interface ResolvedMfaOptions {
  secrets: readonly [string, ...string[]];
  supportedTypes: readonly MfaType[];
  totp: Required<Omit<TotpOptions, 'insecureBypassCode'>> & Pick<TotpOptions, 'insecureBypassCode'>;
  recoveryCodes: Required<Omit<RecoveryCodesOptions, 'digits'>> & { format: RecoveryCodeFormat };
  /** Null when WebAuthn is not configured. */
  webauthn: ResolvedWebAuthnOptions | null;
  passkeyLogin: boolean;
  requiredForStaff: boolean;
  gracePeriodSeconds: number;
  changesMaxAgeSeconds: number;
  changesNeed: ChangesNeed;
  enrollmentGracePeriodSeconds: number;
  externalMfaMaxAgeSeconds: number;
  requireVerifiedEmail: boolean;
  session: {
    pendingTtlSeconds: number;
    ttlSeconds: number;
    rememberTtlSeconds: number;
    /** Null: sessions don't end by not being used. */
    idleTtlSeconds: number | null;
    maxPerUser: number;
    cookie: ResolvedCookie | false;
    /** In lower case. */
    header: string;
    /** Null: cookie and header. */
    transport: MfaSessionTransportOption | null;
  };
  trustedOrigins: readonly string[];
  reauthenticateUrl: string | undefined;
  trustedDevices: Required<Omit<TrustedDevicesOptions, 'cookie'>> & { cookie: ResolvedCookie };
  rateLimit: Required<Omit<RateLimitOptions, 'unlock'>> & { unlock: Required<UnlockOptions> };
  storage: Required<StorageOptions>;
  audit: Required<AuditOptions>;
  retention: Required<RetentionOptions>;
  /** The default language first. */
  locales: readonly [MfaLocaleTexts, ...MfaLocaleTexts[]];
  profile: MfaProfile;
}

/** Injection token of the {@link ResolvedMfaOptions}. */
export const MFA_OPTIONS = Symbol.for('nestjs-mfa:OPTIONS');
