import { base32 } from 'rfc4648';

/** Base32 (RFC 4648, section 6) in upper case without padding, as authenticator apps take secrets. */
export function toBase32(bytes: Uint8Array): string {
  return base32.stringify(bytes, { pad: false });
}

/** @throws {SyntaxError} when the text is not the base32 of whole bytes */
export function fromBase32(text: string): Uint8Array {
  return base32.parse(text, { loose: true });
}
