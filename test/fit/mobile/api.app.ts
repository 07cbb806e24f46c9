import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, MfaService, RequireMfa } from 'nestjs-mfa';

import { UsersModule, UsersService } from '../support/users.js';

@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  constructor(private readonly users: UsersService) {
    super();
  }

  override findUser(id: string): MfaUser | null {
    return this.users.find(id);
  }
}

@Controller()
export class AppController {
  constructor(
    private readonly mfa: MfaService,
    private readonly users: UsersService,
  ) {}

  @Post('login')
  @HttpCode(200)
  login(
    @Body() { email, password }: { email: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user = this.users.check(email, password);
    if (!user) throw new UnauthorizedException();
    return this.mfa.login(user, { request, response });
  }

  @Get('reports')
  @RequireMfa()
  reports(): object {
    return { turnover: 42 };
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      autoLoadEntities: true,
      synchronize: true,
    }),
    UsersModule,
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [UsersModule] },
      session: { cookie: false },
      webauthn: {
        rpId: 'example.com',
        rpName: 'Example',
        origins: [
          'https://app.example.com', // pages in browsers
          'https://example.com', // what iPhones send: `rpId`
          'android:apk-key-hash:Mo1uLYVQ9PSeLMtaXKyMw2TTEcFtgWr9QYgAVnHjZSw', // Android: your signing key
        ],
      },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
