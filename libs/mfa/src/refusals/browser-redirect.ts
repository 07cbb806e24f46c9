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

/** Pages that ask for a proof and then lead on to their `next`. */
const ON_THE_WAY = ['authenticate', 'reauthenticate'] as const;

/** Sends a browser that was refused to the page where its user can do what is missing. Other clients get their JSON. */
@Injectable()
export class BrowserRedirect {
  constructor(
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  /** Where to send the client, or null when it is no browser, or there are no pages. */
  forBrowser(exception: MfaException, request: object): string | null {
    return this.pages && prefersHtml(request) ? this.locationFor(exception, request) : null;
  }

  /** The page that helps, or null when none does. */
  locationFor({ code, details }: MfaException, request: object): string | null {
    const next = this.onward(this.returnPath(request));
    const { methods = [] } = details;
    const needs = needsQuery(details.needs);
    // The page must not offer a way that would lead back here, and cost a code.
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
        // Half signed in, nobody yet: what is missing is the second factor.
        if (hasPendingSession(request)) return this.links.to('authenticate', { next });
        return this.links.signIn(next);
      default:
        return null;
    }
  }

  /** Where the browser wanted to go; of what GET can't repeat, where it came from. */
  private returnPath(request: object): string | null {
    const { method, originalUrl, url } = request as HttpRequest & { originalUrl?: string; url?: string };
    if (method !== 'GET' && method !== 'HEAD') {
      return refererPath(readHeader(request, 'referer'), hostOf(request));
    }
    const path = safeNext(originalUrl ?? url);
    return path && safeNext(this.links.publicPathOf(path));
  }

  /** From a page that is only on the way there is no point in coming back to it: what it leads to is what was wanted. */
  private onward(path: string | null): string | null {
    if (path === null) return null;
    const { pathname, searchParams } = new URL(path, 'http://same-origin.invalid');
    if (!ON_THE_WAY.some((page) => this.links.to(page) === pathname)) return path;
    return this.onward(safeNext(searchParams.get('next')));
  }
}

const isBackup = (type: string): boolean => isBackupType(type as MfaType);
const isStrong = (type: string): boolean => isPhishingResistantType(type as MfaType);

/** Whether the client asks for a page rather than for data: a browser that navigates, not one that fetches. */
export function prefersHtml(request: object): boolean {
  const accept = readHeader(request, 'accept');
  // `*/*` alone is what API clients send.
  if (!accept?.includes('text/html')) return false;
  return new Negotiator({ headers: { accept } }).mediaType(['application/json', 'text/html']) === 'text/html';
}
