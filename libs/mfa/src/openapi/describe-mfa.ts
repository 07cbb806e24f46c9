import { MFA_CONTROLLERS } from '../options/addresses.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { COOKIE_SCHEME, HEADER_SCHEME } from './describe-route.js';
import { ErrorModel } from './models.js';
import { nameSession } from './name-session.js';
import type { Schema } from './schema.js';
import { list, object, ref, text } from './schema.js';

/** The parts of an `OpenAPIObject` that are modified. */
export interface MfaOpenApiDocument {
  paths: object;
  components?: { securitySchemes?: object };
}

/** An application, or anything else that provides its providers. */
export interface MfaDescribedApplication {
  get<T>(token: symbol, options?: { strict: boolean }): T;
}

/**
 * Adds to a document what routes can't declare themselves: the security schemes, the configured names of cookie and
 * header, and, unless `controllers` is false, the two addresses below `/.well-known`. Pass it the result of
 * `SwaggerModule.createDocument(app, config)`.
 */
export function describeMfa<T extends MfaOpenApiDocument>(app: MfaDescribedApplication, document: T): T {
  const { session } = app.get<ResolvedMfaOptions>(MFA_OPTIONS, { strict: false });
  const { cookie, header } = session;
  const securitySchemes = {
    ...(cookie === false
      ? {}
      : {
          [COOKIE_SCHEME]: {
            type: 'apiKey',
            in: 'cookie',
            name: cookie.name,
            description:
              'The authentication session of a browser. Requests from other origins that carry it are refused.',
          },
        }),
    [HEADER_SCHEME]: {
      type: 'apiKey',
      in: 'header',
      name: header,
      description:
        'The authentication session of any other client. With `new` as its value, a sign-in returns the token in the body. It takes precedence over the cookie.',
    },
  };
  return {
    ...document,
    paths: {
      ...nameSession(document.paths, session),
      ...(app.get<boolean>(MFA_CONTROLLERS, { strict: false }) ? WELL_KNOWN : {}),
    },
    components: {
      ...document.components,
      securitySchemes: { ...document.components?.securitySchemes, ...securitySchemes },
    },
  };
}

const json = (schema: Schema) => ({ content: { 'application/json': { schema } } });

const wellKnown = (operationId: string, summary: string, description: string, schema: Schema) => ({
  get: {
    operationId,
    summary,
    description,
    tags: ['Well-known addresses'],
    parameters: [],
    responses: {
      200: { description: 'They are set up.', ...json(schema) },
      404: {
        description: '`not_found`: they are not set up.',
        ...json({ allOf: [ref(ErrorModel), { properties: { code: { enum: ['not_found'] } } }] }),
      },
    },
  },
});

const WELL_KNOWN = {
  '/.well-known/webauthn': wellKnown(
    'mfaRelatedOrigins',
    'Get the other origins on which keys work',
    'Related origins of the relying party (WebAuthn Level 3, section 5.11).',
    object({ origins: list(text()) }),
  ),
  '/.well-known/passkey-endpoints': wellKnown(
    'mfaPasskeyEndpoints',
    'Get the pages on which users manage their passkeys',
    'For passkey managers (W3C, Passkey Endpoints Well-Known URL).',
    object({ enroll: text('The page that adds one.'), manage: text('The page that lists them.') }),
  ),
};
