import secureSession from '@fastify/secure-session';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Put,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaSessionTransport, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, MfaService, MfaSessionGuard, RequireMfa } from 'nestjs-mfa';

import { UsersModule, UsersService } from './support/users.js';

type SessionRequest = { session: secureSession.Session<{ mfaToken: string; theme: string }> };

/** The token stands in the session that the application keeps anyway, encrypted in its cookie. */
export class SecureSessionTransport implements MfaSessionTransport {
  read({ session }: SessionRequest): string | undefined {
    return session.get('mfaToken');
  }

  write({ session }: SessionRequest, _reply: object, token: string): void {
    session.set('mfaToken', token);
  }

  /** Signing out of one is signing out of both. */
  clear({ session }: SessionRequest): void {
    session.delete();
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
  login(
    @Body() { email, password }: { email: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user = this.users.check(email, password);
    if (!user) throw new UnauthorizedException();
    return this.mfa.login(user, { request, response });
  }

  @Post('logout')
  @HttpCode(204)
  logout(@Req() request: object, @Res({ passthrough: true }) response: object): Promise<void> {
    return this.mfa.logout({ request, response });
  }

  @Get('me')
  @UseGuards(MfaSessionGuard)
  me(@Req() { user, session }: SessionRequest & { user: MfaUser }): object {
    return { email: user.email, theme: session.get('theme') ?? 'light' };
  }

  /** Something that the application keeps in the session, with or without a user. */
  @Put('theme')
  @HttpCode(204)
  setTheme(@Body() { theme }: { theme: string }, @Req() { session }: SessionRequest): void {
    session.set('theme', theme);
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
      session: { transport: SecureSessionTransport },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}

/** In `main.ts`, before the application listens. */
export async function useSessions(app: NestFastifyApplication): Promise<void> {
  const isDevelopment = ['development', 'test'].includes(process.env['NODE_ENV'] ?? 'production');
  await app.register(secureSession, {
    key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64'), // 32 bytes
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: !isDevelopment },
  });
}
