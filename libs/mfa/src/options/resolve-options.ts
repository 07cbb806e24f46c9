import { BUILT_IN_TYPES, isPhishingResistantType, isSecondFactorType } from '../core/policy/methods.js';
import type { MfaAcrLevels } from '../core/policy/acr.js';
import { fittingTypes } from '../core/policy/policy.js';
import { isOfferedUnderFloor, raise } from '../core/policy/floor.js';
import type { MfaType } from '../core/policy/methods.js';
import { checkFactors } from './check-factors.js';
import type { MfaBehaviourOptions } from './mfa-options.js';
import { BEHAVIOUR_OPTIONS } from './mfa-options.js';
import { missingOption } from './needed-option.js';
import type { KeptOf } from './option.js';
import { readGroup } from './option.js';
import type { OptionsEnvironment } from './options-environment.js';
import { isDevelopment } from './options-environment.js';
import { MfaOptionsError } from './options-error.js';
import { findPackageName } from './package-name.js';
import { Problems } from './problems.js';
import type { ProfilePreset } from './profiles.js';
import { MFA_PROFILES, PROFILES } from './profiles.js';
import type { ResolvedMfaOptions } from './resolved-options.js';
import type { ResolvedCookie } from './session-options.js';
import { nameCookie } from './session-options.js';

/**
 * Fills in the defaults and checks all options against each other.
 *
 * @throws {MfaOptionsError} naming each wrong option and the remedy
 */
export function resolveOptions(
  options: MfaBehaviourOptions,
  environment: OptionsEnvironment = {
    nodeEnv: process.env['NODE_ENV'],
    packageName: findPackageName(),
  },
  /** The types from the option `factors`. */
  factorTypes: readonly MfaType[] = [],
): ResolvedMfaOptions {
  assertGiven(options);
  const problems = new Problems();
  // The other options depend on it. A problem with it is reported along with theirs.
  const profile = new Problems().oneOf('profile', options.profile, 'default', MFA_PROFILES);
  const preset = PROFILES[profile];
  const siteName = options.webauthn?.rpName;
  const kept = readGroup(BEHAVIOUR_OPTIONS, '', options, problems, {
    ...environment,
    profile,
    preset,
    siteName,
  });
  const supportedTypes = resolveTypes(problems, options, profile, environment, factorTypes);
  checkFactors(problems, profile, supportedTypes);
  checkLevels(problems, kept.acr, preset, factorTypes);
  if (supportedTypes.some((type) => missingOption(type, kept) !== undefined)) {
    problems.add(
      '`webauthn.rpId`, `webauthn.rpName` and `webauthn.origins` are required: set them, or leave `webauthn` out of `supportedTypes` (with NODE_ENV `development`, they are optional)',
    );
  }
  if (kept.passkeyLogin && !kept.webauthn)
    problems.add('`passkeyLogin` needs `webauthn`: set its `rpId`, `rpName` and `origins`');
  if (kept.passkeySignUp && !kept.passkeyLogin)
    problems.add(
      '`passkeySignUp` needs `passkeyLogin`: users who sign up with a passkey have no other way to sign in',
    );
  if (kept.changesNeed === 'any' && preset.needsPhishingResistant) {
    problems.add(
      `\`changesNeed\` must be \`strongest\` under profile \`${profile}\`: a relayed code must not be enough to replace a key`,
    );
  }
  if (kept.trustedDevices.enabled && profile !== 'default') {
    problems.add(
      `\`trustedDevices\` must be off under profile \`${profile}\`: a browser's cookie is not an authenticator (NIST SP 800-63B-4, section 3.2.1)`,
    );
  }
  const { secret, recoveryCodes, session, ...others } = kept;
  const likeSession = (group: 'trustedDevices' | 'newSignIn') =>
    cookieLikeSession(kept[group].cookie, session, environment);
  const resolved: ResolvedMfaOptions = {
    ...others,
    profile,
    secrets: secret,
    supportedTypes,
    changesMaxAgeSeconds:
      kept.changesMaxAgeSeconds ?? Math.min(kept.gracePeriodSeconds, preset.maxChangesAgeSeconds),
    recoveryCodes: { count: recoveryCodes.count, format: recoveryCodes.digits },
    session: { ...session, rememberTtlSeconds: session.rememberTtlSeconds ?? session.ttlSeconds },
    trustedDevices: { ...kept.trustedDevices, cookie: likeSession('trustedDevices') },
    newSignIn: { ...kept.newSignIn, cookie: likeSession('newSignIn') },
  };
  checkCookieNames(problems, resolved);
  if (problems.list.length > 0) throw new MfaOptionsError(problems.list);
  return resolved;
}

