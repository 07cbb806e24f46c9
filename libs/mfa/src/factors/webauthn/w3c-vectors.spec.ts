import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';

import { readClientData } from './client-data.js';
import { parseAuthentication, parseRegistration } from './credential-json.js';
import { verifyAssertion } from './verify-assertion.js';
import { verifyRegistration } from './verify-registration.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/**
 * The test vectors of WebAuthn Level 3, section 16 (w3c/webauthn, index.bs at 008495a3): relying party `example.org`, origin
 * `https://example.org`. They are deterministic. This copy was regenerated from the seeds in that section and compared with its text.
 */
interface Vector {
  name: string;
  registration: Record<'challenge' | 'credential_id' | 'clientDataJSON' | 'attestationObject', string>;
  authentication: Record<'challenge' | 'clientDataJSON' | 'authenticatorData' | 'signature', string>;
}

const VECTORS = JSON.parse(readFileSync('test/fixtures/w3c-webauthn-vectors.json', 'utf8')) as Vector[];
const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
const RELYING_PARTY = {
  rpId: 'example.org',
  origins: ['https://example.org'],
  requireUserVerification: false,
};

function register({ registration: { challenge, credential_id, clientDataJSON, attestationObject } }: Vector) {
  const id = base64url(credential_id);
  const credential = parseRegistration({
    id,
    rawId: id,
    type: 'public-key',
    response: { clientDataJSON: base64url(clientDataJSON), attestationObject: base64url(attestationObject) },
  });
  return verifyRegistration(credential, { ...RELYING_PARTY, challenge: base64url(challenge) });
}

async function authenticate(vector: Vector, changed: Partial<Vector['authentication']> = {}) {
  const registered = await register(vector);
  if (!registered) throw new Error('The vector did not register');
  const { challenge, clientDataJSON, authenticatorData, signature } = {
    ...vector.authentication,
    ...changed,
  };
  const id = registered.credentialId;
  const assertion = parseAuthentication({
    id,
    rawId: id,
    type: 'public-key',
    response: {
      clientDataJSON: base64url(clientDataJSON),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature),
    },
  });
  const credential = { ...registered, userHandle: 'AAAA' } as unknown as WebAuthnCredential;
  return verifyAssertion(assertion, credential, { ...RELYING_PARTY, challenge: base64url(challenge) });
}

const named = (...names: string[]) => VECTORS.filter(({ name }) => names.includes(name));

describe('the W3C test vectors', () => {
  it('are all here', () => {
    expect(VECTORS).toHaveLength(10);
  });

  it.each(
    named(
      'none-es256',
      'packed-self-es256',
      'none-es256-long-credential-id',
      'packed-es256',
      'packed-rs256',
      'packed-eddsa',
    ),
  )('$name registers and authenticates', async (vector) => {
    const registered = await register(vector);
    expect(registered?.format).toBe(vector.name.startsWith('none') ? 'none' : 'packed');
    await expect(authenticate(vector)).resolves.toMatchObject({ isCloned: false });
  });

  it.each(VECTORS.filter(({ name }) => !/es384|es512/.test(name)))(
    '$name is refused when the signature is changed',
    async (vector) => {
      const signature = vector.authentication.signature.replace(/..$/, (byte) =>
        byte === '00' ? '01' : '00',
      );
      await expect(authenticate(vector, { signature })).resolves.toBeNull();
    },
  );

  it.each(VECTORS)('$name is refused with another challenge', async (vector) => {
    const other = { ...vector, registration: { ...vector.registration, challenge: '00'.repeat(32) } };
    await expect(register(other)).resolves.toBeNull();
  });

  it.each(named('packed-es384', 'packed-es512'))(
    '$name is refused: the algorithm is not offered',
    async (vector) => {
      await expect(register(vector)).resolves.toBeNull();
    },
  );

  it.each(named('none-es256-crossOrigin', 'none-es256-topOrigin'))(
    '$name shows that it ran in a foreign frame',
    (vector) => {
      const data = [vector.registration, vector.authentication].map(({ clientDataJSON }) =>
        readClientData(base64url(clientDataJSON)),
      );
      expect(data.every((one) => one?.isCrossOrigin)).toBe(true);
    },
  );
});
