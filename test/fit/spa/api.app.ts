import type { INestApplication } from '@nestjs/common';
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

/** Your page, as `http://localhost:4200`. */
const WEB = process.env['WEB_ORIGIN'] ?? '';
/** A page that is on another site altogether, and has the session header. */
const PARTNER = process.env['PARTNER_ORIGIN'] ?? '';

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
      trustedOrigins: [WEB],
      // Keys and passkeys belong to the page: its domain, its origin.
      webauthn: { rpId: 'localhost', rpName: 'Example', origins: [WEB], allowInsecureOrigin: true },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}

/** In `main.ts`, before the application listens. */
export function allowPages(app: INestApplication): void {
  app.enableCors({
    origin: [WEB, PARTNER],
    credentials: true,
    exposedHeaders: ['Retry-After', 'WWW-Authenticate', 'x-mfa-session'],
  });
}
