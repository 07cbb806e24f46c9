import { list, object, text } from '../../openapi/schema.js';

const credential = (response: ReturnType<typeof object>, description: string) =>
  object(
    {
      id: text('base64url'),
      rawId: text('base64url'),
      type: text(undefined, { enum: ['public-key'] }),
      response,
      clientExtensionResults: { type: 'object', additionalProperties: true },
    },
    { authenticatorAttachment: text(undefined, { nullable: true }) },
    { description, additionalProperties: true },
  );

/** The result of `create()` (RegistrationResponseJSON, WebAuthn Level 3, section 5.1). */
export const NEW_CREDENTIAL = credential(
  object(
    { clientDataJSON: text('base64url'), attestationObject: text('base64url') },
    { transports: list(text()) },
    { additionalProperties: true },
  ),
  'The result of `navigator.credentials.create()`, serialized by its `toJSON()`.',
);

/** The result of `get()` (AuthenticationResponseJSON). */
export const PROOF = credential(
  object(
    { clientDataJSON: text('base64url'), authenticatorData: text('base64url'), signature: text('base64url') },
    { userHandle: text('base64url', { nullable: true }) },
    { additionalProperties: true },
  ),
  'The result of `navigator.credentials.get()`, serialized by its `toJSON()`.',
);
