import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Body, Controller, Get, HttpCode, Inject, Module, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { TestingModule } from '@nestjs/testing';
import { Test } from '@nestjs/testing';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaModuleOptions, MfaNotification, MfaUser } from 'nestjs-mfa';
import {
  DefaultMfaAdapter,
  MFA_CLOCK,
  MfaModule,
  MfaService,
  MfaSessionGuard,
  RequireMfa,
  SkipMfa,
} from 'nestjs-mfa';
import { totpCode } from 'nestjs-mfa/testing';
import type { DataSourceOptions } from 'typeorm';
import { DataSource } from 'typeorm';

import { Client } from './client.js';
import { cleanDatabase } from './databases.js';
import { TestClock } from './clock.js';
import { assertNoSecretLeft } from './hygiene.js';
import { settled } from './inside.js';
import { MemoryLogger } from './memory-logger.js';

export const SECRET = 'a secret for the tests, of 32 bytes or more';

export const ORIGIN = 'https://app.example.com';
export const RELYING_PARTY = { rpId: 'example.com', rpName: 'Example', origins: [ORIGIN] };

/** The application's users: they exist from their first sign-in on. */
export const users = new Map<string, MfaUser>();

/** An adapter as an application would write it, with users in memory. */
export class TestAdapter extends DefaultMfaAdapter {
  readonly notifications: MfaNotification[] = [];

  override findUser(userId: string): MfaUser | null {
    return users.get(userId) ?? null;
  }

  override sendNotification(notification: MfaNotification, _user: MfaUser): void | Promise<void> {
    this.notifications.push(notification);
  }
}

interface Credentials {
  id: string;
  [key: string]: unknown;
}

@Controller()
export class TestController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  /** A first factor that accepts any user. */
  @Post('login')
  @HttpCode(200)
  @SkipMfa()
  login(
    @Body() body: Credentials,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user: MfaUser = { email: `${body.id}@example.com`, ...users.get(body.id), ...body };
    users.set(body.id, user);
    return this.mfa.login(user, { request, response });
  }

  @Post('reauthenticate')
  @HttpCode(200)
  reauthenticate(
    @Body() { id }: Credentials,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.mfa.recordReauthentication(users.get(id) as MfaUser, { request, response });
  }

  @Get('me')
  @UseGuards(MfaSessionGuard)
  me(@Req() { user }: { user: MfaUser }): MfaUser {
    return user;
  }

  @Get('public')
  open(): object {
    return {};
  }

  @Post('email')
  @UseGuards(MfaSessionGuard)
  async email(@Req() { user }: { user: MfaUser }): Promise<void> {
    await this.mfa.assertEmailChangeAllowed(user);
  }
}

@RequireMfa()
@Controller('protected')
export class ProtectedController {
  @Get()
  plain(): string {
    return 'plain';
  }

  @Get('maxage')
  @RequireMfa({ maxAge: 3600 })
  maxAge(): string {
    return 'maxage';
  }

