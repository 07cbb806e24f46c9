import type { MfaStructuralOptions } from 'nestjs-mfa';

/** Where the library's pages live unless its option `pages.path` says otherwise. */
const DEFAULT_PATH = '/account/security';

/** The addresses of the library's pages, if they are switched on. */
export class SecurityPages {
  private readonly path: string | null;

  constructor(pages: MfaStructuralOptions['pages'] = false) {
    this.path = pages === false ? null : (pages !== true && pages.path) || DEFAULT_PATH;
  }

  get areOn(): boolean {
    return this.path !== null;
  }

  /** The address of a page, such as `totp/add`, which leads on to `next`; null when the pages are off. */
  link(page = '', next: string | null = null): string | null {
    if (this.path === null) return null;
    const query = next === null ? '' : `?${new URLSearchParams({ next }).toString()}`;
    return [this.path, page].filter(Boolean).join('/') + query;
  }
}
