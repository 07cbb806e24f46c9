import { createHmac } from 'node:crypto';

/** The settings from which django-allauth derives codes: `MFA_RECOVERY_CODE_COUNT` and `MFA_RECOVERY_CODE_DIGITS`. */
export interface AllauthCodeFormat {
  count: number;
  digits: number;
}

/**
 * The codes that django-allauth derives from a seed, in its order. Code `i` is an HMAC-SHA-1, keyed with the seed's
 * text, over the numbers 0 to `i`, each padded to three characters and followed by a comma. Of the HMAC, the first
 * bytes are read as a number, half as many as a code has digits.
 */
export function allauthRecoveryCodes(seed: string, { count, digits }: AllauthCodeFormat): string[] {
  const byteCount = Math.min(Math.floor(digits / 2), 20);
  let message = '';
  return Array.from({ length: count }, (_, index) => {
    message += `${String(index).padStart(3)},`;
    const bytes = createHmac('sha1', seed).update(message).digest().subarray(0, byteCount);
    const number = BigInt(`0x0${bytes.toString('hex')}`) % 10n ** BigInt(digits);
    return String(number).padStart(digits, '0');
  });
}
