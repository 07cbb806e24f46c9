import type { GivenOf } from './option.js';
import { integer, text, toggle } from './option.js';
import { COOKIE_NAME } from './session-options.js';

/** The options of notifications of sign-ins. */
export const NEW_SIGN_IN_OPTIONS = {
  /** Whether users are notified of a sign-in with a browser in which they hadn't signed in before (docs/events.md). */
  enabled: toggle(false),
  /** How long a browser is known after a sign-in, in seconds: browsers keep no cookie for longer than 400 days (RFC 6265bis, section 5.5). */
  ttlSeconds: integer(31_536_000, 1, 400 * 86_400),
  /** The name of the cookie that recognizes the browser; it gets the same prefix and attributes as the session's. */
  cookie: text('mfa_known', COOKIE_NAME, 'the name of a cookie'),
};

export interface MfaNewSignInOptions extends GivenOf<typeof NEW_SIGN_IN_OPTIONS> {}
