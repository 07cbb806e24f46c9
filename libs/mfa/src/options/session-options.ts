import { cookieName } from '../core/web/http-message.js';
import type { MfaSessionTransportOption } from '../core/web/session-transport.js';
import { isTransport } from '../core/web/session-transport.js';
import type { GivenOf, KeptOf, OptionScope } from './option.js';
import { choice, group, integer, optionalText, special, text, toggle } from './option.js';
import { isDevelopment } from './options-environment.js';
import type { Problems } from './problems.js';

export const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
const HEADER_NAME = /^[A-Za-z0-9-]{1,64}$/;
/** Requests use these headers for other purposes. Others would read a token in them, or the module would read their value as a token. */
const TAKEN_HEADERS: readonly string[] = [
  'accept',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'origin',
  'referer',
  'transfer-encoding',
  'user-agent',
];
const DOMAIN = /^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/;

const maxTtl = ({ preset }: OptionScope): number => preset.maxSessionTtlSeconds;
const MAX_TTL = '2592000; `aal2` 86400, `strict` and `aal3` 43200';

/** The session cookie. */
export const SESSION_COOKIE_OPTIONS = {
  /**
   * The cookie's name. A Secure cookie gets the strongest prefix it qualifies for: `__Host-` with path `/` and no domain, otherwise
   * `__Secure-`.
   */
  name: text('mfa_session', COOKIE_NAME, 'the name of a cookie'),
  /** Which requests from other sites carry the cookie. */
  sameSite: choice<'lax' | 'strict' | 'none'>(
    ['lax', 'strict', 'none'],
    ({ preset }) => preset.sameSite,
    'profiles not `none`',
  ),
  /** Whether browsers send the cookie over https only. Production means that NODE_ENV is neither `development` nor `test`. */
  secure: toggle(({ nodeEnv }) => !isDevelopment(nodeEnv), 'true in production'),
  /** The host that receives the cookie, along with its subdomains; by default only the host that sets it. */
  domain: optionalText(DOMAIN, 'a domain'),
  /** The path that receives the cookie, along with the paths below it. */
  path: text('/', /^\/[^;\s]*$/, 'a path that begins with /'),
};

export interface MfaSessionCookieOptions extends GivenOf<typeof SESSION_COOKIE_OPTIONS> {}
/** A cookie, with the name that the browser sees. */
export type ResolvedCookie = KeptOf<typeof SESSION_COOKIE_OPTIONS>;

const cookie = group(SESSION_COOKIE_OPTIONS, ({ sameSite, secure }, problems, { nodeEnv }, name) => {
  if (sameSite === 'none' && !secure) {
    problems.add(
      `\`${name}.sameSite: 'none'\` needs \`${name}.secure: true\`: browsers reject the cookie otherwise`,
    );
  }
  if (!secure && !isDevelopment(nodeEnv)) {
    problems.add(
      `\`${name}.secure\` must not be false in production: serve the site over https; plain http is only for NODE_ENV \`development\` and \`test\``,
    );
  }
});

/** The options of sessions and the transport of their token. */
export const SESSION_OPTIONS = {
  /** How long a half-finished sign-in waits for its second factor, in seconds. */
  pendingTtlSeconds: integer(900, 1, 3600),
  /** The maximum lifetime of a session, in seconds. */
  ttlSeconds: integer(43_200, 1, maxTtl, { to: MAX_TTL }),
  /** The longest lifetime that a sign-in may request ("remember me"), in seconds: `login(user, { ttlSeconds, … })`. */
  rememberTtlSeconds: special<number, number | undefined>({
    kind: 'number',
    usual: '`ttlSeconds`',
    range: `1 to ${MAX_TTL}`,
    read: (name, value, problems, scope) =>
      value === undefined ? undefined : problems.integer(name, value, 1, 1, maxTtl(scope)),
  }),
  /**
   * After how many seconds without use a session ends; 0: never. Signing in, re-authenticating, proving a factor, and every request that
   * no guard refuses count as use.
   */
  idleTtlSeconds: special<number, number | null>({
    kind: 'number',
    usual: '0; `aal2` 3600, `strict` and `aal3` 900',
    range: '0 to 2592000; `aal2` 1 to 3600, `strict` and `aal3` 1 to 900',
    read: (name, value, problems, { preset: { maxIdleTtlSeconds } }) =>
      maxIdleTtlSeconds === null
        ? problems.integer(name, value, 0, 0, 30 * 86_400) || null
        : problems.integer(name, value, maxIdleTtlSeconds, 1, maxIdleTtlSeconds),
  }),
  /** How many sessions a user may have. Half-finished sign-ins count too; they are removed first and never replace a complete session. */
  maxPerUser: integer(1000, 1, 10_000),
  /** The session cookie; false: the token is only sent in the header. */
  cookie: special<MfaSessionCookieOptions | false, ResolvedCookie | false>({
    ...cookie,
    kind: 'boolean',
    usual: 'a cookie',
    range: 'false, or its options',
    read: (name, value, problems, scope) =>
      value === false ? false : nameCookie(cookie.read(name, value, problems, scope)),
  }),
  /** The request header for the token of clients that don't use cookies. */
  header: special<string>({
    kind: 'text',
    usual: '`x-mfa-session`',
    range: 'the name of an HTTP header',
    read: (name, value, problems) => {
      const header = problems
        .text(name, value, 'x-mfa-session', HEADER_NAME, 'the name of an HTTP header')
        .toLowerCase();
      if (TAKEN_HEADERS.includes(header)) {
        problems.add(
          `\`${name}\` must be a header of its own: \`${header}\` has another meaning. Leave it out to use \`x-mfa-session\``,
        );
      }
      return header;
    },
  }),
  /**
   * Keeps the token in your application's own session instead of a cookie or header: an object, or a class that Nest instantiates
   * (docs/passport.md). `cookie` then only applies to this module's other cookies.
   */
  transport: special<MfaSessionTransportOption, MfaSessionTransportOption | null>({
    kind: 'other',
    usual: 'cookie and header',
    range: '`{ read, write, clear }`, or a class with them',
    read: (name, value, problems) => {
      if (value === undefined) return null;
      if (typeof value === 'function' || isTransport(value)) return value as MfaSessionTransportOption;
      problems.add(
        `\`${name}\` must be an object with the methods \`read\`, \`write\` and \`clear\`, or a class with these methods`,
      );
      return null;
    },
  }),
};

/** Checks the options against each other. */
export function checkSession(
  _kept: KeptOf<typeof SESSION_OPTIONS>,
  problems: Problems,
  _scope: OptionScope,
  name: string,
  { transport, header, cookie: givenCookie }: Readonly<Record<string, unknown>>,
): void {
  if (transport !== undefined && (header !== undefined || givenCookie === false)) {
    problems.add(
      `\`${name}.transport\` replaces \`${name}.header\` and \`${name}.cookie\`: remove \`header\` and \`cookie: false\``,
    );
  }
}

export interface MfaSessionOptions extends GivenOf<typeof SESSION_OPTIONS> {}

/** Gives the cookie the prefix that its attributes allow. */
export function nameCookie({ name, ...attributes }: ResolvedCookie): ResolvedCookie {
  return { name: cookieName(name, attributes), ...attributes };
}
