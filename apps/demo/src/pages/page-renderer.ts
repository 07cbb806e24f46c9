import type { ServerResponse } from 'node:http';

import { Inject, Injectable } from '@nestjs/common';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';

import type { PageView } from './page.js';
import type { Site } from './site.js';
import { SiteFinder } from './site.js';

/** Scripts, styles and images of this site, nothing inline, in nobody's frame. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // Not `no-referrer`: forms would then be sent with `Origin: null`.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

/** Makes HTML of a page. Everything in it is escaped by the engine. */
@Injectable()
export class PageRenderer {
  constructor(@Inject(SiteFinder) private readonly sites: SiteFinder) {}

  /** The document; its status and headers are set on the response. */
  async render(view: PageView, request: object, response: ServerResponse): Promise<string> {
    return this.document(view, await this.sites.find(request), response);
  }

  /** The document of a page that says what went wrong, whatever it was: it asks the database for nothing it can't do without. */
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
