import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';

import type { ResolvedPages } from '../options/resolve-pages.js';
import { MFA_PAGES } from '../options/resolve-pages.js';
import { MFA_PATH } from '../options/structural-options.js';

/** The addresses of the pages and of what they call. */
@Injectable()
export class PageLinks {
  constructor(
    @Inject(MFA_PAGES) private readonly pages: ResolvedPages | null,
    @Inject(MFA_PATH) private readonly apiPath: string,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  /** Where the pages lead back to. */
  get home(): string {
    return this.pages?.homeUrl ?? '/';
  }

  /** Prefix of the JSON routes. */
  get api(): string {
    return this.withPrefix(this.apiPath);
  }

  /** The address of a page; a query value of null stays out. */
  to(page: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
    const path = this.withPrefix([this.pages?.path, page].filter(Boolean).join('/'));
    return withQuery(path, query);
  }

  /** Where a visitor signs in who is nobody yet; null when the application has not said. */
  signIn(next: string | null): string | null {
    const { loginUrl = null } = this.pages ?? {};
    return loginUrl && withQuery(loginUrl, { next });
  }

  /** Asked late: applications set their prefix after they are made. */
  private withPrefix(path: string): string {
    const { exclude = [] } = this.config.getGlobalPrefixOptions();
    const isExcluded = exclude.some(({ pathRegex }) => pathRegex.test(`/${path}`));
    const prefix = isExcluded ? '' : this.config.getGlobalPrefix();
    return `/${[prefix, path].filter(Boolean).join('/')}`.replace(/\/{2,}/g, '/');
  }
}

function withQuery(path: string, query: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  if (given.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}
