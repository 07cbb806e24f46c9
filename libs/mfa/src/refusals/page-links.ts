import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';

import type { PageAddresses } from '../options/addresses.js';
import { MFA_PAGES, MFA_PATH } from '../options/addresses.js';

/** A page, identified by its path below `pages.path`. */
export type MfaPagePath =
  | 'index'
  | 'authenticate'
  | 'reauthenticate'
  | 'enrol'
  | 'passkey'
  | 'sign-up'
  | 'totp/add'
  | 'totp/remove'
  | 'webauthn/add'
  | `webauthn/${string}/edit`
  | `webauthn/${string}/remove`
  | `factors/${string}/add`
  | `factors/${string}/remove`
  | 'recovery-codes'
  | 'recovery-codes/generate'
  | 'trusted-devices'
  | 'sessions'
  | 'lost'
  | 'found';

/** The query of a page's address; null values are left out. */
export type MfaPageQuery = Readonly<Record<string, string | null | undefined>>;

/**
 * The addresses of the pages (option `pages`) as browsers see them, including the application's global prefix,
 * `pages.path` and `pages.publicPath`.
 */
@Injectable()
export class MfaPageLinks {
  constructor(
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MFA_PATH) private readonly apiPath: string,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  /** Whether the pages are enabled. */
  get areOn(): boolean {
    return this.pages !== null;
  }

  /**
   * The address of a page.
   *
   * @param query `next`: where the page leads afterwards, a path of the same site; others, such as `method` of
   * `authenticate`, as in the guard's refusals
   * @throws {Error} without the option `pages`
   */
  to(page: MfaPagePath, query: MfaPageQuery = {}): string {
    return this.at(page === 'index' ? '' : page, query);
  }

  /** Where the pages lead back to. */
  get home(): string {
    return this.pages?.homeUrl ?? '/';
  }

  /** The path prefix of the JSON routes. */
  get api(): string {
    return this.publicPathOf(this.withPrefix(this.apiPath));
  }

  /**
   * The address of any path below `pages.path`.
   *
   * @internal
   */
  at(path: string, query: MfaPageQuery = {}): string {
    if (!this.pages) throw new Error('There are no pages to link to: set the option `pages`');
    const { path: own, publicPath } = this.pages;
    const address =
      publicPath === null ? this.withPrefix(joined(own, path)) : `/${joined(publicPath.slice(1), path)}`;
    return withQuery(address, query);
  }

  /**
   * Where an unauthenticated visitor signs in; null if the application hasn't said.
   *
   * @param notice what has just been done: `signed-out`
   */
  signIn(next: string | null, notice: 'signed-out' | null = null): string | null {
    const { loginUrl = null } = this.pages ?? {};
    return loginUrl && withQuery(loginUrl, { next, notice });
  }

  /**
   * The address at which a browser sees a server path. What a proxy does to the path of the pages, it does to every
   * path with the same beginning.
   */
  publicPathOf(path: string): string {
    const { path: own = '', publicPath = null } = this.pages ?? {};
    if (publicPath === null) return path;
    const [here, there] = withoutCommonEnd(this.withPrefix(own), publicPath);
    const rest = path.slice(here.length);
    if (!path.startsWith(here) || !/^(?:$|[/?#])/.test(rest)) return path;
    return `${there}${rest}`.replace(/^(?!\/)/, '/');
  }

  /** Read at request time, since applications set the prefix after this instance is created. */
  private withPrefix(path: string): string {
    const prefix = isExcludedFromPrefix(this.config, `/${path}`) ? '' : this.config.getGlobalPrefix();
    return `/${joined(prefix, path)}`.replace(/\/{2,}/g, '/');
  }
}

function joined(...parts: string[]): string {
  return parts.filter(Boolean).join('/');
}

/** The leading parts in which two paths differ. */
function withoutCommonEnd(one: string, other: string): [string, string] {
  const [first, second] = [one.split('/'), other.split('/')];
  while (first.length > 1 && second.length > 1 && first.at(-1) === second.at(-1)) {
    first.pop();
    second.pop();
  }
  return [first.join('/'), second.join('/')];
}

function withQuery(path: string, query: MfaPageQuery): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  if (given.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}

/** Whether the application excludes this path from its global prefix. */
export function isExcludedFromPrefix(config: ApplicationConfig, path: string): boolean {
  const { exclude = [] } = config.getGlobalPrefixOptions();
  return exclude.some(({ pathRegex }) => pathRegex.test(path));
}
