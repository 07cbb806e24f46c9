import type { MfaType } from '../core/policy/methods.js';
import { isSecondFactorType } from '../core/policy/factor-traits.js';
import type { MfaBehaviourOptions } from './mfa-options.js';
import { MfaOptionsError } from './options-error.js';
import { findPackageName } from './package-name.js';
import { Problems } from './problems.js';
import { PROFILES } from './profiles.js';
import type { OptionsEnvironment } from './options-environment.js';
import { isDevelopment } from './options-environment.js';
import { resolveAudit } from './resolve-audit.js';
import { resolveRetention } from './resolve-retention.js';
import { resolveSecrets } from './resolve-secrets.js';
import { checkFactors } from './check-factors.js';
import { resolveLocales } from './resolve-locales.js';
import { resolveRateLimit } from './resolve-rate-limit.js';
import { resolveSession } from './resolve-session.js';
import { resolveTotp } from './resolve-totp.js';
import { resolveTrustedDevices } from './resolve-trusted-devices.js';
import { resolveTrustedOrigins } from './resolve-trusted-origins.js';
import { resolveWebAuthn } from './resolve-webauthn.js';
import type { ResolvedMfaOptions } from './resolved-options.js';
import type { ChangesNeed } from '../core/policy/recent.js';

const BUILT_IN_TYPES: readonly MfaType[] = ['totp', 'webauthn', 'recovery_codes'];

const BEHAVIOUR_OPTIONS: readonly (keyof MfaBehaviourOptions)[] = [
  'secret',
  'supportedTypes',
  'totp',
  'recoveryCodes',
  'webauthn',
  'passkeyLogin',
  'requiredForStaff',
  'gracePeriodSeconds',
  'changesMaxAgeSeconds',
  'changesNeed',
  'enrollmentGracePeriodSeconds',
  'externalMfaMaxAgeSeconds',
  'requireVerifiedEmail',
  'session',
  'trustedOrigins',
  'reauthenticateUrl',
  'trustedDevices',
  'rateLimit',
  'storage',
  'audit',
  'retention',
  'locales',
  'profile',
];

/**
 * Fills in the defaults and checks every option against the others.
 *
 * @throws {MfaOptionsError} naming each option that is wrong, and the remedy
 */
export function resolveOptions(
  options: MfaBehaviourOptions,
  environment: OptionsEnvironment = {
    nodeEnv: process.env['NODE_ENV'],
    packageName: findPackageName(),
  },
  /** The types of the option `factors`. */
  factorTypes: readonly MfaType[] = [],
): ResolvedMfaOptions {
  const problems = new Problems();
  problems.onlyKnown('', options, BEHAVIOUR_OPTIONS);

  const profile = problems.oneOf('profile', options.profile, 'default', ['default', 'aal2', 'strict']);
  const supportedTypes = resolveTypes(problems, options, profile, environment, factorTypes);
  checkFactors(problems, profile, supportedTypes);
  const webauthn = resolveWebAuthn(problems, options, profile, supportedTypes.includes('webauthn'));
  const session = resolveSession(problems, options, profile, environment);
  const gracePeriodSeconds = problems.integer(
    'gracePeriodSeconds',
    options.gracePeriodSeconds,
    300,
    1,
    PROFILES[profile].maxGracePeriodSeconds,
  );
  const resolved: ResolvedMfaOptions = {
    secrets: resolveSecrets(problems, options.secret),
    supportedTypes,
    webauthn,
    passkeyLogin: resolvePasskeyLogin(problems, options, webauthn),
    totp: resolveTotp(problems, options, profile, environment),
    recoveryCodes: resolveRecoveryCodes(problems, options, profile),
    requiredForStaff: problems.boolean('requiredForStaff', options.requiredForStaff, false),
    gracePeriodSeconds,
    changesMaxAgeSeconds: problems.integer(
      'changesMaxAgeSeconds',
      options.changesMaxAgeSeconds,
      Math.min(gracePeriodSeconds, PROFILES[profile].maxChangesAgeSeconds),
      1,
      PROFILES[profile].maxChangesAgeSeconds,
    ),
    changesNeed: resolveChangesNeed(problems, options, profile),
    enrollmentGracePeriodSeconds: problems.integer(
      'enrollmentGracePeriodSeconds',
      options.enrollmentGracePeriodSeconds,
      0,
      0,
      31_536_000,
    ),
    externalMfaMaxAgeSeconds: problems.integer(
      'externalMfaMaxAgeSeconds',
      options.externalMfaMaxAgeSeconds,
      43_200,
      1,
      PROFILES[profile].maxSessionTtlSeconds,
    ),
    requireVerifiedEmail: problems.boolean('requireVerifiedEmail', options.requireVerifiedEmail, true),
    session,
    trustedOrigins: resolveTrustedOrigins(problems, options.trustedOrigins),
    reauthenticateUrl: problems.text(
      'reauthenticateUrl',
      options.reauthenticateUrl,
      undefined,
      /^(?:\/(?![/\\])|https:\/\/)[\x21-\x7e]*$/,
      'a path such as /auth/reauthenticate, or an https address',
    ),
    trustedDevices: resolveTrustedDevices(problems, options, profile, session.cookie, environment),
    rateLimit: resolveRateLimit(problems, options, profile),
    storage: resolveStorage(problems, options),
    audit: resolveAudit(problems, options),
    retention: resolveRetention(problems, options),
    locales: resolveLocales(problems, options.locales),
    profile,
  };
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
  return resolved;
}

