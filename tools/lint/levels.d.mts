/** The folders of `libs/mfa/src` from bottom to top, each with its content. */
export const LEVELS: readonly (readonly [folder: string, what: string])[];
