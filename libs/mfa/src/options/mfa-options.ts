import type { MfaAcrLevels } from '../core/policy/acr.js';
import { readAcrLevels } from '../core/policy/acr.js';
import type { MfaType } from '../core/policy/methods.js';
import type { ChangesNeed } from '../core/policy/recent.js';
import type { MfaLocaleTexts } from '../i18n/locale-texts.js';
import type { GivenOf } from './option.js';
import type { MfaNewSignInOptions } from './new-sign-in-options.js';
import { NEW_SIGN_IN_OPTIONS } from './new-sign-in-options.js';
import { isDevelopment } from './options-environment.js';
import { choice, group, integer, optionalText, special, toggle } from './option.js';
import type { MfaProfile } from './profiles.js';
import { MFA_PROFILES } from './profiles.js';
import type { MfaRateLimitOptions } from './rate-limit-options.js';
import { RATE_LIMIT_OPTIONS } from './rate-limit-options.js';
import type { RecoveryCodesOptions } from './recovery-codes-options.js';
import { RECOVERY_CODES_OPTIONS } from './recovery-codes-options.js';
import { resolveLocales } from './resolve-locales.js';
import { resolveSecrets } from './resolve-secrets.js';
import { resolveTrustedOrigins } from './resolve-trusted-origins.js';
import type { MfaSessionOptions } from './session-options.js';
import { SESSION_OPTIONS, checkSession } from './session-options.js';
import type { MfaAuditOptions, MfaRetentionOptions, MfaStorageOptions } from './storage-options.js';
import { AUDIT_OPTIONS, RETENTION_OPTIONS, STORAGE_OPTIONS } from './storage-options.js';
import type { TotpOptions } from './totp-options.js';
import { TOTP_OPTIONS } from './totp-options.js';
import type { TrustedDevicesOptions } from './trusted-devices-options.js';
import { TRUSTED_DEVICES_OPTIONS } from './trusted-devices-options.js';
import type { ResolvedWebAuthnOptions, WebAuthnOptions } from './webauthn-options.js';
import { WEBAUTHN_OPTIONS, checkWebAuthn } from './webauthn-options.js';

const webauthn = group(WEBAUTHN_OPTIONS, checkWebAuthn);

