import { Inject, Injectable } from '@nestjs/common';
import type { MfaPagePath } from 'nestjs-mfa';
import { MfaPageLinks } from 'nestjs-mfa';

/** The addresses of the library's pages, if they are enabled. */
@Injectable()
export class SecurityPages {
  constructor(@Inject(MfaPageLinks) private readonly links: MfaPageLinks) {}

  get areOn(): boolean {
    return this.links.areOn;
  }

  /** The address of a page that continues to `next`; null if the pages are off. */
  link(page: MfaPagePath = 'index', next: string | null = null): string | null {
    return this.links.areOn ? this.links.to(page, { next }) : null;
  }
}
