import type { GivenOf } from './option.js';
import { integer, text, toggle } from './option.js';
import { COOKIE_NAME } from './session-options.js';

/** The options of sign-in notifications. */
export const NEW_SIGN_IN_OPTIONS = {
  /** Whether users are notified of a sign-in from a browser they haven't used before (docs/events.md). */
  enabled: toggle(false),
  /**
   * How long a browser is remembered after a sign-in, in seconds. Browsers keep cookies for at most 400 days (RFC 6265bis, section 5.5).
   */
  ttlSeconds: integer(31_536_000, 1, 400 * 86_400),
  /** The name of the cookie that identifies the browser; it gets the same prefix and attributes as the session cookie. */
  cookie: text('mfa_known', COOKIE_NAME, 'the name of a cookie'),
};

export interface MfaNewSignInOptions extends GivenOf<typeof NEW_SIGN_IN_OPTIONS> {}
