import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The credentials as options name them (PublicKeyCredentialDescriptorJSON). One without a proper id would void all of them. */
export function describeCredentials(
  credentials: readonly WebAuthnCredential[],
): { id: string; transports: string[] }[] {
  return credentials
    .filter(({ credentialId }) => /^[A-Za-z0-9_-]+$/.test(credentialId))
    .map(({ credentialId, transports }) => ({ id: credentialId, transports }));
}

/** Base64url as the bytes that SimpleWebAuthn takes. */
export function toBytes(base64url: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64url, 'base64url'));
}
