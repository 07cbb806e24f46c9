import type { MfaSessionTransportOption } from '../engine/sessions/own-transport.js';
import { isTransport } from '../engine/sessions/own-transport.js';
import { cookieName } from '../core/web/http-message.js';
import type { MfaBehaviourOptions } from './mfa-options.js';
import type { OptionsEnvironment } from './options-environment.js';
import { isDevelopment } from './options-environment.js';
import type { Problems } from './problems.js';
import { PROFILES } from './profiles.js';
import type { ResolvedCookie, ResolvedMfaOptions } from './resolved-options.js';

export const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const HEADER_NAME = /^[A-Za-z0-9-]{1,64}$/;
const DOMAIN = /^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/;

/** The options of sessions and of how their token travels. */
export function resolveSession(
  problems: Problems,
  options: MfaBehaviourOptions,
  profile: ResolvedMfaOptions['profile'],
  { nodeEnv }: OptionsEnvironment,
): ResolvedMfaOptions['session'] {
  const session = problems.group('session', options.session);
  problems.onlyKnown('session.', session, [
    'pendingTtlSeconds',
    'ttlSeconds',
    'rememberTtlSeconds',
    'idleTtlSeconds',
    'maxPerUser',
    'cookie',
    'header',
    'transport',
  ]);
  const maxTtl = PROFILES[profile].maxSessionTtlSeconds;
  const ttlSeconds = problems.integer('session.ttlSeconds', session['ttlSeconds'], 43_200, 1, maxTtl);
  return {
    pendingTtlSeconds: problems.integer(
      'session.pendingTtlSeconds',
      session['pendingTtlSeconds'],
      900,
      1,
      3600,
    ),
    ttlSeconds,
    rememberTtlSeconds: problems.integer(
      'session.rememberTtlSeconds',
      session['rememberTtlSeconds'],
      ttlSeconds,
      1,
      maxTtl,
    ),
    idleTtlSeconds: resolveIdleTtl(problems, session['idleTtlSeconds'], profile),
    maxPerUser: problems.integer('session.maxPerUser', session['maxPerUser'], 1000, 1, 10_000),
    cookie: session['cookie'] === false ? false : resolveCookie(problems, session['cookie'], nodeEnv),
    header: problems
      .text('session.header', session['header'], 'x-mfa-session', HEADER_NAME, 'the name of an HTTP header')
      .toLowerCase(),
    transport: resolveTransport(problems, session),
  };
}

function resolveTransport(
  problems: Problems,
  { transport, header, cookie }: Record<string, unknown>,
): MfaSessionTransportOption | null {
  if (transport === undefined) return null;
  if (typeof transport !== 'function' && !isTransport(transport)) {
    problems.add(
      '`session.transport` must be an object with the methods `read`, `write` and `clear`, or a class of such objects',
    );
    return null;
  }
  if (header !== undefined || cookie === false) {
    problems.add(
      '`session.transport` takes the place of `session.header` and `session.cookie`: leave `header` out, and `cookie: false` too',
    );
  }
  return transport as MfaSessionTransportOption;
}

function resolveIdleTtl(
  problems: Problems,
  given: unknown,
  profile: ResolvedMfaOptions['profile'],
): number | null {
  const { maxIdleTtlSeconds } = PROFILES[profile];
  if (maxIdleTtlSeconds !== null) {
    return problems.integer('session.idleTtlSeconds', given, maxIdleTtlSeconds, 1, maxIdleTtlSeconds);
  }
  return problems.integer('session.idleTtlSeconds', given, 0, 0, 30 * 86_400) || null;
}

function resolveCookie(
  problems: Problems,
  given: unknown,
  nodeEnv: string | undefined,
): ResolvedMfaOptions['session']['cookie'] {
  const cookie = problems.group('session.cookie', given);
  problems.onlyKnown('session.cookie.', cookie, ['name', 'sameSite', 'secure', 'domain', 'path']);
  const secure = problems.boolean('session.cookie.secure', cookie['secure'], !isDevelopment(nodeEnv));
  const sameSite = problems.oneOf('session.cookie.sameSite', cookie['sameSite'], 'lax', [
    'strict',
    'lax',
    'none',
  ]);
  if (sameSite === 'none' && !secure) {
    problems.add(
      '`session.cookie.sameSite` none needs `session.cookie.secure` true: browsers refuse it otherwise',
    );
  }
  if (!secure && !isDevelopment(nodeEnv)) {
    problems.add(
      '`session.cookie.secure` must not be false in production: serve the site over https; plain http is for NODE_ENV `development` and `test`',
    );
  }
  const domain = problems.text('session.cookie.domain', cookie['domain'], undefined, DOMAIN, 'a domain');
  const path = problems.text(
    'session.cookie.path',
    cookie['path'],
    '/',
    /^\/[^;\s]*$/,
    'a path that begins with /',
  );
  const name = problems.text(
    'session.cookie.name',
    cookie['name'],
    'mfa_session',
    COOKIE_NAME,
    'the name of a cookie',
  );
  return nameCookie(name, { sameSite, secure, domain, path });
}

/** The cookie with the prefix that belongs to its attributes. */
export function nameCookie(name: string, attributes: Omit<ResolvedCookie, 'name'>): ResolvedCookie {
  return { name: cookieName(name, attributes), ...attributes };
}
