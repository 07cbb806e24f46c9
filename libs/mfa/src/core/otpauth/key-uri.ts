/** HMAC hash functions of RFC 6238. Some authenticator apps know `sha1` only, whatever the QR code says. */
export type TotpAlgorithm = 'sha1' | 'sha256' | 'sha512';

export interface KeyUriParameters {
  issuer: string;
  label: string;
  /** Base32 without padding. */
  secret: string;
  algorithm: TotpAlgorithm;
  digits: number;
  period: number;
}

/** What the largest QR code holds (ISO/IEC 18004: version 40, level L) is 2,953 bytes; adapters may add parameters. */
const MAX_LENGTH = 2800;

/**
 * The URI that authenticator apps scan (Key URI format; draft-andesco-otpauth-uri). Issuer and account are separated by
 * a colon, so neither may hold one; the parameters are always written out, since apps differ in their defaults. A label
 * that no QR code would hold is cut.
 */
export function buildKeyUri({ issuer, label, secret, algorithm, digits, period }: KeyUriParameters): string {
  const parameters = [
    `secret=${secret}`,
    `issuer=${encode(issuer)}`,
    `algorithm=${algorithm.toUpperCase()}`,
    `digits=${digits}`,
    `period=${period}`,
  ];
  const room = MAX_LENGTH - parameters.join('&').length - encode(issuer).length;
  return `otpauth://totp/${encode(issuer)}:${encodeWithin(label, room)}?${parameters.join('&')}`;
}

/** Percent-encodes a part without colons and lone surrogates, which no URI can hold. */
function encode(part: string): string {
  return encodeURIComponent(
    part
      .replaceAll(':', ' ')
      .replace(/\p{Surrogate}/gu, '\uFFFD')
      .trim(),
  );
}

/** As many characters of a part as fit, percent-encoded. */
function encodeWithin(part: string, room: number): string {
  let fitting = '';
  let left = room;
  for (const character of part.trim()) {
    // A blank, which its own encoding would trim away, takes as much room as any other sign.
    left -= encode(`.${character}.`).length - 2;
    if (left < 0) break;
    fitting += character;
  }
  return encode(fitting);
}
