import { Inject, Injectable } from '@nestjs/common';
import type { MfaLoginExchange, MfaLoginStatus, MfaPagePath } from 'nestjs-mfa';
import { MfaService } from 'nestjs-mfa';

import type { User } from '../users/user.entity.js';
import { toMfaUser } from '../users/users.service.js';
import { SeeOther } from './page.js';
import { SecurityPages } from './security-pages.js';

/** Where to go after signing in by default. */
export const AFTER_SIGN_IN = '/profile';

/** The library's page on which each sign-in outcome continues. */
const ONWARD: Record<MfaLoginStatus, MfaPagePath | null> = {
  authenticated: null,
  mfa_required: 'authenticate',
  enrollment_required: 'enrol',
};

/** Signs in browsers whose password was correct. */
@Injectable()
export class SignInService {
  constructor(
    @Inject(MfaService) private readonly mfa: MfaService,
    @Inject(SecurityPages) private readonly security: SecurityPages,
  ) {}

  async signIn(user: User, next: string | null, exchange: MfaLoginExchange): Promise<SeeOther> {
    const { status } = await this.mfa.login(toMfaUser(user), exchange);
    const page = ONWARD[status];
    const target = next ?? AFTER_SIGN_IN;
    return new SeeOther((page !== null ? this.security.link(page, target) : null) ?? target);
  }
}
