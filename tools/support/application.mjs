// What the measured applications have in common. Decorators are applied by hand, because these files run without
// compilation.
import 'reflect-metadata';

import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { DefaultMfaAdapter, MfaService } from 'nestjs-mfa';

export function decorate(type, method, decorators, parameters = []) {
  parameters.forEach((decorator, index) => decorator(type.prototype, method, index));
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, method);
  for (const decorator of decorators) decorator(type.prototype, method, descriptor);
}

export class QuietAdapter extends DefaultMfaAdapter {
  sendNotification() {
    // Notifications aren't read here.
  }
}

export class LoginController {
  constructor(mfa) {
    this.mfa = mfa;
  }

  /** A first factor that accepts any user. */
  login({ id }, request, response) {
    return this.mfa.login({ id, email: `${id}@example.com` }, { request, response });
  }
}
Inject(MfaService)(LoginController, undefined, 0);
decorate(
  LoginController,
  'login',
  [Post('login'), HttpCode(200)],
  [Body(), Req(), Res({ passthrough: true })],
);
Controller()(LoginController);
