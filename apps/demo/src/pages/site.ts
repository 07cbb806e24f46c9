import { Inject, Injectable } from '@nestjs/common';
import type { MfaUser, ResolvedMfaOptions } from 'nestjs-mfa';
import { MFA_OPTIONS, MfaRequestService } from 'nestjs-mfa';

import { SecurityPages } from './security-pages.js';

/** What every page knows in addition to its own properties. */
export interface Site {
  /** The path of the page, to highlight it in the navigation. */
  path: string;
  /** The signed-in user. */
  user: MfaUser | null;
  /** Whether a sign-in is half-finished: the password was correct, the second factor is still owed. */
  isPending: boolean;
  security: SecurityPages;
  options: ResolvedMfaOptions;
}

/** Collects what the page for a request needs to know. */
@Injectable()
export class SiteFinder {
  constructor(
    @Inject(MfaRequestService) private readonly contexts: MfaRequestService,
    @Inject(SecurityPages) private readonly security: SecurityPages,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  async find(request: object): Promise<Site> {
    const { user, isPending } = await this.contexts.resolve(request);
    return { ...this.forNobody(request), user, isPending };
  }

  /** Doesn't use the database, which may be what failed. */
  forNobody(request: object): Site {
    const { path } = request as { path: string };
    return { path, user: null, isPending: false, security: this.security, options: this.options };
  }
}
