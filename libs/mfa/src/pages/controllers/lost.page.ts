import { Get, Inject, Post } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { safeNext } from '../../core/web/next-path.js';
import { ReportedAuthenticators } from '../../account/reported-authenticators.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { SuspendAuthenticatorFlow } from '../../engine/changes/suspend-authenticator.flow.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { Access, CurrentRequest, CurrentUser } from '../../guard/mfa-route.guard.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { PageAnswer } from '../frame/page-answer.js';
import { PageRedirect, show } from '../frame/page-answer.js';
import type { FormBody, Refusal } from '../frame/page-form.js';
import { PageForm, textOf } from '../frame/page-form.js';
import { Form, MfaPages, QueryText } from '../render/page.decorators.js';

/** Reports a factor as lost, or as found again. */
@MfaPages()
export class LostPages {
  constructor(
    @Inject(ReportedAuthenticators) private readonly reported: ReportedAuthenticators,
    @Inject(SuspendAuthenticatorFlow) private readonly suspending: SuspendAuthenticatorFlow,
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  @Get('lost')
  @Access('authenticate')
  async showLost(
    @CurrentRequest() context: MfaRequest,
    @QueryText('id') id: string | null,
    @QueryText('next') next: string | null,
  ): Promise<PageAnswer> {
    return this.lostPage(context, { id, next: safeNext(next) });
  }

  @Post('lost')
  @Access('authenticate')
  async reportLost(@CurrentRequest() context: MfaRequest, @Form() body: FormBody): Promise<PageAnswer> {
    const id = textOf(body['id']);
    const next = safeNext(body['next']);
    return this.form.submit(
      context,
      {},
      async () => {
        await this.reported.report(context, id);
        const isPending = context.session?.status === 'pending';
        return new PageRedirect(
          isPending
            ? this.links.to('authenticate', { next, notice: 'suspended' })
            : this.links.to('index', { notice: 'suspended' }),
        );
      },
      (refusal) => this.lostPage(context, { id, next }, refusal),
    );
  }

  @Get('found')
  @Access('recent')
  async showFound(@CurrentUser() user: MfaUser, @QueryText('id') id: string | null): Promise<PageAnswer> {
    const authenticator = (await this.authenticators.find(user)).find((one) => one.id === id);
    if (!authenticator?.suspended) throw new MfaException('not_found');
    return show('found', { authenticator });
  }

  @Post('found')
  @Access('recent')
  async found(
    @CurrentUser() user: MfaUser,
    @CurrentRequest() context: MfaRequest,
    @Form() body: FormBody,
  ): Promise<PageAnswer> {
    await this.suspending.resume(user, textOf(body['id']), { by: 'user', context });
    return new PageRedirect(this.links.to('index', { notice: 'resumed' }));
  }

  /** @param id the lost authenticator; if it is null, or can't be reported, the user chooses one on the page */
  private async lostPage(
    context: MfaRequest,
    { id, next }: { id: string | null; next: string | null },
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const all = await this.reported.list(context);
    const usable = all.filter(({ suspended }) => !suspended);
    const chosen = usable.filter((one) => one.id === id);
    return show(
      'lost',
      {
        authenticators: chosen.length > 0 ? chosen : usable,
        hasSuspended: usable.length < all.length,
        next,
        isPending: context.session?.status === 'pending',
        error: refusal?.error ?? null,
      },
      refusal,
    );
  }
}
