import type { WebAuthnCredential } from './webauthn-credential.entity.js';

/** The credentials as options name them (PublicKeyCredentialDescriptorJSON). One without a proper id would void all of them. */
export function describeCredentials(
  credentials: readonly WebAuthnCredential[],
): { id: string; transports: string[] }[] {
  return credentials
    .filter(({ credentialId }) => /^[A-Za-z0-9_-]+$/.test(credentialId))
    .map((credential) => ({ id: credential.credentialId, transports: reachableBy(credential) }));
}

/**
 * How a browser may reach the authenticator. A credential that can be synced is on other devices too: where it is not on this
 * one, a phone has it (`hybrid`), and a browser that is told `internal` alone would not ask there.
 */
function reachableBy({ transports, backupEligible }: WebAuthnCredential): string[] {
  const isPinned = backupEligible && transports.includes('internal') && !transports.includes('hybrid');
  return isPinned ? [...transports, 'hybrid'] : transports;
}

/** Base64url as the bytes that SimpleWebAuthn takes. */
export function toBytes(base64url: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64url, 'base64url'));
}
