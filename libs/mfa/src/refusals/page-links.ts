import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';

import type { PageAddresses } from '../options/addresses.js';
import { MFA_PAGES, MFA_PATH } from '../options/addresses.js';

/** A page, by its path below `pages.path`. */
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

/** What a page is told in its address; what is null stays out. */
export type MfaPageQuery = Readonly<Record<string, string | null | undefined>>;

/**
 * The addresses of the pages (option `pages`), as browsers see them: with the application's global prefix, `pages.path` and
 * `pages.publicPath` in them.
 */
@Injectable()
export class MfaPageLinks {
  constructor(
    @Inject(MFA_PAGES) private readonly pages: PageAddresses | null,
    @Inject(MFA_PATH) private readonly apiPath: string,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
  ) {}

  /** Whether there are pages. */
  get areOn(): boolean {
    return this.pages !== null;
  }

  /**
   * The address of a page.
   *
   * @param query `next` is where the page leads on to, a path of the same site; others, such as `method` of `authenticate`, as the
   *   refusals of the guard have them
   * @throws {Error} without the option `pages`
   */
  to(page: MfaPagePath, query: MfaPageQuery = {}): string {
    return this.at(page === 'index' ? '' : page, query);
  }

  /** Where the pages lead back to. */
  get home(): string {
    return this.pages?.homeUrl ?? '/';
  }

  /** Prefix of the JSON routes. */
  get api(): string {
    return this.publicPathOf(this.withPrefix(this.apiPath));
  }

  /**
   * The address of a path below `pages.path`, whatever is there.
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
   * Where a visitor signs in who is nobody yet; null when the application has not said.
   *
   * @param notice what was just done: `signed-out`
   */
  signIn(next: string | null, notice: 'signed-out' | null = null): string | null {
    const { loginUrl = null } = this.pages ?? {};
    return loginUrl && withQuery(loginUrl, { next, notice });
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

function withQuery(path: string, query: MfaPageQuery): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  if (given.length === 0) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(given).toString()}`;
}

/** Whether the application's global prefix leaves this path alone. */
export function isExcludedFromPrefix(config: ApplicationConfig, path: string): boolean {
  const { exclude = [] } = config.getGlobalPrefixOptions();
  return exclude.some(({ pathRegex }) => pathRegex.test(path));
}
