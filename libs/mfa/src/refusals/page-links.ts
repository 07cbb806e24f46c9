import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';

import type { PageAddresses } from '../options/addresses.js';
import { MFA_PAGES, MFA_PATH } from '../options/addresses.js';

/** The addresses of the pages and of what they call, as browsers see them. */
@Injectable()
export class PageLinks {
  constructor(
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MFA_PATH) private readonly apiPath: string,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  /** Where the pages lead back to. */
  get home(): string {
    return this.pages?.homeUrl ?? '/';
  }

  /** Prefix of the JSON routes. */
  get api(): string {
    return this.publicPathOf(this.withPrefix(this.apiPath));
  }

  /** The address of a page; a query value of null stays out. */
  to(page: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
    const { path = '', publicPath = null } = this.pages ?? {};
    const address =
      publicPath === null ? this.withPrefix(joined(path, page)) : `/${joined(publicPath.slice(1), page)}`;
    return withQuery(address, query);
  }

  /** Where a visitor signs in who is nobody yet; null when the application has not said. */
  signIn(next: string | null): string | null {
    const { loginUrl = null } = this.pages ?? {};
    return loginUrl && withQuery(loginUrl, { next });
  }

  /**
   * The address under which a browser sees a path of the server: what a proxy does to the path of the pages it does to all that
   * begin alike.
   */
  publicPathOf(path: string): string {
    const { path: own = '', publicPath = null } = this.pages ?? {};
    if (publicPath === null) return path;
    const [here, there] = withoutCommonEnd(this.withPrefix(own), publicPath);
    const rest = path.slice(here.length);
    if (!path.startsWith(here) || !/^(?:$|[/?#])/.test(rest)) return path;
    return `${there}${rest}`.replace(/^(?!\/)/, '/');
  }

  /** Asked late: applications set their prefix after they are made. */
  private withPrefix(path: string): string {
    const prefix = isExcludedFromPrefix(this.config, `/${path}`) ? '' : this.config.getGlobalPrefix();
    return `/${joined(prefix, path)}`.replace(/\/{2,}/g, '/');
  }
}

function joined(...parts: string[]): string {
  return parts.filter(Boolean).join('/');
}

/** The beginnings in which two paths differ. */
function withoutCommonEnd(one: string, other: string): [string, string] {
  const [first, second] = [one.split('/'), other.split('/')];
  while (first.length > 1 && second.length > 1 && first.at(-1) === second.at(-1)) {
    first.pop();
    second.pop();
  }
  return [first.join('/'), second.join('/')];
}

function withQuery(path: string, query: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  if (given.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}

/** Whether the application's global prefix leaves this path alone. */
export function isExcludedFromPrefix(config: ApplicationConfig, path: string): boolean {
  const { exclude = [] } = config.getGlobalPrefixOptions();
  return exclude.some(({ pathRegex }) => pathRegex.test(path));
}
