/** The folders of `libs/mfa/src` from bottom to top, each with what it holds. */
export const LEVELS: readonly (readonly [folder: string, what: string])[];
