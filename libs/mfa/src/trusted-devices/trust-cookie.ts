import { Inject, Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';

import { isToken } from '../crypto/token.js';
import { addSetCookie, readHeader } from '../http/http-message.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';

/** Users of one browser whose trust fits into its cookie; the one who has not used it longest goes first. */
const MAX_TOKENS = 8;
const SEPARATOR = '.';

/** The cookie of a trusted browser: one token for each user who trusts it, the newest first. */
@Injectable()
export class TrustCookie {
  constructor(@Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions) {}

  /** The tokens that a browser presents; a cookie of another shape is none. */
  read(request: object): string[] {
    const header = readHeader(request, 'cookie');
    const value = header ? parseCookie(header)[this.options.trustedDevices.cookie.name] : undefined;
    const tokens = value ? value.split(SEPARATOR, MAX_TOKENS + 1) : [];
    return tokens.length <= MAX_TOKENS && tokens.every(isToken) ? tokens : [];
  }

  /** Gives the browser a token, in place of the former one of the same user. */
  write(request: object, response: object | undefined, token: string, former: string | null): void {
    const others = this.read(request).filter((one) => one !== former);
    const value = [token, ...others].slice(0, MAX_TOKENS).join(SEPARATOR);
    const { cookie, ttlSeconds: maxAge } = this.options.trustedDevices;
    addSetCookie(response, stringifySetCookie({ ...cookie, value, httpOnly: true, maxAge }));
  }
}
