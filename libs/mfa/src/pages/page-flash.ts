import { Inject, Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';

import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { open, seal } from '../crypto/envelope.js';
import { MFA_KEY_RING } from '../crypto/key-ring-token.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { addSetCookie, readHeader } from '../http/http-message.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { AuthenticationSession } from '../sessions/authentication-session.entity.js';
import { PageLinks } from './page-links.js';

/** How long the page that shows new recovery codes may take to be asked for. */
const TTL_SECONDS = 300;
const COOKIE = 'mfa_new_codes';

interface Flash {
  codes: string[];
  expiresAt: number;
}

/**
 * Carries new recovery codes over the redirect from the form to the page that shows them: the server keeps no copy that it
 * could read. They travel encrypted in a cookie that no script can read, are bound to the session, and go with the first look.
 */
@Injectable()
export class PageFlash {
  constructor(
    @Inject(MFA_KEY_RING) private readonly keys: KeyRing,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
    @Inject(PageLinks) private readonly links: PageLinks,
  ) {}

  put(response: object, session: AuthenticationSession, codes: string[]): void {
    const flash: Flash = { codes, expiresAt: this.clock.now() + TTL_SECONDS * 1000 };
    this.setCookie(response, seal(this.keys, JSON.stringify(flash), contextOf(session)), TTL_SECONDS);
  }

  /** The codes that were put for this session, once; null without any. */
  take(request: object, response: object, session: AuthenticationSession | null): string[] | null {
    const cookie = parseCookie(readHeader(request, 'cookie') ?? '')[COOKIE];
    if (!cookie) return null;
    this.setCookie(response, '', 0);
    if (!session) return null;
    try {
      const { codes, expiresAt } = JSON.parse(open(this.keys, cookie, contextOf(session))) as Flash;
      return expiresAt > this.clock.now() ? codes : null;
    } catch {
      return null;
    }
  }

  private setCookie(response: object, value: string, maxAge: number): void {
    const { cookie } = this.options.session;
    const secure = cookie !== false && cookie.secure;
    const path = this.links.to('recovery-codes/generate');
    addSetCookie(
      response,
      stringifySetCookie({ name: COOKIE, value, httpOnly: true, sameSite: 'strict', secure, path, maxAge }),
    );
  }
}

function contextOf({ userId, id }: AuthenticationSession): {
  purpose: string;
  userId: string;
  recordId: string;
} {
  return { purpose: 'page-flash', userId, recordId: id };
}
