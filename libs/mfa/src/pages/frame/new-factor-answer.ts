import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaAddedFactor } from '../../engine/changes/add-authenticator.flow.js';
import { ActivationAnswers } from '../../sign-in/activation-answer.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { getMfaSession } from '../../engine/rows/mfa-request.js';
import { PageRedirect } from './page-answer.js';
import { PageFlash } from './page-flash.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { PageNotice } from './page-notices.js';

interface Added {
  /** Only set with the first second factor. */
  recoveryCodes?: string[] | undefined;
  next: string | null;
  notice?: PageNotice;
}

/** Where to go after a factor was added or recovery codes were generated: new codes are shown first. */
@Injectable()
export class NewFactorAnswers {
  constructor(
    @Inject(ActivationAnswers) private readonly answers: ActivationAnswers,
    @Inject(PageFlash) private readonly flash: PageFlash,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  /** After a factor was added. */
  async added(
    user: MfaUser,
    added: MfaAddedFactor,
    exchange: MfaHttpExchange,
    { next, notice }: { next: string | null; notice: PageNotice },
  ): Promise<PageRedirect> {
    const { recoveryCodes } = await this.answers.give(user, added, exchange);
    return this.give(exchange, { recoveryCodes, next, notice });
  }

  async give(
    { request, response }: MfaHttpExchange,
    { recoveryCodes, next, notice }: Added,
  ): Promise<PageRedirect> {
    const onward = next ?? this.links.to('index', { notice });
    const session = getMfaSession(request);
    if (!recoveryCodes || !session) return new PageRedirect(onward);
    await this.flash.put(response, { user: null, session }, recoveryCodes);
    return new PageRedirect(this.links.to('recovery-codes/generate', { next: onward }));
  }
}
