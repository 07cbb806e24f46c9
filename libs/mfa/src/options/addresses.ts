/** Injection token of the prefix of the routes. */
export const MFA_PATH = Symbol.for('nestjs-mfa:PATH');

/** Injection token of whether the module mounts its routes by itself: the option `controllers`. */
export const MFA_CONTROLLERS = Symbol.for('nestjs-mfa:CONTROLLERS');

/** Injection token of the {@link PageAddresses}, or null without the option `pages`. */
export const MFA_PAGES = Symbol.for('nestjs-mfa:PAGES');

/** Where the pages are, and where they lead. */
export interface PageAddresses {
  /** Without slashes at its ends. */
  path: string;
  /** With a slash before it and none after it, empty for the root; null: as the server has them. */
  publicPath: string | null;
  /** Where visitors sign in; null: the application has not said. */
  loginUrl: string | null;
  /** Where the pages lead back to. */
  homeUrl: string;
}
