import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/**
 * Describes credentials for the options of a ceremony (PublicKeyCredentialDescriptorJSON). A malformed ID is left out, since it would
 * invalidate the whole list.
 */
export function describeCredentials(
  credentials: readonly WebAuthnCredential[],
): { id: string; transports: string[] }[] {
  return credentials
    .filter(({ credentialId }) => /^[A-Za-z0-9_-]+$/.test(credentialId))
    .map((credential) => ({ id: credential.credentialId, transports: reachableBy(credential) }));
}

/**
 * How a browser may reach the authenticator. A syncable credential also exists on other devices: if it isn't on this one, a phone may
 * have it (`hybrid`), and a browser that is only told `internal` wouldn't ask there.
 */
function reachableBy({ transports, backupEligible }: WebAuthnCredential): string[] {
  const isPinned = backupEligible && transports.includes('internal') && !transports.includes('hybrid');
  return isPinned ? [...transports, 'hybrid'] : transports;
}

/** Decodes base64url to the bytes that SimpleWebAuthn expects. */
export function toBytes(base64url: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64url, 'base64url'));
}
