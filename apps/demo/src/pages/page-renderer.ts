import type { ServerResponse } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';

import type { PageView } from './page.js';
import type { Site } from './site.js';
import { SiteFinder } from './site.js';

/** Only this site's scripts, styles and images, nothing inline, and no framing. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // Not `no-referrer`, which would make browsers send forms with `Origin: null`.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** Renders pages to HTML. The engine escapes everything in them. */
@Injectable()
export class PageRenderer {
  constructor(@Inject(SiteFinder) private readonly sites: SiteFinder) {}

  /** Renders the document, and sets status and headers on the response. */
  async render(view: PageView, request: object, response: ServerResponse): Promise<string> {
    return this.document(view, await this.sites.find(request), response);
  }

  /** Renders an error page, even when the user can't be looked up, such as during a database failure. */
  async renderError(view: PageView, request: object, response: ServerResponse): Promise<string> {
    const site = await this.sites.find(request).catch(() => this.sites.forNobody(request));
    return this.document(view, site, response);
  }

  private document({ component, props, status }: PageView, site: Site, response: ServerResponse): string {
    response.statusCode = status;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    return `<!doctype html>\n${renderToString(h(component, { ...props, site }))}`;
  }
}
