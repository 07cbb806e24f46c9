import type { TotpAlgorithm } from '../core/otpauth/key-uri.js';
import type { GivenOf } from './option.js';
import { choice, integer, special, text } from './option.js';
import { isDevelopment } from './options-environment.js';

/** The options of authenticator apps. */
export const TOTP_OPTIONS = {
  /** Your application's name in authenticator apps; no colon. */
  issuer: text(
    // The Key URI format separates issuer and account with a colon, so neither may contain one.
    ({ siteName, packageName }) => siteName ?? packageName ?? 'NestJS application',
    /^(?=.*\S)[^:\p{Cc}]{1,100}$/u,
    'a name of 1 to 100 characters without a colon',
    '`webauthn.rpName`, otherwise the package’s name',
  ),
  /** Length of a time step, in seconds (NIST SP 800-63B-4, section 3.1.4.1). Existing authenticators keep their own. */
  period: integer(30, 1, ({ preset }) => preset.maxTotpPeriodSeconds, { to: '120; profiles 60' }),
  /** Number of digits in a code. Existing authenticators keep their own. */
  digits: integer(6, 6, 8),
  /** Steps of clock drift accepted on either side (RFC 6238, section 5.2). */
  tolerance: integer(
    ({ preset }) => preset.maxTolerance,
    0,
    ({ preset }) => preset.maxTolerance,
    { usual: '1; `strict`, `aal3` 0', to: '1; `strict`, `aal3` 0' },
  ),
  /** The hash function. Some authenticator apps only support `sha1`, whatever the QR code says. */
  algorithm: choice<TotpAlgorithm>(['sha1', 'sha256', 'sha512']),
  /** How many authenticator apps a user may have at once. */
  maxPerUser: integer(1, 1, 10),
  /** How long a set-up waits for its first code, in seconds. */
  setupTtlSeconds: integer(600, 1, 3600),
  /**
   * A code that is always accepted, for end-to-end tests only: refused under every profile, and unless NODE_ENV is `test` or
   * `development`.
   */
  insecureBypassCode: special<string, string | undefined>({
    kind: 'text',
    usual: 'none',
    range: '6 to 8 digits',
    read: (name, code, problems, { nodeEnv, profile }) => {
      if (code === undefined) return undefined;
      if (!isDevelopment(nodeEnv) || profile !== 'default') {
        problems.add(
          `\`${name}\` opens every account, so it is allowed only with NODE_ENV \`test\` or \`development\`, and not under a profile: remove it`,
        );
      } else if (typeof code !== 'string' || !/^\d{6,8}$/.test(code)) {
        problems.add(`\`${name}\` must be a string of 6 to 8 digits`);
      }
      return code as string;
    },
  }),
};

export interface TotpOptions extends GivenOf<typeof TOTP_OPTIONS> {}