/** Options that a factory may return. */
export const BEHAVIOUR_OPTIONS = {
  /**
   * Secrets of at least 32 bytes each. The first is used for new data, all of them for existing data. Keep them in a secret store, never
   * in source code. In production and under a profile, the application doesn't boot with a secret that repeats a few characters.
   */
  secret: special<string | string[], [string, ...string[]]>({
    kind: 'list',
    usual: 'required',
    range: '32 bytes or more each',
    read: (_name, value, problems, scope) => resolveSecrets(problems, value, scope),
  }),
  /** Factors that users may enroll. A type that you remove keeps working for users who already have it. */
  supportedTypes: special<MfaType[], readonly MfaType[] | undefined>({
    kind: 'list',
    usual: 'all three, and those of `factors`',
    range: '`totp`, `webauthn`, `recovery_codes`, those of `factors`',
    // Checked later, together with the types from the option `factors`.
    read: (_name, value) => value as MfaType[] | undefined,
  }),
  /** Authenticator apps. */
  totp: group<typeof TOTP_OPTIONS, TotpOptions>(TOTP_OPTIONS),
  /** Recovery codes. */
  recoveryCodes: group<typeof RECOVERY_CODES_OPTIONS, RecoveryCodesOptions>(RECOVERY_CODES_OPTIONS),
  /** Security keys and passkeys; WebAuthn is off if this is not set. */
  webauthn: special<WebAuthnOptions, ResolvedWebAuthnOptions | null>({
    ...webauthn,
    read: (name, value, problems, scope) => {
      if (value === undefined) return null;
      const { allowInsecureOrigin: _, ...kept } = webauthn.read(name, value, problems, scope);
      return kept;
    },
  }),
  /** Whether users may sign in with a passkey alone. */
  passkeyLogin: toggle(false),
  /**
   * Whether new accounts may start with a passkey instead of a password; needs `passkeyLogin` and the adapter's `createUser()`
   * (docs/webauthn.md).
   */
  passkeySignUp: toggle(false),
  /** Whether users with `isStaff` must have a second factor. */
  requiredForStaff: toggle(false),
  /** How long a proof of a second factor stays valid, in seconds. */
  gracePeriodSeconds: integer(300, 1, ({ preset }) => preset.maxGracePeriodSeconds, {
    to: '86400; `aal2` 3600, `strict` and `aal3` 900',
  }),
  /**
   * How old a proof may be for changes to factors, recovery codes and sessions (*recent*), in seconds. Defaults to `gracePeriodSeconds`,
   * but to at most 900 under profiles.
   */
  changesMaxAgeSeconds: special<number, number | undefined>({
    kind: 'number',
    usual: '`gracePeriodSeconds`',
    range: '1 to 86400; profiles 900',
    read: (name, value, problems, { preset: { maxChangesAgeSeconds } }) =>
      value === undefined
        ? undefined
        : problems.integer(name, value, maxChangesAgeSeconds, 1, maxChangesAgeSeconds),
  }),
  /**
   * Which proof users with a phishing-resistant factor need to change their factors or recovery codes. `strongest`: a phishing-resistant
   * factor or a recovery code. `any`: any second factor.
   */
  changesNeed: choice<ChangesNeed>(['strongest', 'any']),
  /** How long users who must enroll may keep working without a second factor, in seconds. */
  enrollmentGracePeriodSeconds: integer(0, 0, ({ preset }) => preset.maxEnrollmentGraceSeconds, {
    to: '31536000; profiles 0',
  }),
  /** How recently the identity provider must have asked for several factors for `trustExternalMfa` to count, in seconds. */
  externalMfaMaxAgeSeconds: integer(43_200, 1, ({ preset }) => preset.maxSessionTtlSeconds, {
    to: '2592000; `aal2` 86400, `strict` and `aal3` 43200',
  }),
  /** Whether users need a verified email address to enroll: users with `emailVerified: false` are refused. */
  requireVerifiedEmail: toggle(true),
  /** Sessions, and how their token is transported. */
  session: group<typeof SESSION_OPTIONS, MfaSessionOptions>(SESSION_OPTIONS, checkSession),
  /**
   * Other origins whose pages may use the cookie, such as `https://www.example.com`. Give exact origins with https, or http on localhost.
   * You configure CORS yourself.
   */
  trustedOrigins: special<string[], readonly string[]>({
    kind: 'list',
    usual: 'none',
    range: 'exact origins',
    read: (_name, value, problems, { profile, nodeEnv }) =>
      resolveTrustedOrigins(problems, value, profile === 'default' || isDevelopment(nodeEnv)),
  }),
  /**
   * Where a client proves the first factor again: your own route that calls `MfaService.recordReauthentication()`. Responses with the
   * code `reauthentication_required` include this URL.
   */
  reauthenticateUrl: optionalText(
    /^(?:\/(?![/\\])|https:\/\/)[\x21-\x7e]*$/,
    'a path such as /auth/reauthenticate, or an https address',
  ),
  /** Browsers in which users may skip the second factor at sign-in. */
  trustedDevices: group<typeof TRUSTED_DEVICES_OPTIONS, TrustedDevicesOptions>(TRUSTED_DEVICES_OPTIONS),
  /** Notifications of sign-ins from a browser that is new to the user. */
  newSignIn: group<typeof NEW_SIGN_IN_OPTIONS, MfaNewSignInOptions>(NEW_SIGN_IN_OPTIONS),
  /** Protection against guessing codes. */
  rateLimit: group<typeof RATE_LIMIT_OPTIONS, MfaRateLimitOptions>(RATE_LIMIT_OPTIONS),
  /** The database. */
  storage: group<typeof STORAGE_OPTIONS, MfaStorageOptions>(STORAGE_OPTIONS),
  /** The audit trail. */
  audit: group<typeof AUDIT_OPTIONS, MfaAuditOptions>(AUDIT_OPTIONS),
  /** Removal of expired rows. */
  retention: group<typeof RETENTION_OPTIONS, MfaRetentionOptions>(RETENTION_OPTIONS),
  /**
   * Named levels for routes (`@RequireMfa({ acr })`), tokens and authorization servers, from weakest to strongest. Each is a requirement
   * that includes the one before it (docs/stateless.md).
   */
  acr: special<MfaAcrLevels, MfaAcrLevels>({
    kind: 'other',
    usual: '`MFA_ACR_LEVELS`: `phr`, `phrh`',
    range: '`{ name: requirement }`',
    read: (_name, value, problems) => {
      const { levels, problems: found } = readAcrLevels(value);
      for (const problem of found) problems.add(problem);
      return levels;
    },
  }),
  /** Languages of messages and notifications: built-in ones or your own texts. The first is the default. */
  locales: special<('en' | 'de' | MfaLocaleTexts)[], readonly [MfaLocaleTexts, ...MfaLocaleTexts[]]>({
    kind: 'list',
    usual: "`['en']`",
    range: '`en`, `de`, your own texts',
    read: (_name, value, problems) => resolveLocales(problems, value),
  }),
  /**
   * Sets defaults for a standard and enforces its requirements (docs/profiles.md). `aal2` and `strict`: long recovery codes, shorter
   * sessions, WebAuthn offered, an audit trail, no trusted browsers; `strict` also tolerates no clock drift and requires user
   * verification. `aal3`: only device-bound keys that have verified their user count.
   */
  profile: choice<MfaProfile>(MFA_PROFILES),
};

/** Options that a factory may return. */
export interface MfaBehaviourOptions extends Omit<GivenOf<typeof BEHAVIOUR_OPTIONS>, 'secret'> {
  /**
   * Secrets of at least 32 bytes each. The first is used for new data, all of them for existing data. Keep them in a secret store, never
   * in source code. The application doesn't boot with a secret that repeats a few characters.
   */
  secret: string | string[] | undefined;
}

/** A class passed to `forRootAsync` as `useClass` or `useExisting`. */
export interface MfaOptionsFactory {
  createMfaOptions(): MfaBehaviourOptions | Promise<MfaBehaviourOptions>;
}
