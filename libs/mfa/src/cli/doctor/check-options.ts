import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { isDevelopment } from '../../options/options-environment.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { Finding } from './finding.js';
import { advice, fine, problem } from './finding.js';

/**
 * Checks the options about origins, cookies and proxies.
 *
 * @param folder the compiled sources
 */
export function checkOptions(
  options: ResolvedMfaOptions,
  folder: string,
  nodeEnv = process.env['NODE_ENV'],
): Finding[] {
  const origins = webOrigins(options);
  const isPublic = origins.some(({ protocol }) => protocol === 'https:');
  return [
    ...checkEnvironment(isPublic, nodeEnv),
    ...checkOrigins(options, origins),
    ...checkLocalhost(options, origins, nodeEnv),
    ...checkCookie(options, isPublic),
    ...(isPublic ? [checkProxy(folder)] : []),
  ];
}

function webOrigins({ webauthn }: ResolvedMfaOptions): URL[] {
  return (webauthn?.origins ?? []).filter((one) => /^https?:/.test(one)).map((one) => new URL(one));
}

function checkEnvironment(isPublic: boolean, nodeEnv: string | undefined): Finding[] {
  if (!isDevelopment(nodeEnv)) return [fine('NODE_ENV says production')];
  if (!isPublic) return [fine(`NODE_ENV is ${nodeEnv}, and the site is on localhost`)];
  return [
    advice(
      `NODE_ENV is ${nodeEnv}, which skips some checks, but the origins are https`,
      'Set NODE_ENV=production on the live site, and run the doctor there too',
    ),
  ];
}

function checkOrigins({ webauthn }: ResolvedMfaOptions, origins: readonly URL[]): Finding[] {
  if (!webauthn) {
    return [
      advice(
        'Security keys and passkeys are off: the option `webauthn` is not set',
        'Set `webauthn.rpId`, `rpName` and `origins`; they are required outside development',
      ),
    ];
  }
  const { rpId } = webauthn;
  const strange = origins.filter(({ hostname }) => hostname !== rpId && !hostname.endsWith(`.${rpId}`));
  if (strange.length === 0) return [fine(`Keys are for ${rpId}, used on ${webauthn.origins.join(', ')}`)];
  return [
    advice(
      `${strange.map(({ origin }) => origin).join(', ')} is not within \`webauthn.rpId\` ${rpId}: browsers refuse keys there, unless they support related origins`,
      'Set `webauthn.rpId` to the domain that all origins share; for others see docs/webauthn.md (related origins)',
    ),
  ];
}

/**
 * In production, localhost means that nobody has configured the site's address: browsers refuse its keys anywhere else.
 */
function checkLocalhost(
  { webauthn }: ResolvedMfaOptions,
  origins: readonly URL[],
  nodeEnv: string | undefined,
): Finding[] {
  const hosts = [webauthn?.rpId, ...origins.map(({ hostname }) => hostname)];
  if (isDevelopment(nodeEnv) || !hosts.some((one) => one !== undefined && isLocalhost(one))) return [];
  return [
    problem(
      `NODE_ENV says production, but keys are for localhost: \`webauthn.rpId\` ${webauthn?.rpId}, \`origins\` ${webauthn?.origins.join(', ')}`,
      'Set `webauthn.rpId` to the domain of the site and `origins` to its https address, without localhost (after `nest add`: set APP_ORIGIN); on a developer’s machine, set NODE_ENV=development',
    ),
  ];
}

function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function checkCookie({ session: { cookie } }: ResolvedMfaOptions, isPublic: boolean): Finding[] {
  if (!cookie) return [fine('Sessions travel in a header, without a cookie')];
  if (!cookie.secure && isPublic) {
    return [
      problem(
        'The session cookie is not Secure, but the origins are https',
        'Leave `session.cookie.secure` out, and set NODE_ENV=production',
      ),
    ];
  }
  if (!cookie.secure) return [fine('The session cookie is sent over http, as it has to be on localhost')];
  if (!isPublic) {
    return [
      advice(
        'The session cookie is Secure: over http, Safari drops it, and so does any browser if the host is not localhost',
        'Serve the site over https, or set NODE_ENV=development on a developer’s machine',
      ),
    ];
  }
  if (cookie.name.startsWith('__Host-')) return [fine(`The session cookie is ${cookie.name}`)];
  const why = cookie.domain === undefined ? 'session.cookie.path' : 'session.cookie.domain';
  return [
    advice(
      `The session cookie can't be \`__Host-\` because of \`${why}\`: other hosts of the domain could overwrite it`,
      `Leave \`${why}\` out, unless several hosts have to share the session`,
    ),
  ];
}

/** `main.ts` sets the trusted proxies, but isn't run here. */
function checkProxy(folder: string): Finding {
  const says = sourcesIn(folder).some((file) => /trust proxy|trustProxy/.test(readFileSync(file, 'utf8')));
  if (says) return fine('The framework is told which proxies to trust');
  return advice(
    'The origins are https, but no compiled file says which proxy to trust: behind a proxy, the application would see all requests as http, and as coming from the proxy',
    "Express: `app.set('trust proxy', 1)` in main.ts; Fastify: `new FastifyAdapter({ trustProxy: true })`. Nothing to do if the application itself terminates TLS",
  );
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?js$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}
