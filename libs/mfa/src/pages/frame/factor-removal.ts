import { Inject, Injectable } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { AuthenticatorList } from '../../engine/authenticators/authenticator-list.js';
import { RemoveAuthenticatorFlow } from '../../engine/changes/remove-authenticator.flow.js';
import { isSecondFactorRow } from '../../engine/rows/authenticator.entity.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import { MfaPageLinks } from '../../refusals/page-links.js';
import type { PageAnswer } from './page-answer.js';
import { PageRedirect, show } from './page-answer.js';
import type { Refusal } from './page-form.js';
import { PageForm } from './page-form.js';

/** The factor to remove, and the page that asks for confirmation. */
export interface AskedRemoval {
  page: 'totp/remove' | 'factors/remove';
  /** Null if there is no such type. */
  type: MfaType | null;
  /** Null if the user chooses one on the page, or has only one. */
  id: string | null;
}

/** The page that removes a factor of a given type, and its form. */
@Injectable()
export class FactorRemoval {
  constructor(
    @Inject(AuthenticatorList) private readonly authenticators: AuthenticatorList,
    @Inject(RemoveAuthenticatorFlow) private readonly removal: RemoveAuthenticatorFlow,
    @Inject(PageForm) private readonly form: PageForm,
    @Inject(MfaPageLinks) private readonly links: MfaPageLinks,
  ) {}

  /** @throws {MfaException} `not_found` unless the user has such a factor */
  async show(
    user: MfaUser,
    context: MfaRequest,
    { page, type, id }: AskedRemoval,
    refusal?: Refusal,
  ): Promise<PageAnswer> {
    const factors = (await this.authenticators.find(user)).filter(isSecondFactorRow);
    const authenticators = factors.filter((one) => one.type === type && (id === null || one.id === id));
    const [first] = authenticators;
    if (!first) throw new MfaException('not_found');
    const isNeeded = await this.removal.isNeeded(user, first.id, factors, context);
    const isLast = factors.length === 1;
    return show(page, { authenticators, isLast, isNeeded, error: refusal?.error ?? null }, refusal);
  }

  async remove(user: MfaUser, context: MfaRequest, asked: AskedRemoval): Promise<PageAnswer> {
    const { type, id } = asked;
    return this.form.submit(
      context,
      { codes: { cannot_delete_authenticator: 'removeNotAllowed' } },
      async () => {
        const own = type === null ? [] : await this.authenticators.find(user, type);
        const meant = id === null && own.length === 1 ? own[0] : own.find((one) => one.id === id);
        if (!meant) throw new MfaException('not_found');
        await this.removal.remove(user, meant.id, context);
        return new PageRedirect(this.links.to('index', { notice: 'removed' }));
      },
      (refusal) => this.show(user, context, asked, refusal),
    );
  }
}
