import type { MfaLayout } from './page-props.js';

/** The option `pages`. */
export interface MfaPagesOptions {
  /** Where the pages live. Default: `/account/security`. */
  path?: string;
  /**
   * The path under which browsers see them, where a proxy has another than the server: `/app/account/security`, say, when it takes
   * `/app` away. It is that of links, redirects, forms and cookies. Default: `path`, after a global prefix.
   */
  publicPath?: string;
  /**
   * Folder of your own pages: compiled modules named like those that they replace (`authenticate.js`, `totp/add.js`,
   * `layout.js`), each with a component as its default export.
   */
  templatesDir?: string;
  /** What stands around every page, in place of the layout of the module and of `templatesDir`. */
  layout?: MfaLayout;
  /** A style sheet of your own, loaded after that of the module: a path of your site. It can set the `--mfa-…` variables. */
  stylesheet?: string;
  /** The icon of the site, such as `/favicon.ico`: a path of your site. Default: none, and browsers look for none. */
  icon?: string;
  /**
   * Where visitors sign in who are nobody yet: a path of your site, which gets `?next=`, and `?notice=signed-out` from who has just
   * signed out. Default: none, they get 401.
   */
  loginUrl?: string;
  /** Where the pages lead back to: a path of your site. Default: `/`. */
  homeUrl?: string;
}
