import type { Type } from '@nestjs/common';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';

import type { MfaErrorCode } from '../core/errors/error-codes.js';
import { MFA_ERRORS } from '../core/errors/error-codes.js';
import type { RouteAccess } from '../guard/mfa-route.guard.js';
import { declaredAccess } from '../guard/mfa-route.guard.js';
import { ErrorModel, SHARED_MODELS } from './models.js';
import type { Model, Schema } from './schema.js';
import { SWAGGER, ref } from './schema.js';

/** A route's input and responses for the OpenAPI document. What follows from its access and method is added. */
export interface RouteDescription {
  operationId: string;
  summary: string;
  description?: string;
  /** Path and query parameters. */
  parameters?: readonly RouteParameter[];
  /** A DTO with a {@link Described} schema, or another schema. */
  body?: Model | { schema: Schema; required: boolean };
  /** Without a model, the response has no body. */
  answer: RouteAnswer;
  /** Error codes in addition to those that every route of its kind has. */
  errors?: readonly MfaErrorCode[];
}

export interface RouteParameter {
  name: string;
  in: 'path' | 'query';
  description: string;
  schema: Schema;
}

export interface RouteAnswer {
  status: 200 | 201 | 204;
  description: string;
  model?: Model;
  /** Whether it is an array of them. */
  isList?: boolean;
  /** A schema other than a model. */
  schema?: Schema;
  /** Whether the response carries a new session token, in the cookie or the header. */
  givesToken?: boolean;
}

const DESCRIPTION = 'nestjs-mfa:route-description';

/** Names of the security schemes; `describeMfa()` adds them to the document. */
export const COOKIE_SCHEME = 'mfa_cookie';
export const HEADER_SCHEME = 'mfa_header';

/** The session header in route descriptions; `describeMfa()` replaces it with the configured name. */
export const USUAL_HEADER = 'x-mfa-session';

const NEEDS: Record<RouteAccess, string> = {
  anyone: 'Needs no session.',
  user: 'Needs a signed-in user.',
  recent: 'Needs a recent proof: for users with a second factor, a proof of that.',
  adding: 'Needs a recent proof: for users with a second factor, a proof of that.',
  authenticate: 'Needs a sign-in that waits for its second factor, or a signed-in user who steps up.',
  session: 'Needs a session, which may wait for its second factor.',
  ending: 'Needs a session, which may wait for its second factor.',
};

const CODES_OF_ACCESS: Record<RouteAccess, readonly MfaErrorCode[]> = {
  anyone: [],
  user: ['unauthenticated', 'session_expired'],
  recent: ['unauthenticated', 'session_expired', 'mfa_required', 'reauthentication_required'],
  adding: ['unauthenticated', 'session_expired', 'mfa_required', 'reauthentication_required'],
  authenticate: ['unauthenticated', 'session_expired'],
  session: ['unauthenticated', 'session_expired'],
  ending: ['unauthenticated', 'session_expired'],
};

/** Describes a handler for {@link documentRoutes}. */
export const DescribeRoute =
  (description: RouteDescription): MethodDecorator =>
  (_target, _key, descriptor) =>
    Reflect.defineMetadata(DESCRIPTION, description, descriptor.value as object);

/** Writes the descriptions of a controller's handlers to where `@nestjs/swagger` looks for them. */
export function documentRoutes(tag: string): ClassDecorator {
  return (controller) => {
    Reflect.defineMetadata(SWAGGER.tags, [tag], controller);
    for (const [, { value }] of Object.entries(
      Object.getOwnPropertyDescriptors((controller as unknown as Type).prototype),
    )) {
      const handler = value as object;
      const description = Reflect.getMetadata(DESCRIPTION, handler) as RouteDescription | undefined;
      if (description) documentRoute(handler, description);
    }
  };
}

/** Excludes a controller from the document. */
export const Undocumented = (): ClassDecorator => (controller) =>
  Reflect.defineMetadata(SWAGGER.excluded, [true], controller);

function documentRoute(handler: object, route: RouteDescription): void {
  const { operationId, summary, description = '', parameters = [], body, answer } = route;
  const access = declaredAccess(handler) ?? 'user';
  const define = (key: string, value: unknown) => Reflect.defineMetadata(key, value, handler);
  define(SWAGGER.operation, { operationId, summary, description: `${description} ${NEEDS[access]}`.trim() });
  define(SWAGGER.parameters, [
    ...parameters.map((one) => ({ ...one, required: one.in === 'path' })),
    ...(body ? [bodyParameter(body)] : []),
  ]);
  define(SWAGGER.responses, {
    [answer.status]: describeAnswer(answer),
    ...refusals(codesOf(handler, route, access)),
  });
  define(SWAGGER.models, [
    ...SHARED_MODELS,
    ...(typeof body === 'function' ? [body] : []),
    ...(answer.model ? [answer.model] : []),
  ]);
  if (access !== 'anyone') define(SWAGGER.security, [{ [COOKIE_SCHEME]: [] }, { [HEADER_SCHEME]: [] }]);
}

function bodyParameter(body: NonNullable<RouteDescription['body']>): Schema {
  const given = typeof body === 'function' ? { schema: ref(body), required: true } : body;
  // Without a type, `@nestjs/swagger` expects a class.
  return { in: 'body', name: 'body', type: String, ...given };
}

function describeAnswer({ description, model, isList, schema, givesToken }: RouteAnswer): Schema {
  const single = schema ?? (model && ref(model));
  return {
    description,
    headers: { ...NO_STORE, ...(givesToken ? TOKEN_HEADERS : {}) },
    ...(single ? { schema: isList ? { type: 'array', items: single } : single } : {}),
  };
}

/** All error codes of a route, in the order of {@link MFA_ERRORS}. */
function codesOf(handler: object, { errors = [] }: RouteDescription, access: RouteAccess): MfaErrorCode[] {
  const isSafe = Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.GET;
  const own = new Set<MfaErrorCode>([
    'invalid_request',
    'storage_unavailable',
    ...CODES_OF_ACCESS[access],
    ...(isSafe ? [] : (['cross_origin', 'conflict'] as const)),
    ...errors,
  ]);
  return (Object.keys(MFA_ERRORS) as MfaErrorCode[]).filter((code) => own.has(code));
}

/** The refusals, grouped by status. */
function refusals(codes: readonly MfaErrorCode[]): Record<number, Schema> {
  const statuses = [...new Set(codes.map((code) => MFA_ERRORS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => MFA_ERRORS[code].status === status);
      return [
        status,
        {
          description: own.map((code) => `\`${code}\`: ${MFA_ERRORS[code].message}`).join('\n\n'),
          headers: { ...NO_STORE, ...HEADERS_OF_STATUS[status] },
          schema: { allOf: [ref(ErrorModel), { properties: { code: { enum: own } } }] },
        },
      ];
    }),
  );
}

const header = (description: string, schema: Schema = { type: 'string' }) => ({ description, schema });

const NO_STORE = {
  'Cache-Control': header('The response must not be cached.', { type: 'string', enum: ['no-store'] }),
};

const TOKEN_HEADERS = {
  'Set-Cookie': header('The session’s new token, for clients that use the cookie.'),
  [USUAL_HEADER]: header('The session’s new token, for clients that use this header.'),
};

const RETRY_AFTER = { 'Retry-After': header('Seconds to wait.', { type: 'integer', minimum: 1 }) };

const HEADERS_OF_STATUS: Partial<Record<number, Record<string, Schema>>> = {
  401: { 'WWW-Authenticate': header('A challenge as in RFC 6750; with `mfa_required`, as in RFC 9470.') },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};
