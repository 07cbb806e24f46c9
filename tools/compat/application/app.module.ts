// The application in which the library is tried: users, passwords, and a page behind a second factor. It is independent
// of the repository, and compiles as ES modules and as CommonJS.
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
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import {
  DefaultMfaAdapter,
  MfaModule,
  MfaService,
  MfaSessionGuard,
  RequireMfa,
  mfaMigrations,
} from 'nestjs-mfa';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { mfaClaims } from 'nestjs-mfa/claims';
import { readCsv } from 'nestjs-mfa/import';
import { mfaStyleSheet } from 'nestjs-mfa/pages';
import { Column, Entity, PrimaryColumn, Repository, Table } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

@Entity('accounts')
export class Account {
  @PrimaryColumn({ type: 'varchar', length: 100 })
  id!: string;

  @Column({ type: 'varchar', length: 100 })
  password!: string;
}

export class CreateAccounts1700000000000 implements MigrationInterface {
  up(runner: QueryRunner): Promise<void> {
    const columns = ['id', 'password'].map((name) => ({
      name,
      type: 'varchar',
      length: '100',
      isPrimary: name === 'id',
    }));
    return runner.createTable(new Table({ name: 'accounts', columns }));
  }

  down(runner: QueryRunner): Promise<void> {
    return runner.dropTable('accounts');
  }
}

@Injectable()
export class Accounts {
  constructor(@InjectRepository(Account) private readonly rows: Repository<Account>) {}

  create(id: string, password: string): Promise<Account> {
    return this.rows.save({ id, password });
  }

  async find(id: string): Promise<MfaUser | null> {
    const found = await this.rows.findOneBy({ id: String(id) });
    return found && { id: found.id, email: found.id };
  }

  async check(id: string, password: string): Promise<MfaUser | null> {
    const found = await this.rows.findOneBy({ id: String(id), password: String(password) });
    return found && { id: found.id, email: found.id };
  }
}

@Module({ imports: [TypeOrmModule.forFeature([Account])], providers: [Accounts], exports: [Accounts] })
export class AccountsModule {}

@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  constructor(private readonly accounts: Accounts) {
    super();
  }

  override findUser(id: string): Promise<MfaUser | null> {
    return this.accounts.find(id);
  }
}

interface Credentials {
  email: string;
  password: string;
}

@Controller()
export class AppController {
  constructor(
    private readonly accounts: Accounts,
    private readonly mfa: MfaService,
  ) {}

  @Post('auth/register')
  async register(@Body() { email, password }: Credentials): Promise<object> {
    await this.accounts.create(email, password);
    return {};
  }

  @Post('auth/login')
  @HttpCode(200)
  async login(
    @Body() { email, password }: Credentials,
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user = await this.accounts.check(email, password);
    if (!user) throw new UnauthorizedException();
    return this.mfa.login(user, { request, response });
  }

  @Get('me')
  @UseGuards(MfaSessionGuard)
  me(@Req() { user }: { user: MfaUser }): object {
    return { id: user.id };
  }

  @Get('reports')
  @RequireMfa()
  reports(): object {
    const subpaths = [mfaClaims, readCsv, mfaStyleSheet];
    return { subpaths: subpaths.map((one) => typeof one) };
  }
}

const database = JSON.parse(
  process.env['DATABASE'] ?? '{"type":"better-sqlite3","database":":memory:"}',
) as TypeOrmModuleOptions;

@Module({
  imports: [
    TypeOrmModule.forRoot({
      ...database,
      autoLoadEntities: true,
      migrations: [CreateAccounts1700000000000, ...mfaMigrations],
      migrationsRun: true,
    }),
    AccountsModule,
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'] ?? 'the secret of an application that is tried out',
      adapter: { useClass: AppMfaAdapter, imports: [AccountsModule] },
      pages: true,
      webauthn: { rpId: 'localhost', rpName: 'Compat', origins: ['https://localhost'] },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
