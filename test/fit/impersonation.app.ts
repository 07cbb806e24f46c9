import type { CanActivate, ExecutionContext } from '@nestjs/common';
import {
  Body,
  Controller,
  Delete,
  ForbiddenException,
  Get,
  HttpCode,
  Injectable,
  Module,
  NotFoundException,
  Param,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
  createParamDecorator,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSession,
  DefaultMfaAdapter,
  MfaModule,
  MfaService,
  MfaSession,
  MfaSessionGuard,
  RequireMfa,
  getMfaSession,
} from 'nestjs-mfa';

import { UsersModule, UsersService } from './support/users.js';

const SUPPORT = 'support@example.com';

/** Who acts for whom. One instance may keep it in memory; several need a table. */
@Injectable()
export class Impersonations {
  private readonly running = new Map<string, { userId: string; until: number }>();

  begin(session: AuthenticationSession, userId: string): void {
    this.running.set(session.id, { userId, until: Date.now() + 15 * 60_000 });
  }

  end(session: AuthenticationSession): void {
    this.running.delete(session.id);
  }

  /** Whose data a session is shown: its own user's, unless it acts for another. */
  subjectOf(session: AuthenticationSession): string {
    const found = this.running.get(session.id);
    return found && found.until > Date.now() ? found.userId : session.userId;
  }
}

/** After `MfaSessionGuard`: leaves `request.user` alone, which is who sits at the keyboard. */
@Injectable()
export class SubjectGuard implements CanActivate {
  constructor(private readonly impersonations: Impersonations) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ subject?: string }>();
    const session = getMfaSession(request);
    if (session) request.subject = this.impersonations.subjectOf(session);
    return true;
  }
}

/** The id of the user whose data the request is about. */
export const Subject = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<{ subject?: string }>().subject,
);

@Controller('support')
@UseGuards(MfaSessionGuard)
export class SupportController {
  constructor(
    private readonly impersonations: Impersonations,
    private readonly users: UsersService,
  ) {}

  @Post('act-for/:userId')
  @HttpCode(204)
  @RequireMfa({ maxAge: 300 }) // the second factor of who wants to act for somebody
  begin(
    @Param('userId') userId: string,
    @MfaSession() session: AuthenticationSession,
    @Req() request: { user: MfaUser },
  ): void {
    if (request.user.email !== SUPPORT) throw new ForbiddenException();
    if (!this.users.find(userId)) throw new NotFoundException();
    this.impersonations.begin(session, userId); // and a line in your own trail: who, for whom, why
  }

  @Delete('act-for')
  @HttpCode(204)
  end(@MfaSession() session: AuthenticationSession): void {
    this.impersonations.end(session);
  }
}

@Controller('reports')
@RequireMfa()
@UseGuards(MfaSessionGuard, SubjectGuard)
export class ReportsController {
  @Get()
  list(@Subject() userId: string): object {
    return { reportsOf: userId };
  }

  @Post('publish')
  publish(@Subject() userId: string, @Req() request: { user: MfaUser }): object {
    if (String(request.user.id) !== userId) throw new ForbiddenException('Only they can do this themselves.');
    return { published: true };
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
export class SignInController {
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
      supportedTypes: ['totp', 'recovery_codes'],
    }),
  ],
  controllers: [SignInController, SupportController, ReportsController],
  providers: [Impersonations],
})
export class AppModule {}
