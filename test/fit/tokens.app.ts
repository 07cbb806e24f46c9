import type { CanActivate, ExecutionContext } from '@nestjs/common';
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
import { JwtModule, JwtService } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSession,
  AuthenticationSessionService,
  DefaultMfaAdapter,
  MfaClaimsModule,
  MfaModule,
  MfaService,
  MfaSession,
  MfaSessionGuard,
  RequireMfa,
  mfaClaims,
} from 'nestjs-mfa';

import { UsersModule, UsersService } from './support/users.js';

const JWT_SECRET = 'a secret that both applications have';

@Injectable()
export class TokensService {
  constructor(private readonly jwt: JwtService) {}

  /** Says what the session holds and when that was proven. */
  accessToken(userId: string, session: AuthenticationSession): Promise<string> {
    const claims = { sub: userId, typ: 'access', ...mfaClaims(session) };
    return this.jwt.signAsync(claims, { expiresIn: '5m' });
  }

  /** Names the session, and says nothing of what it holds: that is read anew at each refresh. */
  refreshToken(userId: string, { id: sid }: AuthenticationSession): Promise<string> {
    return this.jwt.signAsync({ sub: userId, typ: 'refresh', sid }, { expiresIn: '30d' });
  }

  async verify<Claims extends { typ: string }>(token: string, typ: Claims['typ']): Promise<Claims> {
    const claims = await this.jwt.verifyAsync<Claims>(token).catch(() => null);
    if (claims?.typ !== typ) throw new UnauthorizedException();
    return claims;
  }
}

@Module({
  imports: [JwtModule.register({ secret: JWT_SECRET })],
  providers: [TokensService],
  exports: [TokensService],
})
export class TokensModule {}

@Injectable()
export class TokenAdapter extends DefaultMfaAdapter {
  constructor(
    private readonly users: UsersService,
    private readonly tokens: TokensService,
  ) {
    super();
  }

  override findUser(id: string): MfaUser | null {
    return this.users.find(id);
  }

  /** Asked when a sign-in is complete, and at every step-up: a password alone gets no token where a second factor is owed. */
  override async completeLogin(
    { id }: MfaUser,
    session: AuthenticationSession,
  ): Promise<{ accessToken: string; refreshToken: string }> {
    return {
      accessToken: await this.tokens.accessToken(String(id), session),
      refreshToken: await this.tokens.refreshToken(String(id), session),
    };
  }
}

type RefreshClaims = { typ: 'refresh'; sub: string; sid: string };

@Controller('auth')
export class AuthController {
  constructor(
    private readonly mfa: MfaService,
    private readonly sessions: AuthenticationSessionService,
    private readonly users: UsersService,
    private readonly tokens: TokensService,
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

  @Post('refresh')
  @HttpCode(200)
  async refresh(@Body() { refreshToken }: { refreshToken: string }): Promise<{ accessToken: string }> {
    const { sub, sid } = await this.tokens.verify<RefreshClaims>(refreshToken, 'refresh');
    const sessions = this.users.find(sub) ? await this.sessions.list({ id: sub }) : [];
    const session = sessions.find(({ id, status }) => id === sid && status === 'authenticated');
    if (!session) throw new UnauthorizedException();
    return { accessToken: await this.tokens.accessToken(sub, session) };
  }

  /** From here on no refresh token of this session is worth anything. */
  @Post('logout')
  @HttpCode(204)
  logout(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<void> {
    return this.mfa.logout({ request, response });
  }
}

@Controller('auth')
export class TokenController {
  constructor(private readonly tokens: TokensService) {}

  /** The same without a refresh token: the session's own token is one. */
  @Post('token')
  @HttpCode(200)
  @UseGuards(MfaSessionGuard)
  async token(@MfaSession() session: AuthenticationSession): Promise<{ accessToken: string }> {
    return { accessToken: await this.tokens.accessToken(session.userId, session) };
  }
}

/** The application that signs in. */
@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      autoLoadEntities: true,
      synchronize: true,
    }),
    UsersModule,
    TokensModule,
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: TokenAdapter, imports: [UsersModule, TokensModule] },
    }),
  ],
  controllers: [AuthController, TokenController],
})
export class SignInModule {}

@Injectable()
export class AccessTokenGuard implements CanActivate {
  constructor(private readonly tokens: TokensService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context
      .switchToHttp()
      .getRequest<{ headers: { authorization?: string }; user?: object }>();
    const [scheme, token = ''] = request.headers.authorization?.split(' ') ?? [];
    if (scheme !== 'Bearer') throw new UnauthorizedException();
    request.user = await this.tokens.verify(token, 'access');
    return true;
  }
}

@Controller('reports')
export class ReportsController {
  @Get()
  @RequireMfa()
  reports(): object {
    return { turnover: 42 };
  }

  @Get('titles')
  titles(): string[] {
    return ['turnover'];
  }
}

/** Another one, which has no database: it reads tokens. */
@Module({
  imports: [TokensModule, MfaClaimsModule.forRoot()],
  controllers: [ReportsController],
  providers: [{ provide: APP_GUARD, useClass: AccessTokenGuard }],
})
export class ApiModule {}