/**
 * Untyped callers, and factories that return nothing, pass no options.
 *
 * @throws {MfaOptionsError}
 */
export function assertGiven(options: object, needed = 'at least `secret`'): void {
  if (typeof options !== 'object' || (options as object | null) === null)
    throw new MfaOptionsError([`the options are missing: pass an object with ${needed}`]);
}

/** Checks that some factor can reach each of the levels, also under the profile. */
function checkLevels(
  problems: Problems,
  levels: MfaAcrLevels,
  { floor }: ProfilePreset,
  factorTypes: readonly MfaType[],
): void {
  const known = [...BUILT_IN_TYPES, ...factorTypes];
  for (const [name, level] of Object.entries(levels)) {
    const unknown = [...(level.methods ?? []), ...(level.allOf ?? [])].find((type) => !known.includes(type));
    if (unknown !== undefined) {
      problems.add(
        `\`acr\`: \`${name}\` names \`${unknown}\`, which is not a factor: use one of ${known.join(', ')}`,
      );
    } else if (fittingTypes(raise(level, floor)).length === 0) {
      problems.add(`\`acr\`: no factor that counts under this profile can meet \`${name}\``);
    }
  }
}

function resolveTypes(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
  { nodeEnv }: OptionsEnvironment,
  factorTypes: readonly MfaType[],
): readonly MfaType[] {
  const { supportedTypes: types } = options;
  const known = [...BUILT_IN_TYPES, ...factorTypes];
  if (types === undefined) {
    // During development the relying party may be missing; in production, or under a profile, it is required.
    const isOptional = profile === 'default' && isDevelopment(nodeEnv);
    if (isOptional) return known.filter((type) => missingOption(type, options) === undefined);
    // Keep the types of the option `factors`: they were asked for explicitly, so if one doesn't fit, the check has to say so.
    return PROFILES[profile].offersOnlyFloor
      ? known.filter((type) => isOfferedUnderFloor(type) || factorTypes.includes(type))
      : known;
  }
  if (!Array.isArray(types) || !types.every((type) => known.includes(type))) {
    problems.add(`\`supportedTypes\` must be a list of ${known.join(', ')}`);
    return [];
  }
  if (!types.some(isSecondFactorType)) {
    problems.add(
      '`supportedTypes` needs a second factor, such as `totp` or `webauthn`: recovery codes alone are not enough',
    );
  }
  if (PROFILES[profile].needsPhishingResistant && !types.some(isPhishingResistantType)) {
    problems.add(
      `\`supportedTypes\` must include \`webauthn\`: profile \`${profile}\` requires a phishing-resistant factor`,
    );
  }
  return types;
}

/** A cookie with the same attributes as the session cookie. */
function cookieLikeSession(
  name: string,
  { cookie }: Pick<KeptOf<typeof BEHAVIOUR_OPTIONS>['session'], 'cookie'>,
  { nodeEnv }: OptionsEnvironment,
): ResolvedCookie {
  const attributes = cookie || {
    sameSite: 'lax' as const,
    secure: !isDevelopment(nodeEnv),
    path: '/',
    domain: undefined,
  };
  return nameCookie({ ...attributes, name });
}

/** Two cookies with the same name would overwrite each other. */
function checkCookieNames(
  problems: Problems,
  {
    session,
    trustedDevices,
    newSignIn,
  }: Pick<ResolvedMfaOptions, 'session' | 'trustedDevices' | 'newSignIn'>,
): void {
  const sessionCookie = session.cookie ? session.cookie.name : null;
  if (trustedDevices.cookie.name === sessionCookie)
    problems.add('`trustedDevices.cookie` must not be the name of the session cookie');
  if (newSignIn.cookie.name === sessionCookie)
    problems.add('`newSignIn.cookie` must not be the name of the session cookie');
  if (newSignIn.cookie.name === trustedDevices.cookie.name)
    problems.add('`newSignIn.cookie` must not be the name of the cookie of trusted browsers');
}
