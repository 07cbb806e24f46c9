import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import type { ExecutionContext, Type } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import jwt from 'jsonwebtoken';
import type { AuthenticationSession, MfaLoginResult, MfaModuleOptions, MfaUser } from 'nestjs-mfa';
import { MfaService, RequireMfa } from 'nestjs-mfa';
import { ExtractJwt, Strategy } from 'passport-jwt';

import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, startTestApp, users } from '../support/test-app.js';

const KEY = 'a secret of the application for its access tokens';
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata('isPublic', true);

interface Claims {
  sub: string;
  /** The token of the authentication session. */
  sid?: string;
}

export const sign = (claims: Claims): string => jwt.sign(claims, KEY, { expiresIn: 600 });

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: KEY });
  }

  validate({ sub, ...claims }: Claims): object | null {
    const user = users.get(sub);
    return user ? { ...user, ...claims } : null;
  }
}

/** Reads a token that comes along on public routes too: what is public needs none, and may know whom it speaks to. */
@Injectable()
class JwtGuard extends AuthGuard('jwt') {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {
    super();
  }

  override handleRequest<User>(
    error: unknown,
    user: User,
    info: unknown,
    context: ExecutionContext,
    status?: unknown,
  ): User {
    const isPublic = this.reflector.getAllAndOverride<boolean>('isPublic', [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic && !error && !user) return undefined as User;
    return super.handleRequest(error, user, info, context, status);
  }
}

/** Gives the access token once the sign-in is complete. */
class TokenAdapter extends TestAdapter {
  override completeLogin(user: MfaUser, _session: AuthenticationSession): { accessToken: string } {
    return { accessToken: sign({ sub: String(user.id) }) };
  }
}

@Controller('app')
class AppController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Public()
  @Post('login')
  @HttpCode(200)
  login(
    @Body() { id }: { id: string },
    @Req() request: { user?: MfaUser },
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user = users.get(id) ?? { id };
    users.set(id, user);
    // As `AuthGuard('local')` leaves it.
    request.user = user;
    return this.mfa.login(user, { request, response });
  }

  @Get('orders')
  @RequireMfa({ allowUnenrolled: true })
  orders(@Req() { user }: { user: MfaUser }): object {
    return { of: user.id };
  }
}

/** The same with the guard on the controller. */
@Controller('app')
@UseGuards(JwtGuard)
export class GuardedController extends AppController {}

export interface Variant {
  name: string;
  controller: Type;
  providers: object[];
  routes: MfaModuleOptions['routes'];
}

export const VARIANTS: Variant[] = [
  {
    name: 'a global guard and `@Public()`',
    controller: AppController,
    providers: [{ provide: APP_GUARD, useClass: JwtGuard }],
    routes: { decorators: [Public()] },
  },
  {
    name: 'a guard on each controller',
    controller: GuardedController,
    providers: [],
    routes: { guards: [JwtGuard], decorators: [Public()] },
  },
];

export { JwtGuard };

/** The application with access tokens, guarded in one of these ways. */
export function startJwtApp({ controller, providers, routes }: Variant): Promise<TestApp> {
  @Module({ providers: [JwtStrategy, ...(providers as [])] })
  class AuthModule {}
  return startTestApp({
    adapter: TokenAdapter,
    controllers: [controller],
    imports: [AuthModule],
    mfa: { webauthn: RELYING_PARTY, passkeyLogin: true, routes },
  });
}
