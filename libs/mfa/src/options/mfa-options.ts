import type { MfaLocaleTexts } from '../i18n/locale-texts.js';
import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import type { MfaType } from '../core/policy/methods.js';
import type { MfaSessionTransportOption } from '../engine/sessions/own-transport.js';
import type { ChangesNeed } from '../core/policy/recent.js';

/** Presets that follow a standard; an option that breaks the chosen one stops the boot. */
export type MfaProfile = 'default' | 'aal2' | 'strict';

export interface TotpOptions {
  /** The name of your application in authenticator apps; no colon. Default: `webauthn.rpName`, else the package's name. */
  issuer?: string;
  /** Length of a time step in seconds, 1 to 120 (NIST SP 800-63B-4, section 3.1.4.1). Default: 30. */
  period?: number;
  /** Length of a code: 6, 7 or 8. Default: 6. */
  digits?: number;
  /** Steps of clock drift accepted on either side: 0 or 1 (RFC 6238, section 5.2). Default: 1. */
  tolerance?: number;
  /** Default: `sha1`. */
  algorithm?: TotpAlgorithm;
  /** Authenticator apps a user may have at once, 1 to 10. Default: 1. */
  maxPerUser?: number;
  /** How long a set-up waits for its first code, in seconds, 1 to 3600. Default: 600. */
  setupTtlSeconds?: number;
  /** A code that is always right, for end-to-end tests only. The boot fails with it unless NODE_ENV is `test` or `development`. */
  insecureBypassCode?: string;
}

export interface RecoveryCodesOptions {
  /** Codes in a set, 1 to 50. Default: 10. */
  count?: number;
  /** Decimal digits of a code, 8 to 16. Default: 8. Profiles `aal2` and `strict` make longer codes of their own form. */
  digits?: number;
}

export interface WebAuthnOptions {
  /** The relying party id: the site's domain without scheme and port (WebAuthn Level 3, section 4). */
  rpId?: string;
  /** The site's name, shown by some authenticators. */
  rpName?: string;
  /**
   * The exact origins on which ceremonies may run, such as `https://app.example.com`; also those of Android apps
   * (`android:apk-key-hash:…`) and browser extensions (`chrome-extension://…`), as they send them.
   */
  origins?: string[];
  /** Lets `http://localhost` in. Default: false. */
  allowInsecureOrigin?: boolean;
  /** Default: `preferred`. */
  userVerification?: 'required' | 'preferred' | 'discouraged';
  /**
   * Whether authenticators have to say what they are. With `direct` or `enterprise` a registration without an attestation is
   * refused; with roots or AAGUIDs only one whose certificates lead to a root is accepted. Default: `none`.
   */
  attestation?: 'none' | 'indirect' | 'direct' | 'enterprise';
  /** Certificates (PEM) that the attestation of a key must lead to; with `attestation` `direct` or `enterprise`. Default: none. */
  attestationRoots?: string[];
  /** Models of authenticators that may be registered, by AAGUID; proven by a path to a root, so it needs these. Default: any. */
  allowedAaguids?: string[];
  /**
   * What happens when the signature counter of a key goes back: it is refused and locked until an administrator opens it, or the
   * user is told and no more. Counters of keys that can be synced never count. Default: `reject`.
   */
  signCount?: 'reject' | 'report';
  /**
   * What happens when a key can be synced and could not when it was registered, or the other way round: it is refused with an
   * event and a text that says so, or used from then on as what it is (WebAuthn Level 3, section 7.2, step 19). Default: `reject`.
   */
  backupEligibilityChange?: 'reject' | 'report';
}

export interface SessionCookieOptions {
  /**
   * Default: `mfa_session`. A Secure cookie gets the strongest prefix that it can have: `__Host-` on path `/` without a domain,
   * else `__Secure-`.
   */
  name?: string;
  /** Default: `lax`. */
  sameSite?: 'strict' | 'lax' | 'none';
  /** Default: true, except when NODE_ENV is `development` or `test`. */
  secure?: boolean;
  /** Default: the host that sets it, and no other. */
  domain?: string;
  /** Default: `/`. */
  path?: string;
}

export interface SessionOptions {
  /** How long a half-finished sign-in waits for its second factor, in seconds, 1 to 3600. Default: 900. */
  pendingTtlSeconds?: number;
  /** How long a session lives at most, in seconds, 1 to 2592000. Default: 43200 (12 hours). */
  ttlSeconds?: number;
  /** How long a session lives at most whose sign-in says so ("remember me"), in seconds. Default: `ttlSeconds`. */
  rememberTtlSeconds?: number;
  /**
   * A session that is not used for so long is over, in seconds, 1 to 2592000; 0: none ends by that. Every request with it is a use;
   * signing in, re-authentication and proofs are too. Default: 0, 3600 under profile `aal2` and 900 under `strict`, which allow no more.
   */
  idleTtlSeconds?: number;
  /** Sessions that one user may have, 1 to 10000; the oldest goes first. Default: 1000. */
  maxPerUser?: number;
  /** The session cookie, or false for the header transport only. */
  cookie?: SessionCookieOptions | false;
  /** The request header that carries the token of clients without cookies. Default: `x-mfa-session`. */
  header?: string;
  /**
   * Keeps the token where the application keeps a session of its own, instead of in cookie and header: an object, or a class that Nest
   * builds. `cookie` then says only what other cookies of this module are like. Default: none.
   */
  transport?: MfaSessionTransportOption;
}

