import { Inject, Injectable } from '@nestjs/common';

import type { HttpExchange } from '../../engine/sessions/session-transport.js';
import { getMfaSession } from '../../engine/rows/mfa-request.js';
import { PageRedirect } from './page-answer.js';
import { PageFlash } from './page-flash.js';
import { PageLinks } from '../../refusals/page-links.js';
import type { PageNotice } from './page-notices.js';

interface Added {
  /** Only with the first second factor. */
  recoveryCodes?: string[] | undefined;
  next: string | null;
  notice?: PageNotice;
}

/** Where a page leads after a factor was added or codes were made: new codes are shown before anything else. */
@Injectable()
export class NewFactorAnswers {
  constructor(
    @Inject(PageFlash) private readonly flash: PageFlash,
    @Inject(PageLinks) private readonly links: PageLinks,
  ) {}

  async give(
    { request, response }: HttpExchange,
    { recoveryCodes, next, notice }: Added,
  ): Promise<PageRedirect> {
    const onward = next ?? this.links.to('index', { notice });
    const session = getMfaSession(request);
    if (!recoveryCodes || !session) return new PageRedirect(onward);
    await this.flash.put(response, { user: null, session }, recoveryCodes);
    return new PageRedirect(this.links.to('recovery-codes/generate', { next: onward }));
  }
}