  @Get('phishing-resistant')
  @RequireMfa({ phishingResistant: true })
  phishingResistant(): string {
    return 'phishing-resistant';
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(): string {
    return 'feed';
  }

  @Get('totp')
  @RequireMfa({ methods: ['totp'] })
  totp(): string {
    return 'totp';
  }

  @Get('skipped')
  @SkipMfa()
  skipped(): string {
    return 'skipped';
  }
}

export interface TestApp {
  app: INestApplication;
  url: string;
  clock: TestClock;
  logger: MemoryLogger;
  dataSource: DataSource;
  adapter: TestAdapter;
  client(headers?: Record<string, string>): Client;
  /** Waits for everything that is reported outside of requests. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface TestAppOptions {
  mfa?: Partial<MfaModuleOptions>;
  adapter?: MfaModuleOptions['adapter'];
  controllers?: Type[];
  /** Replaces {@link ProtectedController}, some of whose routes require authenticator apps. */
  protectedRoutes?: Type;
  /** Additional modules of the application. */
  imports?: NonNullable<ModuleMetadata['imports']>;
  /** Creates the application, if not on Express. */
  create?: (module: TestingModule, logger: MemoryLogger) => INestApplication;
  /** Changes the application before it listens. */
  configure?: (app: INestApplication) => void;
  /**
   * A port of localhost to listen on, for browsers, which allow WebAuthn there without HTTPS. Default: any port of
   * 127.0.0.1.
   */
  port?: number;
  /** A SQLite file. */
  database?: string;
  /** Another kind of database. */
  orm?: TypeOrmModuleOptions;
}

/** Starts an application with its own database on a free port. */
export async function startTestApp({
  mfa = {},
  adapter = TestAdapter,
  controllers = [],
  protectedRoutes = ProtectedController,
  imports = [],
  create,
  configure,
  port,
  database,
  orm,
}: TestAppOptions = {}): Promise<TestApp> {
  const own = orm || database ? null : await cleanDatabase();
  const clock = new TestClock();
  const logger = new MemoryLogger();
  let connecting: Promise<DataSource> | undefined;

  @Module({
    imports: [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({
          autoLoadEntities: true,
          synchronize: true,
          ...(own?.orm ?? orm ?? { type: 'better-sqlite3', database: database ?? ':memory:' }),
          logger,
        }),
        dataSourceFactory: (options) =>
          (connecting = new DataSource(options as DataSourceOptions).initialize()),
      }),
      MfaModule.forRoot({ secret: SECRET, adapter, ...mfa }),
      ...imports,
    ],
    controllers: [TestController, protectedRoutes, ...controllers],
  })
  class TestModule {}

  let app: INestApplication;
  try {
    const module = await Test.createTestingModule({ imports: [TestModule] })
      .overrideProvider(MFA_CLOCK)
      .useValue(clock)
      .compile();
    app = create?.(module, logger) ?? module.createNestApplication({ forceCloseConnections: true, logger });
    configure?.(app);
    // Longer than the slowest test pauses: a client might reuse a connection that the server is about to close.
    Object.assign(app.getHttpServer() as object, { keepAliveTimeout: 60_000 });
    await app.listen(port ?? 0, port === undefined ? '127.0.0.1' : 'localhost');
  } catch (error) {
    // A boot that was stopped closes nothing, and may still be connecting: into the next test file, if nobody waits.
    await (await connecting)?.destroy();
    await own?.drop();
    throw error;
  }
  const url = await app.getUrl();
  const { MFA_ADAPTER } = await import('nestjs-mfa');
  const dataSource = app.get<DataSource>(getDataSourceToken());
  const testAdapter = app.get<TestAdapter>(MFA_ADAPTER);
  return {
    app,
    url,
    clock,
    logger,
    dataSource,
    adapter: testAdapter,
    client: (headers) => new Client(url, headers),
    settled: () => settled(app),
    close: async () => {
      try {
        // A test's own adapter may not collect any.
        const { notifications = [] } = testAdapter as Partial<TestAdapter>;
        const hasOwnEncryption = testAdapter.encrypt !== DefaultMfaAdapter.prototype.encrypt;
        const left = { url, dataSource, logs: logger.lines, notifications, hasOwnEncryption };
        await assertNoSecretLeft(left);
      } finally {
        await close(app, own);
      }
    },
  };
}

async function close(app: INestApplication, own: { drop(): Promise<void> } | null): Promise<void> {
  try {
    await app.close();
  } finally {
    await own?.drop();
  }
}

let lastUser = 0;

/** An id that no other test uses. */
export function newUserId(): string {
  lastUser += 1;
  return `user-${lastUser}`;
}

/** The secret's code, a number of time steps from now. */
export function codeOf(secret: string, clock: TestClock, steps = 0): string {
  return totpCode(secret, clock.now() + steps * 30_000);
}

/** A user who has just set up an authenticator app, in the session that did it. */
export interface Enrolled {
  id: string;
  client: Client;
  secret: string;
  authenticatorId: string;
  recoveryCodes: string[];
}

export async function enroll(test: TestApp, extra: Partial<MfaUser> = {}): Promise<Enrolled> {
  const id = newUserId();
  const client = test.client();
  await client.post('/login', { ...extra, id });
  const { body: setup } = await client.post('/mfa/totp');
  const { body, status } = await client.post('/mfa/totp/activate', {
    code: codeOf(setup.secret, test.clock),
  });
  if (status !== 201) throw new Error(`Activation answered ${status}: ${JSON.stringify(body)}`);
  // The activation has used this time step.
  test.clock.advance(60);
  return {
    id,
    client,
    secret: setup.secret,
    authenticatorId: body.authenticator.id,
    recoveryCodes: body.recoveryCodes,
  };
}

/** A new client of that user that has passed only the first factor. */
export async function halfSignIn(test: TestApp, { id }: Pick<Enrolled, 'id'>): Promise<Client> {
  const client = test.client();
  const { body } = await client.post('/login', { id });
  if (body.status !== 'mfa_required') throw new Error(`Sign-in answered ${JSON.stringify(body)}`);
  return client;
}
