import { Inject, Injectable } from '@nestjs/common';
import type { MfaUser, ResolvedMfaOptions } from 'nestjs-mfa';
import { MFA_OPTIONS, MfaRequestService } from 'nestjs-mfa';

import { SecurityPages } from './security-pages.js';

/** What every page knows besides its own properties. */
export interface Site {
  /** Where the page is, to mark it in the navigation. */
  path: string;
  /** Who is signed in. */
  user: MfaUser | null;
  /** Whether a sign-in is half done: the password was right, the second factor is owed. */
  isPending: boolean;
  security: SecurityPages;
  options: ResolvedMfaOptions;
}

/** Finds out what the page of a request has to know. */
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

  /** Without a look at the database, which may be what is broken. */
  forNobody(request: object): Site {
    const { path } = request as { path: string };
    return { path, user: null, isPending: false, security: this.security, options: this.options };
  }
}
