import type { MfaBehaviourOptions } from './mfa-options.js';
import type { OptionsEnvironment } from './options-environment.js';
import { isDevelopment } from './options-environment.js';
import type { Problems } from './problems.js';
import { COOKIE_NAME, nameCookie } from './resolve-session.js';
import type { ResolvedMfaOptions } from './resolved-options.js';

const MAX_TTL_SECONDS = 30 * 86_400;

/** The options of trusted browsers. Their cookie travels as the session's does. */
export function resolveTrustedDevices(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
  sessionCookie: ResolvedMfaOptions['session']['cookie'],
  { nodeEnv }: OptionsEnvironment,
): ResolvedMfaOptions['trustedDevices'] {
  const trusted = problems.group('trustedDevices', options.trustedDevices);
  problems.onlyKnown('trustedDevices.', trusted, [
    'enabled',
    'ttlSeconds',
    'maxPerUser',
    'cookie',
    'afterRecoveryCode',
  ]);
  const enabled = problems.boolean('trustedDevices.enabled', trusted['enabled'], false);
  if (enabled && profile !== 'default') {
    problems.add(
      `\`trustedDevices\` must be off under profile \`${profile}\`: a browser's cookie is no authenticator (NIST SP 800-63B-4, section 3.2.1)`,
    );
  }
  const name = problems.text(
    'trustedDevices.cookie',
    trusted['cookie'],
    'mfa_trusted',
    COOKIE_NAME,
    'the name of a cookie',
  );
  const { sameSite, secure, domain, path } = sessionCookie || {
    sameSite: 'lax' as const,
    secure: !isDevelopment(nodeEnv),
    path: '/',
    domain: undefined,
  };
  const cookie = nameCookie(name, { sameSite, secure, domain, path });
  if (sessionCookie && cookie.name === sessionCookie.name) {
    problems.add('`trustedDevices.cookie` must not be the name of the session cookie');
  }
  return {
    enabled,
    ttlSeconds: problems.integer(
      'trustedDevices.ttlSeconds',
      trusted['ttlSeconds'],
      1_209_600,
      1,
      MAX_TTL_SECONDS,
    ),
    maxPerUser: problems.integer('trustedDevices.maxPerUser', trusted['maxPerUser'], 20, 1, 100),
    cookie,
    afterRecoveryCode: problems.boolean(
      'trustedDevices.afterRecoveryCode',
      trusted['afterRecoveryCode'],
      false,
    ),
  };
}
