import type { Rule } from 'eslint';

/** Files in general folders that may name a factor, and why. */
export const EXCEPTIONS: readonly (readonly [files: RegExp, why: string])[];

/** The types and methods that factors declare in their traits. */
export const NAMES: ReadonlySet<string>;

export const noFactorName: Rule.RuleModule;
