import type { TotpAlgorithm } from '../options/mfa-options.js';

export interface KeyUriParameters {
  issuer: string;
  label: string;
  /** Base32 without padding. */
  secret: string;
  algorithm: TotpAlgorithm;
  digits: number;
  period: number;
}

/**
 * The URI that authenticator apps scan (Key URI format; draft-andesco-otpauth-uri). Issuer and account are separated by
 * a colon, so neither may hold one; the parameters are always written out, since apps differ in their defaults.
 */
export function buildKeyUri({ issuer, label, secret, algorithm, digits, period }: KeyUriParameters): string {
  const name = `${encode(issuer)}:${encode(label)}`;
  const parameters = [
    `secret=${secret}`,
    `issuer=${encode(issuer)}`,
    `algorithm=${algorithm.toUpperCase()}`,
    `digits=${digits}`,
    `period=${period}`,
  ];
  return `otpauth://totp/${name}?${parameters.join('&')}`;
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
