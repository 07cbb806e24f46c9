import type { MfaBehaviourOptions, MfaStructuralOptions } from 'nestjs-mfa';

type Kind = 'text' | 'number' | 'boolean' | 'list';

/** Every option that an environment variable can set, by its path. */
const OPTIONS: Record<string, Kind> = {
  secret: 'list',
  supportedTypes: 'list',
  'totp.issuer': 'text',
  'totp.period': 'number',
  'totp.digits': 'number',
  'totp.tolerance': 'number',
  'totp.algorithm': 'text',
  'totp.maxPerUser': 'number',
  'totp.setupTtlSeconds': 'number',
  'totp.insecureBypassCode': 'text',
  'recoveryCodes.count': 'number',
  'recoveryCodes.digits': 'number',
  'webauthn.rpId': 'text',
  'webauthn.rpName': 'text',
  'webauthn.origins': 'list',
  'webauthn.allowInsecureOrigin': 'boolean',
  'webauthn.userVerification': 'text',
  'webauthn.attestation': 'text',
  'webauthn.attestationRoots': 'list',
  'webauthn.allowedAaguids': 'list',
  'webauthn.signCount': 'text',
  'webauthn.backupEligibilityChange': 'text',
  passkeyLogin: 'boolean',
  requiredForStaff: 'boolean',
  gracePeriodSeconds: 'number',
  changesMaxAgeSeconds: 'number',
  changesNeed: 'text',
  externalMfaMaxAgeSeconds: 'number',
  enrollmentGracePeriodSeconds: 'number',
  requireVerifiedEmail: 'boolean',
  'session.pendingTtlSeconds': 'number',
  'session.ttlSeconds': 'number',
  'session.rememberTtlSeconds': 'number',
  'session.idleTtlSeconds': 'number',
  'session.maxPerUser': 'number',
  'session.cookie': 'boolean',
  'session.cookie.name': 'text',
  'session.cookie.sameSite': 'text',
  'session.cookie.secure': 'boolean',
  'session.cookie.domain': 'text',
  'session.cookie.path': 'text',
  'session.header': 'text',
  trustedOrigins: 'list',
  reauthenticateUrl: 'text',
  'trustedDevices.enabled': 'boolean',
  'trustedDevices.ttlSeconds': 'number',
  'trustedDevices.maxPerUser': 'number',
  'trustedDevices.cookie': 'text',
  'trustedDevices.afterRecoveryCode': 'boolean',
  'rateLimit.attempts': 'number',
  'rateLimit.windowSeconds': 'number',
  'rateLimit.lockAfter': 'number',
  'rateLimit.unlock.byOtherFactor': 'boolean',
  'rateLimit.unlock.byCodes': 'number',
  'rateLimit.unlock.codesApartSeconds': 'number',
  'rateLimit.unlock.afterSeconds': 'number',
  'storage.timeoutSeconds': 'number',
  'retention.everySeconds': 'number',
  'retention.batchSize': 'number',
  'audit.enabled': 'boolean',
  'audit.retentionDays': 'number',
  locales: 'list',
  profile: 'text',
  factors: 'list',
  path: 'text',
  controllers: 'boolean',
  pages: 'boolean',
  globalGuard: 'boolean',
};

/** The variable of an option: `rateLimit.lockAfter` is `MFA_RATE_LIMIT_LOCK_AFTER`. */
export function variableOf(path: string): string {
  return `MFA_${path
    .replace(/([A-Z])/g, '_$1')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

type Tree = Record<string, unknown>;

/** The options that the `MFA_*` variables set; what is wrong with their values is the library's to say. */
export function readMfaEnvironment(
  environment: NodeJS.ProcessEnv,
): Partial<MfaBehaviourOptions> & MfaStructuralOptions {
  const options: Tree = {};
  for (const [path, kind] of Object.entries(OPTIONS)) {
    const value = environment[variableOf(path)];
    if (value !== undefined && value !== '') assign(options, path.split('.'), convert(value, kind));
  }
  return options;
}

/** The `MFA_*` variables that set nothing: most likely misspelt. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.keys(OPTIONS).map(variableOf));
  return Object.keys(environment).filter(
    (name) => name.startsWith('MFA_') && !name.startsWith('MFA_TEST_') && !known.has(name),
  );
}

function convert(value: string, kind: Kind): unknown {
  // What is no number is named as it was written.
  if (kind === 'number') return Number.isNaN(Number(value)) ? value : Number(value);
  if (kind === 'list') return value.split(',').map((item) => item.trim());
  if (kind === 'text') return value;
  return (
    ({ true: true, '1': true, false: false, '0': false } as Record<string, boolean>)[value.toLowerCase()] ??
    value
  );
}

function assign(tree: Tree, [key, ...rest]: string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    // `MFA_SESSION_COOKIE=true` only says that there is a cookie; its details may follow.
    tree[key] = key === 'cookie' && value === true ? {} : value;
    return;
  }
  if (typeof tree[key] !== 'object' || tree[key] === null) tree[key] = {};
  assign(tree[key] as Tree, rest, value);
}
