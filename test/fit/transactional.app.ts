import { Body, Controller, Get, HttpCode, Injectable, Module, Post, Req, Res } from '@nestjs/common';
import { ClsPluginTransactional, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, MfaService, MfaSession, RequireMfa } from 'nestjs-mfa';
import { ClsModule } from 'nestjs-cls';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Account {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'varchar', unique: true })
  email!: string;
}

@Entity()
export class Invitation {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'varchar' })
  email!: string;
}

@Injectable()
export class AccountsService {
  constructor(private readonly host: TransactionHost<TransactionalAdapterTypeOrm>) {}

  find(id: string): Promise<Account | null> {
    return this.host.tx.getRepository(Account).findOneBy({ id });
  }

  /** The account and the end of its invitation: both or neither. */
  @Transactional()
  async register(email: string): Promise<Account> {
    const account = await this.host.tx.getRepository(Account).save({ email });
    const { affected } = await this.host.tx.getRepository(Invitation).delete({ email });
    if (affected !== 1) throw new Error(`Nobody has invited ${email}`);
    return account;
  }
}

@Module({ providers: [AccountsService], exports: [AccountsService] })
export class AccountsModule {}

@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  constructor(private readonly accounts: AccountsService) {
    super();
  }

  override findUser(id: string): Promise<MfaUser | null> {
    return this.accounts.find(id);
  }
}

@Controller()
export class AppController {
  constructor(
    private readonly mfa: MfaService,
    private readonly accounts: AccountsService,
  ) {}

  /** Right: the transaction is over when the sign-in begins. */
  @Post('register')
  @HttpCode(200)
  async register(
    @Body() { email }: { email: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const account = await this.accounts.register(email);
    return this.mfa.login(account, { request, response });
  }

  /** Wrong: the sign-in would happen inside a transaction that may be undone yet. */
  @Post('register-in-one')
  @Transactional()
  async registerInOne(
    @Body() { email }: { email: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const account = await this.accounts.register(email);
    return this.mfa.login(account, { request, response });
  }

  /** Reading and writing of your own is as free as ever. */
  @Get('account')
  @RequireMfa({ allowUnenrolled: true })
  @Transactional()
  async ownAccount(@MfaSession('userId') userId: string): Promise<Account | null> {
    return this.accounts.find(userId);
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
    TypeOrmModule.forFeature([Account, Invitation]),
    ClsModule.forRoot({
      global: true,
      middleware: { mount: true },
      plugins: [
        new ClsPluginTransactional({
          imports: [TypeOrmModule],
          adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
        }),
      ],
    }),
    AccountsModule,
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [AccountsModule] },
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
