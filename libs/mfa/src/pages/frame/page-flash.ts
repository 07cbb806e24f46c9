import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { PageCookie } from './page-cookies.js';
import { PageCookies } from './page-cookies.js';
import type { FormOwner } from './page-form.js';

/** How long the page that shows new recovery codes has to be requested, in seconds. */
const TTL_SECONDS = 300;
const COOKIE: PageCookie = { name: 'mfa_new_codes', page: 'recovery-codes/generate', sameSite: 'strict' };

interface Flash {
  codes: string[];
  expiresAt: number;
}

/**
 * Carries new recovery codes in the browser, across the redirect from the form to the page that shows them, so that the server keeps no
 * readable copy. They are deleted when first shown.
 */
@Injectable()
export class PageFlash {
  constructor(
    @Inject(PageCookies) private readonly cookies: PageCookies,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async put(response: object, owner: FormOwner, codes: string[]): Promise<void> {
    const flash: Flash = { codes, expiresAt: this.clock.now() + TTL_SECONDS * 1000 };
    await this.cookies.put(response, COOKIE, owner, JSON.stringify(flash), TTL_SECONDS);
  }

  /** Takes the codes stored for this session, once; null if there are none. */
  async take(request: object, response: object, owner: FormOwner): Promise<string[] | null> {
    const text = await this.cookies.read(request, COOKIE, owner);
    this.cookies.clear(request, response, COOKIE);
    if (text === null) return null;
    const { codes, expiresAt } = JSON.parse(text) as Flash;
    return expiresAt > this.clock.now() ? codes : null;
  }
}
