import { describe, expect, it } from '@jest/globals';

import { NEW_CREDENTIAL, PROOF } from './webauthn-schemas.js';

const BASE64URL = { type: 'string', description: 'base64url' };

/** A credential with that response: other members are allowed, as browsers add to it. */
const credentialWith = (required: string[], properties: object) => ({
  type: 'object',
  required: ['id', 'rawId', 'type', 'response', 'clientExtensionResults'],
  properties: {
    id: BASE64URL,
    rawId: BASE64URL,
    type: { type: 'string', enum: ['public-key'] },
    response: { type: 'object', required, properties, additionalProperties: true },
    clientExtensionResults: { type: 'object', additionalProperties: true },
    authenticatorAttachment: { type: 'string', nullable: true },
  },
  description: expect.stringContaining('navigator.credentials.'),
  additionalProperties: true,
});

describe('the description of a credential', () => {
  it('is that of RegistrationResponseJSON when it is new', () => {
    expect(NEW_CREDENTIAL).toEqual(
      credentialWith(['clientDataJSON', 'attestationObject'], {
        clientDataJSON: BASE64URL,
        attestationObject: BASE64URL,
        transports: { type: 'array', items: { type: 'string' } },
      }),
    );
  });

  it('is that of AuthenticationResponseJSON when it proves something', () => {
    expect(PROOF).toEqual(
      credentialWith(['clientDataJSON', 'authenticatorData', 'signature'], {
        clientDataJSON: BASE64URL,
        authenticatorData: BASE64URL,
        signature: BASE64URL,
        userHandle: { ...BASE64URL, nullable: true },
      }),
    );
  });
});
