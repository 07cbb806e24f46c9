import type { MfaBehaviourOptions } from './mfa-options.js';
import type { OptionsEnvironment } from './options-environment.js';
import { isDevelopment } from './options-environment.js';
import type { Problems } from './problems.js';
import { PROFILES } from './profiles.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

/** The options of authenticator apps. */
export function resolveTotp(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
  { nodeEnv, packageName }: OptionsEnvironment,
): ResolvedMfaOptions['totp'] {
  const totp = problems.group('totp', options.totp);
  problems.onlyKnown('totp.', totp, [
    'issuer',
    'period',
    'digits',
    'tolerance',
    'algorithm',
    'maxPerUser',
    'setupTtlSeconds',
    'insecureBypassCode',
  ]);
  const maxTolerance = PROFILES[profile].maxTolerance;
  return {
    // The Key URI format separates issuer and account by a colon, so neither may hold one.
    issuer: problems.text(
      'totp.issuer',
      totp['issuer'],
      options.webauthn?.rpName ?? packageName ?? 'NestJS application',
      /^[^:\p{Cc}]{1,100}$/u,
      'a name of 1 to 100 characters without a colon',
    ),
    period: problems.integer('totp.period', totp['period'], 30, 1, 120),
    digits: problems.integer('totp.digits', totp['digits'], 6, 6, 8),
    tolerance: problems.integer('totp.tolerance', totp['tolerance'], maxTolerance, 0, maxTolerance),
    algorithm: problems.oneOf('totp.algorithm', totp['algorithm'], 'sha1', ['sha1', 'sha256', 'sha512']),
    maxPerUser: problems.integer('totp.maxPerUser', totp['maxPerUser'], 1, 1, 10),
    setupTtlSeconds: problems.integer('totp.setupTtlSeconds', totp['setupTtlSeconds'], 600, 1, 3600),
    insecureBypassCode: resolveBypassCode(problems, totp['insecureBypassCode'], profile, nodeEnv),
  };
}

function resolveBypassCode(
  problems: Problems,
  code: unknown,
  profile: ResolvedMfaOptions['profile'],
  nodeEnv: string | undefined,
): string | undefined {
  if (code === undefined) return undefined;
  if (!isDevelopment(nodeEnv) || profile !== 'default') {
    problems.add(
      '`totp.insecureBypassCode` opens every account, so it is refused under a profile, and unless NODE_ENV is `test` or `development`: remove it',
    );
  } else if (typeof code !== 'string' || !/^\d{6,8}$/.test(code)) {
    problems.add('`totp.insecureBypassCode` must be a string of 6 to 8 digits');
  }
  return code as string;
}
