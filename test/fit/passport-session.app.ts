import { promisify } from 'node:util';

import { Body, Controller, Get, HttpCode, Inject, Injectable, Post, Req, Res } from '@nestjs/common';
import type { MfaModuleOptions, MfaSessionTransport, MfaUser } from 'nestjs-mfa';
import { MfaService, SkipMfa, getMfaSession } from 'nestjs-mfa';
import passport from 'passport';

import type { ServerSession } from '../support/server-session.js';
import { ServerSessions } from '../support/server-session.js';
import type { TestApp } from '../support/test-app.js';
import { TestAdapter, startTestApp, users } from '../support/test-app.js';

interface PassportRequest {
  session: ServerSession & { mfaToken?: string; passport?: { user?: MfaUser['id'] } };
  user?: MfaUser;
  logIn(user: MfaUser, options: { keepSessionInfo: boolean }, done: (error?: unknown) => void): void;
  logout(done: (error?: unknown) => void): void;
}

/** The token stands in the session that the application keeps anyway. */
@Injectable()
class PassportTransport implements MfaSessionTransport {
  read({ session }: PassportRequest): string | undefined {
    return session.mfaToken;
  }

  write({ session }: PassportRequest, _response: object, token: string): void {
    session.mfaToken = token;
  }

  /** Signing out of one is signing out of both. */
  async clear(request: PassportRequest): Promise<void> {
    await promisify(request.logout.bind(request))();
    delete request.session.mfaToken;
  }
}

class PassportAdapter extends TestAdapter {
  /** Passport's user counts together with the authentication session, which can be ended from elsewhere. */
  override async getUser(request: object): Promise<MfaUser | null> {
    const { user } = request as PassportRequest;
    // Passport doesn't know users yet who are setting up the first factor that they must have: the session says who they are.
    if (!user) return super.getUser(request);
    return String(user.id) === getMfaSession(request)?.userId ? user : null;
  }

  /** Only now does Passport learn who the user is. */
  override async completeLogin(
    user: MfaUser,
    _session: unknown,
    request: object,
  ): Promise<{ welcome: string }> {
    const passportRequest = request as PassportRequest;
    // `logIn` starts a new session, at every step-up too. What yours holds is kept, unless it was another user's.
    const known = passportRequest.session.passport?.user;
    const keepSessionInfo = known === undefined || String(known) === String(user.id);
    await promisify(passportRequest.logIn.bind(passportRequest))(user, { keepSessionInfo });
    return { welcome: String(user.id) };
  }
}

@Controller('app')
class AppController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Post('login')
  @HttpCode(200)
  @SkipMfa()
  login(
    @Body() { id }: { id: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ) {
    users.set(id, users.get(id) ?? { id });
    return this.mfa.login(users.get(id) as MfaUser, { request, response });
  }

  /** The application's own way out, which knows nothing of this module. */
  @Post('logout')
  @HttpCode(204)
  async logout(@Req() request: PassportRequest): Promise<void> {
    await promisify(request.logout.bind(request))();
  }

  /** What the application keeps in its session, for visitors too. */
  @Post('cart')
  @HttpCode(204)
  fillCart(@Req() { session }: PassportRequest, @Body() { item }: { item: string }): void {
    session['cart'] = [item];
  }

  @Get('cart')
  cart(@Req() { session }: PassportRequest): object {
    return { items: session['cart'] ?? [] };
  }

  /** Guarded by nothing but what Passport says. */
  @Get('who')
  who(@Req() { user }: PassportRequest): object {
    return { id: user?.id ?? null };
  }
}

/** The application, and the sessions that it keeps on the server. */
export async function startPassportApp(
  mfa: Partial<MfaModuleOptions>,
): Promise<{ test: TestApp; sessions: ServerSessions }> {
  const sessions = new ServerSessions();
  passport.serializeUser((user, done) => done(null, (user as MfaUser).id));
  passport.deserializeUser((id, done) => done(null, users.get(String(id)) ?? false));
  const test = await startTestApp({
    adapter: PassportAdapter,
    controllers: [AppController],
    mfa: { requiredForStaff: true, ...mfa, session: { ...mfa.session, transport: PassportTransport } },
    configure: (app) => {
      sessions.use(app);
      app.use(passport.initialize());
      app.use(passport.session());
    },
  });
  return { test, sessions };
}
