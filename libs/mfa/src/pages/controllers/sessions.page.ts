import { Get, Inject, Post } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import type { MfaHttpExchange } from '../../engine/sessions/session-transport.js';
import { MfaService } from '../../account/mfa.service.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { MfaSignedInSession } from '../../account/sessions.service.js';
import { MfaSessionsService } from '../../account/sessions.service.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody } from '../frame/page-form.js';
import { isTicked, textOf } from '../frame/page-form.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import { PageLocale } from '../frame/page-locale.js';
import { noticeText } from '../frame/page-notices.js';
import type { MfaPlacedSession } from '../frame/page-props.js';
import { Exchange, Form, MfaPages, QueryText } from '../render/page.decorators.js';
import { shownAddress } from '../../i18n/shown-address.js';

/** Shows where the user is signed in, and signs them out there. */
@MfaPages()
export class SessionsPage {
  constructor(
    @Inject(MfaSessionsService) private readonly sessions: MfaSessionsService,
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  @Get('sessions')
  @Access('user')
  async show(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @QueryText('notice') notice: string | null,
  ): Promise<PageAnswer> {
    const sessions = await this.sessions.list(user, context.session);
    return show('sessions', {
      sessions: await Promise.all(sessions.map((session) => this.place(session))),
      notice: noticeText(notice, await this.locale.textsFor(context)),
    });
  }

  @Post('sessions')
  @Access('recent')
  async end(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
    @Exchange() exchange: MfaHttpExchange,
  ): Promise<PageAnswer> {
    const id = textOf(body['id']);
    if (isTicked(body['all'])) {
      await this.sessions.endOthers(user, context);
      return new PageRedirect(this.links.to('sessions', { notice: 'sessions-ended' }));
    }
    if (id === context.session?.id) return this.leave(exchange);
    await this.sessions.end(user, id, context);
    return new PageRedirect(this.links.to('sessions', { notice: 'session-ended' }));
  }

  /** Used by the button on every page. */
  @Post('sign-out')
  @Access('anyone')
  async signOut(@Exchange() exchange: MfaHttpExchange): Promise<PageAnswer> {
    return this.leave(exchange);
  }

  private async leave(exchange: MfaHttpExchange): Promise<PageAnswer> {
    await this.mfa.logout(exchange);
    return new PageRedirect(this.links.signIn(null, 'signed-out') ?? this.links.home);
  }

  private async place(session: MfaSignedInSession): Promise<MfaPlacedSession> {
    const ip = shownAddress(session.ip);
    return { ...session, ip, place: ip === null ? null : await this.adapter.getPlace(ip) };
  }
}
