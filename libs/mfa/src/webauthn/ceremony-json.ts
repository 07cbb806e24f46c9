import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The credentials as options name them (PublicKeyCredentialDescriptorJSON). */
export function describeCredentials(
  credentials: readonly WebAuthnCredential[],
): { id: string; transports: string[] }[] {
  return credentials.map(({ credentialId, transports }) => ({ id: credentialId, transports }));
}

/** Base64url as the bytes that SimpleWebAuthn takes. */
export function toBytes(base64url: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64url, 'base64url'));
}
