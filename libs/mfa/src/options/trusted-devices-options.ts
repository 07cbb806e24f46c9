import type { GivenOf } from './option.js';
import { integer, text, toggle } from './option.js';
import { COOKIE_NAME } from './session-options.js';

/** The options of trusted browsers. */
export const TRUSTED_DEVICES_OPTIONS = {
  /** Whether users may skip the second factor in browsers they trust. A convenience, not authentication; off under profiles. */
  enabled: toggle(false),
  /** How long a browser stays trusted, in seconds (NIST SP 800-63B-4, section 2.1.3). */
  ttlSeconds: integer(1_209_600, 1, 30 * 86_400),
  /** How many browsers a user may trust; the oldest is removed first. */
  maxPerUser: integer(20, 1, 100),
  /** The cookie's name; it gets the same prefix and attributes as the session cookie. */
  cookie: text('mfa_trusted', COOKIE_NAME, 'the name of a cookie'),
  /** Whether users may trust a browser after signing in with a recovery code. */
  afterRecoveryCode: toggle(false),
};

export interface TrustedDevicesOptions extends GivenOf<typeof TRUSTED_DEVICES_OPTIONS> {}
