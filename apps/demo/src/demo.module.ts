import type { DynamicModule } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MfaModule } from 'nestjs-mfa';

import { AuthModule } from './auth/auth.module.js';
import { BodyPipe } from './auth/body.pipe.js';
import { DemoMfaAdapter } from './auth/demo-mfa.adapter.js';
import type { DemoConfig } from './config/demo-config.js';
import { ContentController } from './content/content.controller.js';
import { MailModule } from './mail/mail.module.js';
import { PagesModule } from './pages/pages.module.js';
import { UsersModule } from './users/users.module.js';

@Module({})
export class DemoModule {
  static forRoot({ database, mfa }: Pick<DemoConfig, 'database' | 'mfa'>): DynamicModule {
    return {
      module: DemoModule,
      imports: [
        TypeOrmModule.forRoot(database),
        MfaModule.forRoot({
          ...mfa,
          adapter: { useClass: DemoMfaAdapter, imports: [UsersModule, MailModule] },
        }),
        UsersModule,
        MailModule,
        AuthModule,
        PagesModule,
      ],
      controllers: [ContentController],
      providers: [{ provide: APP_PIPE, useClass: BodyPipe }],
    };
  }
}
