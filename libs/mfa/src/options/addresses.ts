/** Injection token of the route prefix. */
export const MFA_PATH = Symbol.for('nestjs-mfa:PATH');

/** Injection token of the option `controllers`: whether the module mounts its own routes. */
export const MFA_CONTROLLERS = Symbol.for('nestjs-mfa:CONTROLLERS');

/** Injection token of the {@link PageAddresses}; null without the option `pages`. */
export const MFA_PAGES = Symbol.for('nestjs-mfa:PAGES');

/** Where the pages are, and where they link to. */
export interface PageAddresses {
  /** Without leading or trailing slashes. */
  path: string;
  /** With a leading slash and no trailing one; empty for the root; null if the public path is the one that the server sees. */
  publicPath: string | null;
  /** Where visitors sign in; null if the application doesn't say. */
  loginUrl: string | null;
  /** Where users go when they leave the pages. */
  homeUrl: string;
}
