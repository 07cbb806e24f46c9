import { randomInt } from 'node:crypto';

import { normalizeCode } from '../../engine/factors/typed-code.js';
import type { RecoveryCodeFormat } from '../../options/recovery-codes-options.js';

/** Crockford's base32, without the easily confused I, L, O and U. 5 bits per character. */
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP = 4;

/** Generates a random code: decimal digits, or base32 in groups of four. */
export function generateRecoveryCode({ alphabet, length }: RecoveryCodeFormat): string {
  const characters = alphabet === 'digits' ? BASE32.slice(0, 10) : BASE32;
  const code = Array.from({ length }, () => characters[randomInt(characters.length)]).join('');
  return alphabet === 'digits' ? code : (code.match(new RegExp(`.{1,${GROUP}}`, 'g')) as string[]).join('-');
}

/** Generates `count` different codes. */
export function generateRecoveryCodes(count: number, format: RecoveryCodeFormat): string[] {
  const codes = new Set<string>();
  while (codes.size < count) codes.add(generateRecoveryCode(format));
  return [...codes];
}

/**
 * The form of a code that is hashed: without separators, and with letters that look like digits read as digits. It doesn't depend on the
 * format, so that printed codes outlive a change of the options.
 */
export function canonicalRecoveryCode(code: string): string {
  return normalizeCode(code).replace(/[IL]/g, '1').replace(/O/g, '0');
}

/** Minimum strength of a code under profiles, in bits (ASVS v5.0.0-6.5.2; NIST SP 800-63B-4, section 4.2.1.1, asks for 64). */
const LEAST_BITS = 112;

/** Whether a code of this form is easier to guess than profiles allow. Codes created elsewhere may be weaker than they look. */
export function isWeakRecoveryCode(code: string): boolean {
  const canonical = canonicalRecoveryCode(code);
  const bits = Math.log2(/^\d+$/.test(canonical) ? 10 : BASE32.length);
  return canonical.length * bits < LEAST_BITS;
}

/** Whether this can be a recovery code at all. The shortest ones ever generated have 8 characters. */
export function looksLikeRecoveryCode(code: string): boolean {
  return /^[0-9A-Z]{8,40}$/.test(code);
}