function resolveTypes(
  problems: Problems,
  { supportedTypes: types, webauthn }: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
  { nodeEnv }: OptionsEnvironment,
  factorTypes: readonly MfaType[],
): readonly MfaType[] {
  const known = [...BUILT_IN_TYPES, ...factorTypes];
  if (types === undefined) {
    // While an application is being built it may do without a relying party; elsewhere and under a profile not.
    const isOptional = profile === 'default' && isDevelopment(nodeEnv);
    return webauthn === undefined && isOptional ? known.filter((type) => type !== 'webauthn') : known;
  }
  if (!Array.isArray(types) || !types.every((type) => known.includes(type))) {
    problems.add(`\`supportedTypes\` must be a list of ${known.join(', ')}`);
    return [];
  }
  if (!types.some(isSecondFactorType)) {
    problems.add(
      '`supportedTypes` needs a second factor, such as `totp` or `webauthn`: recovery codes never stand alone',
    );
  }
  if (PROFILES[profile].needsWebAuthn && !types.includes('webauthn')) {
    problems.add(
      `\`supportedTypes\` must hold \`webauthn\`: profile \`${profile}\` has to offer a phishing-resistant factor`,
    );
  }
  return types;
}

function resolveChangesNeed(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
): ChangesNeed {
  const need = problems.oneOf('changesNeed', options.changesNeed, 'strongest', ['strongest', 'any']);
  if (need === 'any' && PROFILES[profile].needsWebAuthn) {
    problems.add(
      `\`changesNeed\` must be \`strongest\` under profile \`${profile}\`: a code that was relayed must not replace a key`,
    );
  }
  return need;
}

function resolvePasskeyLogin(
  problems: Problems,
  options: MfaBehaviourOptions,
  webauthn: ResolvedMfaOptions['webauthn'],
): boolean {
  const passkeyLogin = problems.boolean('passkeyLogin', options.passkeyLogin, false);
  if (passkeyLogin && !webauthn)
    problems.add('`passkeyLogin` needs `webauthn`: give its `rpId`, `rpName` and `origins`');
  return passkeyLogin;
}

function resolveRecoveryCodes(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
): ResolvedMfaOptions['recoveryCodes'] {
  const codes = problems.group('recoveryCodes', options.recoveryCodes);
  problems.onlyKnown('recoveryCodes.', codes, ['count', 'digits']);
  const long = PROFILES[profile].longRecoveryCodes;
  if (long && codes['digits'] !== undefined) {
    problems.add(
      `\`recoveryCodes.digits\` is below the 112 bits that profile \`${profile}\` demands: leave it out, the profile makes longer codes`,
    );
  }
  const digits = problems.integer('recoveryCodes.digits', codes['digits'], 8, 8, 16);
  return {
    count: problems.integer('recoveryCodes.count', codes['count'], 10, 1, 50),
    format: long ? { alphabet: 'base32', length: 24 } : { alphabet: 'digits', length: digits },
  };
}

function resolveStorage(problems: Problems, options: MfaBehaviourOptions): ResolvedMfaOptions['storage'] {
  const storage = problems.group('storage', options.storage);
  problems.onlyKnown('storage.', storage, ['timeoutSeconds', 'sealFormerRows']);
  return {
    timeoutSeconds: problems.integer('storage.timeoutSeconds', storage['timeoutSeconds'], 10, 1, 300),
    sealFormerRows: problems.boolean('storage.sealFormerRows', storage['sealFormerRows'], true),
  };
}