export interface TrustedDevicesOptions {
  /** Whether users may spare a browser the second factor at sign-in. A convenience, and no authentication. Default: false. */
  enabled?: boolean;
  /** How long a browser stays trusted, in seconds, 1 to 2592000 (NIST SP 800-63B-4, section 2.1.3). Default: 1209600 (14 days). */
  ttlSeconds?: number;
  /** Browsers that one user may trust, 1 to 100; the oldest goes first. Default: 20. */
  maxPerUser?: number;
  /** The cookie's name; prefixed as the session's is. Default: `mfa_trusted`. */
  cookie?: string;
  /** Whether a browser may be trusted after a recovery code. Default: false. */
  afterRecoveryCode?: boolean;
}

/** What opens a locked authenticator, besides an administrator and binding it anew. */
export interface UnlockOptions {
  /** A proof by another of the user's factors. Default: false. */
  byOtherFactor?: boolean;
  /** So many right codes of the locked authenticator in a row, each in a later time step: 0 (none) or 2 to 10. Default: 0. */
  byCodes?: number;
  /** Least time between two of these codes in seconds, 1 to 3600. Default: 60. */
  codesApartSeconds?: number;
  /** Waiting so many seconds, up to 31536000; 0: never. Profiles `aal2` and `strict` demand 0. Default: 0. */
  afterSeconds?: number;
}

export interface StorageOptions {
  /** How long a statement may take before the request is refused with 503, in seconds, 1 to 300. Default: 10. */
  timeoutSeconds?: number;
  /**
   * Whether the first boot with seals seals the factors from before. Say false when it has: then nobody who can write to the
   * database can make it happen again. Default: true.
   */
  sealFormerRows?: boolean;
}

export interface RetentionOptions {
  /** How often what has expired is removed, in seconds, up to 86400; 0: never by itself. Default: 300. */
  everySeconds?: number;
  /** Rows that one statement removes, 1 to 10000. Default: 1000. */
  batchSize?: number;
}

export interface AuditOptions {
  /** Whether every event is kept in a table, written in the transaction of its change. Default: false. */
  enabled?: boolean;
  /** How long entries are kept, in days, 1 to 36500. Default: 365. */
  retentionDays?: number;
}

export interface RateLimitOptions {
  /** Codes that one user may try in a window, whatever the factor, 1 to 1000000. Default: 5. */
  attempts?: number;
  /** Length of the window in seconds, 1 to 86400. Default: 300. */
  windowSeconds?: number;
  /** Consecutive failures that disable an authenticator, 1 to 100 (NIST SP 800-63B-4, section 3.2.2). Default: 100. */
  lockAfter?: number;
  /** What opens a lock. */
  unlock?: UnlockOptions;
}

/** Options that may come from a factory. */
export interface MfaBehaviourOptions {
  /** At least 32 bytes each; the first one writes, all of them read. From a secret store, never from the sources. */
  secret: string | string[];
  /** Factors that users may enrol. A type that is removed still works for those who have it. Default: all three, and those of `factors`. */
  supportedTypes?: MfaType[];
  totp?: TotpOptions;
  recoveryCodes?: RecoveryCodesOptions;
  webauthn?: WebAuthnOptions;
  /** Sign-in with a passkey alone. Default: false. */
  passkeyLogin?: boolean;
  /** Whether users with `isStaff` must have a second factor. Default: false. */
  requiredForStaff?: boolean;
  /** How long a proven second factor counts, in seconds, 1 to 86400. Default: 300. */
  gracePeriodSeconds?: number;
  /**
   * How old a proof may be for changes of factors and recovery codes (*recent*), in seconds, 1 to 86400, under profiles to 900. Default:
   * `gracePeriodSeconds`, under profiles at most 900.
   */
  changesMaxAgeSeconds?: number;
  /**
   * What *recent* means for users who have a phishing-resistant factor and change their factors or recovery codes: `strongest`,
   * one of that kind or a recovery code; `any`, any second factor. Default: `strongest`.
   */
  changesNeed?: ChangesNeed;
  /** How long someone who must enrol may still work without, in seconds, up to 31536000. Default: 0. */
  enrollmentGracePeriodSeconds?: number;
  /**
   * How long ago an identity provider may have asked for several factors for `trustExternalMfa` to count, in seconds, 1 to
   * 2592000. Default: 43200 (12 hours).
   */
  externalMfaMaxAgeSeconds?: number;
  /** Whether users whose address is known to be unverified may not enrol. Default: true. */
  requireVerifiedEmail?: boolean;
  session?: SessionOptions;
  /**
   * Other origins whose pages may use the cookie, such as `https://www.example.com`: exact, https, or http on localhost. CORS is
   * the application's. Default: none.
   */
  trustedOrigins?: string[];
  /**
   * Where a client proves the first factor again: the route of the application that calls `MfaService.recordReauthentication()`, a
   * path or an https address. Refusals of the code `reauthentication_required` name it. Default: none.
   */
  reauthenticateUrl?: string;
  trustedDevices?: TrustedDevicesOptions;
  rateLimit?: RateLimitOptions;
  storage?: StorageOptions;
  audit?: AuditOptions;
  retention?: RetentionOptions;
  /** Languages of messages and notifications: those that the module has, or texts of your own; the first is the default. Default: `['en']`. */
  locales?: ('en' | 'de' | MfaLocaleTexts)[];
  /** Default: `default`. */
  profile?: MfaProfile;
}

/** A class given as `useClass` or `useExisting` to `forRootAsync`. */
export interface MfaOptionsFactory {
  createMfaOptions(): MfaBehaviourOptions | Promise<MfaBehaviourOptions>;
}
