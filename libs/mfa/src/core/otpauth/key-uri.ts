/** HMAC hash functions of RFC 6238. Some authenticator apps only support `sha1`, whatever the QR code says. */
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

/** The largest QR code holds 2,953 bytes (ISO/IEC 18004: version 40, level L). Adapters may add parameters. */
const MAX_LENGTH = 2800;

/**
 * Builds the URI that authenticator apps scan (Key URI format; draft-andesco-otpauth-uri). Issuer and account are separated by
 * a colon, so neither may contain one. All parameters are written out, since apps differ in their defaults. A label too long
 * for a QR code is cut.
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

/** Percent-encodes a part without colons and lone surrogates, which a URI can't contain. */
function encode(part: string): string {
  return encodeURIComponent(
    part
      .replaceAll(':', ' ')
      .replace(/\p{Surrogate}/gu, '\uFFFD')
      .trim(),
  );
}

/** Percent-encodes as many characters of a part as fit. */
function encodeWithin(part: string, room: number): string {
  let fitting = '';
  let left = room;
  for (const character of part.trim()) {
    // Encoded between other characters so that a space, which is trimmed at the ends, counts at full length.
    left -= encode(`.${character}.`).length - 2;
    if (left < 0) break;
    fitting += character;
  }
  return encode(fitting);
}
