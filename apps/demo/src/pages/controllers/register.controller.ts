import { Body, Controller, Get, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { SkipMfa, safeNextPath } from 'nestjs-mfa';

import { SameOriginGuard } from '../../auth/same-origin.guard.js';
import { UsersService } from '../../users/users.service.js';
import type { FormBody, FormErrors } from '../credentials-form.js';
import { readRegistration } from '../credentials-form.js';
import { BrowserPages } from '../page.decorators.js';
import type { PageAnswer, PageView } from '../page.js';
import { showPage } from '../page.js';
import { SignInService } from '../sign-in.service.js';
import { RegisterPage } from '../templates/register.js';

const TAKEN: FormErrors = { email: 'This address has an account already. Sign in, or use another one.' };

/** Creates an account and signs its owner in. */
@SkipMfa()
@BrowserPages()
@UseGuards(SameOriginGuard)
@Controller('register')
export class RegisterController {
  constructor(
    @Inject(UsersService) private readonly users: UsersService,
    @Inject(SignInService) private readonly signIns: SignInService,
  ) {}

  @Get()
  show(@Query('next') next: unknown): PageView {
    return showPage(RegisterPage, { next: safeNextPath(next), email: '', phone: '', errors: null });
  }

  @Post()
  async register(
    @Body() body: FormBody,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<PageAnswer> {
    const next = safeNextPath(body?.['next']);
    const { registration, errors } = await readRegistration(body);
    const { email, password, phone = null } = registration;
    const user = errors ? null : await this.users.registerUnlessTaken(email, password, phone);
    if (user) return this.signIns.signIn(user, next, { request, response, signUp: true });
    return showPage(RegisterPage, { next, email, phone: phone ?? '', errors: errors ?? TAKEN }, 422);
  }
}
