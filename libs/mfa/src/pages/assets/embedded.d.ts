/** `mfa.css`. The module beside this declaration is written by tools/bundle.mjs. */
export const STYLE_SHEET: string;

/** `client/main.ts`, bundled and minified. */
export const SCRIPT: string;
