import { Inject, Injectable } from '@nestjs/common';
import Negotiator from 'negotiator';

import type { MfaException } from '../core/errors/mfa-exception.js';
import type { HttpRequest } from '../core/web/http-message.js';
import { readHeader } from '../core/web/http-message.js';
import { hostOf } from '../core/web/requested-host.js';
import type { PageAddresses } from '../options/addresses.js';
import { MFA_PAGES } from '../options/addresses.js';
import { isBackupType, isPhishingResistantType } from '../core/policy/methods.js';
import type { MfaType } from '../core/policy/methods.js';
import { hasPendingSession } from '../engine/rows/mfa-request.js';
import { refererPath, safeNext } from '../core/web/next-path.js';
import { MfaPageLinks } from './page-links.js';
import { needsQuery } from './page-needs.js';

/** Pages that ask for a proof and then continue to their `next`. */
const ON_THE_WAY = ['authenticate', 'reauthenticate'] as const;

/** Redirects a refused browser to the page where the user can provide what is missing. Other clients get JSON. */
@Injectable()
export class BrowserRedirect {
  constructor(
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  /** Where to redirect the client; null if it isn't a browser or there are no pages. */
  forBrowser(exception: MfaException, request: object): string | null {
    return this.pages && prefersHtml(request) ? this.locationFor(exception, request) : null;
  }

  /** The page that helps; null if none does. */
  locationFor({ code, details }: MfaException, request: object): string | null {
    const next = this.onward(this.returnPath(request));
    const { methods = [] } = details;
    const needs = needsQuery(details.needs);
    // The page must not offer a method that would lead back here after consuming a code.
    const isAny = methods.some(isBackup) && methods.some((type) => !isBackup(type) && !isStrong(type));
    const narrowed = isAny ? null : methods.join(',');
    const only = methods.length === 1 ? methods[0] : null;
    switch (code) {
      case 'mfa_required':
        return this.links.to('authenticate', { next, method: narrowed, needs });
      case 'reauthentication_required':
        return this.links.to('reauthenticate', { next });
      case 'mfa_enrollment_required':
        return this.links.to('enrol', { next, method: only, needs });
      case 'unauthenticated':
      case 'session_expired':
        // A half-finished sign-in: what is missing is the second factor.
        if (hasPendingSession(request)) return this.links.to('authenticate', { next });
        return this.links.signIn(next);
      default:
        return null;
    }
  }

  /** Where the browser wanted to go or, if GET can't repeat the request, where it came from. */
  private returnPath(request: object): string | null {
    const { method, originalUrl, url } = request as HttpRequest & { originalUrl?: string; url?: string };
    if (method !== 'GET' && method !== 'HEAD') {
      return refererPath(readHeader(request, 'referer'), hostOf(request));
    }
    const path = safeNext(originalUrl ?? url);
    return path && safeNext(this.links.publicPathOf(path));
  }

  /** Skips pages that are themselves a step on the way, in favor of the `next` they lead to. */
  private onward(path: string | null): string | null {
    if (path === null) return null;
    const { pathname, searchParams } = new URL(path, 'http://same-origin.invalid');
    if (!ON_THE_WAY.some((page) => this.links.to(page) === pathname)) return path;
    return this.onward(safeNext(searchParams.get('next')));
  }
}

const isBackup = (type: string): boolean => isBackupType(type as MfaType);
const isStrong = (type: string): boolean => isPhishingResistantType(type as MfaType);

/** Whether the client wants a page rather than data: a browser that navigates, not one that fetches. */
export function prefersHtml(request: object): boolean {
  const accept = readHeader(request, 'accept');
  // API clients send just `*/*`. Media types are case-insensitive (RFC 9110, section 8.3.1).
  if (!accept?.toLowerCase().includes('text/html')) return false;
  return new Negotiator({ headers: { accept } }).mediaType(['application/json', 'text/html']) === 'text/html';
}
