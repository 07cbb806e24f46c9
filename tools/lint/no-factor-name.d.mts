import type { Rule } from 'eslint';

/** Files of general folders that name a factor, and why they must. */
export const EXCEPTIONS: readonly (readonly [files: RegExp, why: string])[];

/** The types and methods that the traits of factors declare. */
export const NAMES: ReadonlySet<string>;

export const noFactorName: Rule.RuleModule;
