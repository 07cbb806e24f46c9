import { Body, Controller, Get, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { MfaService, SkipMfa, safeNextPath } from 'nestjs-mfa';

import { SameOriginGuard } from '../../auth/same-origin.guard.js';
import { UsersService } from '../../users/users.service.js';
import type { FormBody, FormErrors } from '../credentials-form.js';
import { readRegistration } from '../credentials-form.js';
import { BrowserPages } from '../page.decorators.js';
import type { PageAnswer, PageView } from '../page.js';
import { SeeOther, showPage } from '../page.js';
import { SignInService } from '../sign-in.service.js';
import { LoginPage } from '../templates/login.js';

/** Form-based sign-in and sign-out. */
@SkipMfa()
@BrowserPages()
@UseGuards(SameOriginGuard)
@Controller()
export class LoginController {
  constructor(
    @Inject(UsersService) private readonly users: UsersService,
    @Inject(SignInService) private readonly signIns: SignInService,
    @Inject(MfaService) private readonly mfa: MfaService,
  ) {}

  @Get('login')
  show(@Query('next') next: unknown, @Query('notice') notice: unknown): PageView {
    const hasSignedOut = notice === 'signed-out';
    return showPage(LoginPage, { next: safeNextPath(next), email: '', errors: null, hasSignedOut });
  }

  @Post('login')
  async login(
    @Body() body: FormBody,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<PageAnswer> {
    const next = safeNextPath(body?.['next']);
    const { registration, errors } = await readRegistration(body);
    const { email, password } = registration;
    // Credentials that couldn't have been registered can't sign anyone in.
    const user = errors ? null : await this.users.check(email, password);
    if (user) return this.signIns.signIn(user, next, { request, response });
    return showPage(LoginPage, { next, email, errors: explain(email, password), hasSignedOut: false }, 422);
  }

  @Post('logout')
  async logout(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<SeeOther> {
    await this.mfa.logout({ request, response });
    return new SeeOther('/');
  }
}

/** An attacker only learns which of the fields was empty. */
function explain(email: string, password: string): FormErrors {
  if (email !== '' && password !== '') return { password: 'The address or the password is wrong.' };
  return {
    ...(email === '' && { email: 'Enter your email address.' }),
    ...(password === '' && { password: 'Enter your password.' }),
  };
}
