import type { ExecutionContext } from '@nestjs/common';
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
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { ThrottlerLimitDetail } from '@nestjs/throttler';
import { Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaException, MfaModule, MfaService, MfaSessionGuard } from 'nestjs-mfa';

import { UsersModule, UsersService } from './support/users.js';

/** Limits what one address may try, whatever users it tries it with. */
@Injectable()
export class AddressGuard extends ThrottlerGuard {
  /** Looking costs nothing. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.switchToHttp().getRequest<{ method: string }>().method === 'GET');
  }

  /** One count for all routes behind this guard, in place of one for each. */
  protected override generateKey(_context: ExecutionContext, address: string): string {
    return `sign-in of ${address}`;
  }

  /** In the shape of the module's own refusals, which its pages and its client know. */
  protected override throwThrottlingException(
    _context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): never {
    throw new MfaException('too_many_attempts', { retryAfter: timeToBlockExpire });
  }
}

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
  @UseGuards(AddressGuard)
  login(
    @Body() { email, password }: { email: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user = this.users.check(email, password);
    if (!user) throw new UnauthorizedException();
    return this.mfa.login(user, { request, response });
  }

  @Get('me')
  @UseGuards(MfaSessionGuard)
  me(@Req() { user }: { user: MfaUser }): MfaUser {
    return user;
  }
}

const database = TypeOrmModule.forRoot({
  type: 'better-sqlite3',
  database: ':memory:',
  autoLoadEntities: true,
  synchronize: true,
});

@Module({
  imports: [
    database,
    UsersModule,
    ThrottlerModule.forRoot([{ ttl: 60_000, limit: 20 }]),
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [UsersModule] },
      routes: { guards: [AddressGuard] },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}

/** An application that has ThrottlerGuard before everything. */
@Module({
  imports: [
    database,
    UsersModule,
    ThrottlerModule.forRoot([{ ttl: 60_000, limit: 100 }]),
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [UsersModule] },
      routes: { decorators: [Throttle({ default: { ttl: 60_000, limit: 10 } })] },
    }),
  ],
  controllers: [AppController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
export class ThrottledModule {}
