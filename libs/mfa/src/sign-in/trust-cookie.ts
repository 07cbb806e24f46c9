import { Inject, Injectable } from '@nestjs/common';

import { isToken } from '../core/crypto/tokens.js';
import { readCookieList, writeCookieList } from '../core/web/cookie-list.js';
import { addSetCookie } from '../core/web/http-message.js';
import { LostCookieWarning } from '../core/web/lost-cookie-warning.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/** The cookie of a trusted browser: one token for each user who trusts it, newest first. */
@Injectable()
export class TrustCookie {
  constructor(
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(LostCookieWarning) private readonly lostCookies: LostCookieWarning,
  ) {}

  /** The tokens that a browser presents; none if the cookie is malformed or occurs more than once. */
  read(request: object): readonly string[] {
    return readCookieList(request, this.options.trustedDevices.cookie.name, isToken);
  }

  /** Gives the browser a token, replacing the same user's previous one. */
  write(request: object, response: object | undefined, token: string, former: string | null): void {
    const others = this.read(request).filter((one) => one !== former);
    const value = writeCookieList(token, others);
    const { cookie, ttlSeconds: maxAge } = this.options.trustedDevices;
    if (cookie.secure) this.lostCookies.check(request);
    addSetCookie(response, { ...cookie, value, maxAge });
  }
}
