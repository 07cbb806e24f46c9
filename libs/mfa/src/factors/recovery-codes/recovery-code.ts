import { randomInt } from 'node:crypto';

import { normalizeCode } from '../../engine/factors/code-factor.js';
import type { RecoveryCodeFormat } from '../../options/recovery-codes-options.js';

/** Crockford's base32: no I, L, O and U, which people mistake for others. 5 bits a character. */
const BASE32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP = 4;

/** A new random code: decimal digits, or base32 in groups of four. */
export function generateRecoveryCode({ alphabet, length }: RecoveryCodeFormat): string {
  const characters = alphabet === 'digits' ? BASE32.slice(0, 10) : BASE32;
  const code = Array.from({ length }, () => characters[randomInt(characters.length)]).join('');
  return alphabet === 'digits' ? code : (code.match(new RegExp(`.{1,${GROUP}}`, 'g')) as string[]).join('-');
}

/** So many codes, all different. */
export function generateRecoveryCodes(count: number, format: RecoveryCodeFormat): string[] {
  const codes = new Set<string>();
  while (codes.size < count) codes.add(generateRecoveryCode(format));
  return [...codes];
}

/**
 * The code as it is hashed: without what is only there for the eye, and with letters that look like digits read as
 * those. The format is not consulted, so that printed codes outlive a change of the options.
 */
export function canonicalRecoveryCode(code: string): string {
  return normalizeCode(code).replace(/[IL]/g, '1').replace(/O/g, '0');
}

/** Whether this can be a recovery code at all; the shortest that were ever made have 8 characters. */
export function looksLikeRecoveryCode(code: string): boolean {
  return /^[0-9A-Z]{8,40}$/.test(code);
}
