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
import { ConfigModule } from '@nestjs/config';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, MfaService, RequireMfa } from 'nestjs-mfa';

import { mfaConfig } from './mfa.config.js';
import { UsersModule, UsersService } from './support/users.js';

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
    ConfigModule.forRoot({ load: [mfaConfig] }),
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      autoLoadEntities: true,
      synchronize: true,
    }),
    UsersModule,
    MfaModule.forRootAsync({
      ...mfaConfig.asProvider(),
      // What the module is built of can't wait for the configuration.
      adapter: { useClass: AppMfaAdapter, imports: [UsersModule] },
      pages: { loginUrl: '/login' },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
