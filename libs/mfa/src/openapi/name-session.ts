import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { COOKIE_SCHEME, USUAL_HEADER } from './describe-route.js';

type SessionNames = Pick<ResolvedMfaOptions['session'], 'cookie' | 'header'>;
type Json = Record<string, unknown>;

/**
 * Puts the configured cookie and header names into the paths. Route descriptions are shared by all applications in the
 * process.
 */
export function nameSession(paths: object, names: SessionNames): object {
  return mapValues(paths as Json, (methods) =>
    mapValues(methods as Json, (operation) => nameInOperation(operation, names)),
  );
}

/** A path item may also contain fields that aren't operations, such as `parameters`. */
function nameInOperation(operation: unknown, names: SessionNames): unknown {
  const { responses, security } = (operation ?? {}) as { responses?: Json; security?: Json[] };
  if (!responses) return operation;
  return {
    ...(operation as Json),
    responses: mapValues(responses, (response) => nameInResponse(response as Json, names)),
    ...(security && names.cookie === false ? { security: withoutCookie(security) } : {}),
  };
}

/** Never an empty list, which would declare the route public. */
function withoutCookie(security: Json[]): Json[] {
  const others = security.filter((one) => !(COOKIE_SCHEME in one));
  return others.length > 0 ? others : security;
}

function nameInResponse(response: Json, { cookie, header }: SessionNames): Json {
  const headers = response['headers'] as Json | undefined;
  if (!headers || !(USUAL_HEADER in headers)) return response;
  const { [USUAL_HEADER]: token, 'Set-Cookie': setCookie, ...others } = headers;
  return {
    ...response,
    headers: { ...others, ...(cookie === false ? {} : { 'Set-Cookie': setCookie }), [header]: token },
  };
}

function mapValues(values: Json, map: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
