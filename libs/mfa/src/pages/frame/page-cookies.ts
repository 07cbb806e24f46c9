import { Inject, Injectable } from '@nestjs/common';

import { open, seal } from '../../core/crypto/envelope.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import { cookieName, addSetCookie, readCookies } from '../../core/web/http-message.js';
import { VisibleKeys } from '../../engine/keys/visible-keys.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { FormOwner } from './page-form.js';
import { ownedBy } from './page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';

/** A cookie of the pages. */
export interface PageCookie {
  name: string;
  /** The only page that the cookie is sent to. */
  page: string;
  sameSite: 'strict' | 'lax';
}

/** Data that a page keeps in the browser: encrypted, inaccessible to scripts, and worthless in another session. */
@Injectable()
export class PageCookies {
  constructor(
    @Inject(VisibleKeys) private readonly keys: VisibleKeys,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  async put(
    response: object,
    cookie: PageCookie,
    owner: FormOwner,
    text: string,
    ttlSeconds: number,
  ): Promise<void> {
    this.set(response, cookie, seal(await this.keys.ring(), text, ownedBy(owner, cookie.name)), ttlSeconds);
  }

  /** Reads the value stored for this session; null for anything else in the cookie. */
  async read(request: object, cookie: PageCookie, owner: FormOwner): Promise<string | null> {
    const values = this.valuesOf(request, cookie);
    if (values.length === 0) return null;
    const ring = await this.keys.ring();
    const opened = values.map((value) => openFor(ring, value, cookie, owner));
    // Only this server can have sealed it for this session, whatever other cookies were planted under its name.
    return opened.find((text) => text !== null) ?? null;
  }

  /** Deletes the cookie, if the browser has it. */
  clear(request: object, response: object, cookie: PageCookie): void {
    if (this.valuesOf(request, cookie).length > 0) this.set(response, cookie, '', 0);
  }

  private valuesOf(request: object, { name, page }: PageCookie): string[] {
    return readCookies(request, cookieName(name, this.scopeOf(page)));
  }

  private set(response: object, { name, page, sameSite }: PageCookie, value: string, maxAge: number): void {
    const scope = this.scopeOf(page);
    addSetCookie(response, { name: cookieName(name, scope), value, sameSite, ...scope, maxAge });
  }

  private scopeOf(page: string): { secure: boolean; path: string } {
    const { cookie } = this.options.session;
    return { secure: cookie !== false && cookie.secure, path: this.links.at(page) };
  }
}

function openFor(ring: KeyRing, value: string, { name }: PageCookie, owner: FormOwner): string | null {
  try {
    return open(ring, value, ownedBy(owner, name));
  } catch {
    // Modified, from another session, or under a key that is gone.
    return null;
  }
}
