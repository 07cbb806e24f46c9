import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';

import { MailModule } from '../mail/mail.module.js';
import { UsersModule } from '../users/users.module.js';
import { HomeController } from './controllers/home.controller.js';
import { LoginController } from './controllers/login.controller.js';
import { OutboxController } from './controllers/outbox.controller.js';
import { ProfileController } from './controllers/profile.controller.js';
import { RegisterController } from './controllers/register.controller.js';
import { NotFoundPageFilter } from './page-error.filter.js';
import { PageRenderer } from './page-renderer.js';
import { SecurityPages } from './security-pages.js';
import { SignInService } from './sign-in.service.js';
import { SiteFinder } from './site.js';

/** The demo's own pages. */
@Module({
  imports: [UsersModule, MailModule],
  controllers: [HomeController, RegisterController, LoginController, ProfileController, OutboxController],
  providers: [
    PageRenderer,
    SiteFinder,
    SecurityPages,
    SignInService,
    { provide: APP_FILTER, useClass: NotFoundPageFilter },
  ],
  exports: [PageRenderer],
})
export class PagesModule {}
