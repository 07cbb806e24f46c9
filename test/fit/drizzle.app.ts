import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { eq } from 'drizzle-orm';
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { MfaLoginResult, MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaModule, MfaService, MfaSession, RequireMfa, mfaMigrations } from 'nestjs-mfa';

import { PASSWORD } from './support/users.js';

const DATABASE_FILE = process.env['DATABASE_FILE'] ?? 'app.sqlite';

/** The tables of the application, as it has them. */
export const users = sqliteTable('users', {
  id: text().primaryKey(),
  email: text().notNull().unique(),
});

const DATABASE = Symbol('DATABASE');

@Module({
  providers: [{ provide: DATABASE, useFactory: () => drizzle(DATABASE_FILE) }],
  exports: [DATABASE],
})
export class DatabaseModule {}

@Injectable()
export class AppMfaAdapter extends DefaultMfaAdapter {
  constructor(@Inject(DATABASE) private readonly database: BetterSQLite3Database) {
    super();
  }

  override findUser(id: string): MfaUser | null {
    return this.database.select().from(users).where(eq(users.id, id)).get() ?? null;
  }
}

@Controller()
export class AppController {
  constructor(
    private readonly mfa: MfaService,
    @Inject(DATABASE) private readonly database: BetterSQLite3Database,
  ) {}

  @Post('login')
  @HttpCode(200)
  async login(
    @Body() { email, password }: { email: string; password: string },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    const user = this.database.select().from(users).where(eq(users.email, email)).get();
    if (!user || password !== PASSWORD) throw new UnauthorizedException();
    return this.mfa.login(user, { request, response });
  }

  @Get('reports')
  @RequireMfa()
  reports(): object {
    return { turnover: 42 };
  }

  /** First the account, then what this module keeps of it: two connections, so not in one transaction. */
  @Delete('account')
  @HttpCode(204)
  @RequireMfa()
  async deleteAccount(@MfaSession('userId') userId: string): Promise<void> {
    this.database.delete(users).where(eq(users.id, userId)).run();
    await this.mfa.forgetUser(userId);
  }
}

@Module({
  imports: [
    DatabaseModule,
    // The module's own DataSource, beside what you have, on the same database.
    TypeOrmModule.forRoot({
      name: 'mfa',
      type: 'better-sqlite3',
      database: DATABASE_FILE,
      enableWAL: true,
      autoLoadEntities: true,
      migrations: mfaMigrations,
      migrationsRun: true,
    }),
    MfaModule.forRoot({
      secret: process.env['MFA_SECRET'],
      adapter: { useClass: AppMfaAdapter, imports: [DatabaseModule] },
      dataSource: 'mfa',
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
