import type { MfaType } from '../policy/methods.js';
import type { Write } from '../storage/mfa-storage.js';
import type { Authenticator } from './authenticator.entity.js';

/**
 * What a factor says to a code: `unfit` when it could not be one of this authenticator's (which is no failure), `wrong`,
 * `forged` when the authenticator is not as this module wrote it and so judges nothing, or the claims that must succeed for it to be right, with the TOTP's time step.
 */
export type CodeVerdict = 'unfit' | 'wrong' | 'forged' | { claims: Write[]; step?: number };

/** A factor that is proven by typing a code. */
export interface CodeFactor {
  readonly type: MfaType;
  /** @param code upper case, without spaces */
  judge(code: string, authenticator: Authenticator): Promise<CodeVerdict>;
}

/** Injection token of all code factors, in the order in which they judge. */
export const CODE_FACTORS = Symbol.for('nestjs-mfa:CODE_FACTORS');

/**
 * What a user may type: digits, or the letters and digits of a long recovery code in groups; spaces anywhere. A code of
 * 6 to 16 characters without dashes, or a longer one with them.
 */
export const CODE_INPUT_PATTERN =
  /^(?=.{1,64}$)\s*(?:\d\s*){6,16}$|^(?=.{1,64}$)\s*(?:[0-9A-Za-z][\s-]*){8,40}$/;

/** The code that was typed, in the form in which factors judge it. */
export function normalizeCode(input: string): string {
  return input.replace(/[\s-]/g, '').toUpperCase();
}
