import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Post,
  Query,
  Redirect,
  Req,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, MfaService, RequireMfa, readExternalMfa } from 'nestjs-mfa';
import type { IDToken } from 'openid-client';
import * as oidc from 'openid-client';

import { UsersModule, UsersService } from './support/users.js';

type SignInRequest = { url: string; headers: { cookie?: string }; idToken?: IDToken };
type SignInResponse = { cookie(name: string, value: string, options: object): void };

/** What the provider has told about itself. */
const PROVIDER = Symbol('PROVIDER');
const appUrl = (path: string): string => new URL(path, process.env['APP_URL']).href;

@Module({
  providers: [
    {
      provide: PROVIDER,
      useFactory: (): Promise<oidc.Configuration> => {
        const issuer = new URL(process.env['OIDC_ISSUER'] ?? '');
        // A provider on your own machine.
        const execute = issuer.hostname === 'localhost' ? [oidc.allowInsecureRequests] : [];
        return oidc.discovery(issuer, 'example', process.env['OIDC_SECRET'], undefined, { execute });
      },
    },
  ],
  exports: [PROVIDER],
})
export class ProviderModule {}

@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  constructor(private readonly users: UsersService) {
    super();
  }

  override findUser(id: string): MfaUser | null {
    return this.users.find(id);
  }

  /** When the provider asked for several factors, if it says so; false if not. */
  override trustExternalMfa(_user: MfaUser, { idToken }: SignInRequest): Date | false {
    return readExternalMfa(idToken);
  }
}

@Controller('auth')
export class AuthController {
  constructor(
    private readonly mfa: MfaService,
    private readonly users: UsersService,
    @Inject(PROVIDER) private readonly provider: oidc.Configuration,
  ) {}

  /** @param fresh whether the provider has to ask again, although it knows the user */
  @Get('login')
  @Redirect()
  async begin(
    @Res({ passthrough: true }) response: SignInResponse,
    @Query('fresh') fresh?: string,
  ): Promise<{ url: string }> {
    const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
    const begun = {
      httpOnly: true,
      sameSite: 'lax',
      secure: appUrl('/').startsWith('https:'),
      path: '/auth',
    };
    response.cookie('sign_in', [state, nonce, verifier].join('.'), begun);
    const url = oidc.buildAuthorizationUrl(this.provider, {
      redirect_uri: appUrl('/auth/callback'),
      scope: 'openid email',
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(fresh ? { max_age: '0' } : {}),
    });
    return { url: url.href };
  }

  @Get('callback')
  @Redirect()
  async callback(
    @Req() request: SignInRequest,
    @Res({ passthrough: true }) response: SignInResponse,
  ): Promise<{ url: string }> {
    const begun = /(?:^|; )sign_in=([^;]*)/.exec(request.headers.cookie ?? '')?.[1]?.split('.') ?? [];
    const [expectedState = '', expectedNonce = '', pkceCodeVerifier = ''] = begun;
    const checks = { expectedState, expectedNonce, pkceCodeVerifier, idTokenExpected: true };
    const tokens = await oidc
      .authorizationCodeGrant(this.provider, new URL(appUrl(request.url)), checks)
      .catch(() => null);
    const idToken = tokens?.claims();
    if (!idToken) throw new UnauthorizedException();
    request.idToken = idToken;
    const user = this.users.findOrCreateByIdentity(idToken.iss, idToken.sub);
    const { status } = await this.mfa.login(user, { request, response, firstFactor: 'federated' });
    return { url: status === 'authenticated' ? '/' : '/account/security/authenticate' };
  }

  /** Ends the session here, and says where the provider ends its own. */
  @Post('logout')
  @HttpCode(200)
  async logout(
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<{ url: string }> {
    await this.mfa.logout({ request, response });
    const after = { post_logout_redirect_uri: appUrl('/'), client_id: 'example' };
    return { url: oidc.buildEndSessionUrl(this.provider, after).href };
  }
}

@Controller()
export class ReportsController {
  @Get('reports')
  @RequireMfa()
  reports(): object {
    return { turnover: 42 };
  }

  /** Only for keys: what the provider says does not tell which factor it was. */
  @Get('vault')
  @RequireMfa({ phishingResistant: true })
  vault(): object {
    return { gold: true };
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
    ProviderModule,
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [UsersModule] },
      pages: { loginUrl: '/auth/login' },
      externalMfaMaxAgeSeconds: 3600,
    }),
  ],
  controllers: [AuthController, ReportsController],
})
export class AppModule {}
