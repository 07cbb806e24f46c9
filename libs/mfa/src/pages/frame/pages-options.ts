import type { MfaLayout } from './page-props.js';

/** The option `pages`. */
export interface MfaPagesOptions {
  /** The path of the pages. Default: `/account/security`. */
  path?: string;
  /**
   * The path under which browsers see the pages, if a proxy changes it: for example `/app/account/security` if the proxy strips `/app`.
   * Used for links, redirects, forms and cookies. Default: `path`, after a global prefix.
   */
  publicPath?: string;
  /**
   * A folder with pages of your own: compiled modules named like those that they replace (`authenticate.js`, `totp/add.js`, `layout.js`),
   * each with a component as its default export.
   */
  templatesDir?: string;
  /** The document around every page. Replaces the module's layout and that in `templatesDir`. */
  layout?: MfaLayout;
  /** A style sheet of your own, loaded after the module's: a path on your site. It can set the `--mfa-…` variables. */
  stylesheet?: string;
  /** The site's icon, such as `/favicon.ico`: a path on your site. Default: none, and browsers don't look for one. */
  icon?: string;
  /**
   * Where visitors sign in: a path on your site. It gets `?next=`, and `?notice=signed-out` after signing out. Default: none, and
   * visitors get 401.
   */
  loginUrl?: string;
  /** Where users go when they leave the pages: a path on your site. Default: `/`. */
  homeUrl?: string;
}
