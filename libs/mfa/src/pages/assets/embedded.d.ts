/** The content of `mfa.css`. tools/bundle.mjs writes the module for this declaration. */
export const STYLE_SHEET: string;

/** `client/main.ts`, bundled and minified. */
export const SCRIPT: string;
