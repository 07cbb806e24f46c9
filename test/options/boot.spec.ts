/** @jest-environment-options {"ownModules": true} */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { DynamicModule, INestApplication, ModuleMetadata, OnModuleInit, Type } from '@nestjs/common';
import { Global, Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { DefaultMfaAdapter, MfaModule, MfaOptionsError, MfaService, mfaMigrations } from 'nestjs-mfa';
import type { DataSourceOptions } from 'typeorm';
import { DataSource, DefaultNamingStrategy } from 'typeorm';

import { TokenListFactor } from '../fixtures/token-list.factor.js';
import { emptyDatabase } from '../support/databases.js';
import { MemoryLogger } from '../support/memory-logger.js';
import { SECRET } from '../support/test-app.js';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** TypeORM on a database of its own; what is given is put on top of its options. */
async function typeOrm({
  manualInitialization = false,
  ...given
}: Partial<TypeOrmModuleOptions> = {}): Promise<DynamicModule> {
  const { orm, drop } = await emptyDatabase();
  open.push(drop);
  return TypeOrmModule.forRootAsync({
    useFactory: () =>
      ({ ...orm, autoLoadEntities: true, manualInitialization, ...given }) as TypeOrmModuleOptions,
    dataSourceFactory: (options) => {
      const dataSource = new DataSource(options as DataSourceOptions);
      const initialized = manualInitialization ? Promise.resolve(dataSource) : dataSource.initialize();
      // A boot that was stopped closes nothing.
      open.push(async () => {
        await initialized;
        if (dataSource.isInitialized) await dataSource.destroy();
      });
      return initialized;
    },
  });
}

/** Boots an application as its `main.ts` would. */
async function boot(
  imports: NonNullable<ModuleMetadata['imports']>,
  logger = new MemoryLogger(),
): Promise<INestApplication> {
  @Module({ imports })
  class AppModule {}
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .setLogger(logger)
    .compile();
  const app = module.createNestApplication({ logger });
  await app.init();
  open.push(() => app.close());
  return app;
}

const mfa = (options: object = {}): DynamicModule => MfaModule.forRoot({ secret: SECRET, ...options });
/** What works only on all the tables. */
const useOf = (app: INestApplication) => app.get(MfaService).getUserAuthenticators({ id: 1 });

/** A module that gives a DataSource that can't be had here. */
function provideDataSource(dataSource: object): DynamicModule {
  @Global()
  @Module({})
  class DatabaseModule {}
  const provider = { provide: getDataSourceToken() as Type<DataSource>, useValue: dataSource };
  return { module: DatabaseModule, providers: [provider], exports: [provider] };
}

describe('a DataSource', () => {
  it.each([
    ['sqlite', "set `type: 'better-sqlite3'`"],
    ['sqljs', 'use better-sqlite3, postgres, cockroachdb, mysql, mariadb'],
    ['mssql', 'name it in the option `dataSource`'],
    ['mongodb', 'of type `mongodb` is not supported'],
    ['expo', 'of type `expo` is not supported'],
    ['aurora-mysql', 'of type `aurora-mysql` is not supported'],
  ])('of the type %s stops the boot', async (type, remedy) => {
    const booted = boot([provideDataSource({ options: { type }, isInitialized: true }), mfa()]);
    await expect(booted).rejects.toThrow(MfaOptionsError);
    await expect(booted).rejects.toThrow(remedy);
  });

  it('that is read-only stops the boot', async () => {
    const options = { type: 'better-sqlite3', readonly: true };
    const booted = boot([provideDataSource({ options, isInitialized: true }), mfa()]);
    await expect(booted).rejects.toThrow('opens its file with `readonly`');
  });

  it('of MySQL that reads what is not committed stops the boot', async () => {
    const options = { type: 'mysql', isolationLevel: 'READ UNCOMMITTED' };
    const booted = boot([provideDataSource({ options, isInitialized: true }), mfa()]);
    await expect(booted).rejects.toThrow('use READ COMMITTED or stricter');
  });

  it('that is missing is named with the remedy', async () => {
    await expect(boot([mfa()])).rejects.toThrow('there is no DataSource: import `TypeOrmModule.forRoot()`');
    await expect(boot([await typeOrm(), mfa({ dataSource: 'second' })])).rejects.toThrow(
      'there is no DataSource named `second`: import `TypeOrmModule.forRoot()`',
    );
  });

  it('that can’t be reached is not said to be missing', async () => {
    const unreachable = { type: 'postgres', host: '127.0.0.1', port: 1, retryAttempts: 0 } as const;
    await expect(
      boot([TypeOrmModule.forRoot({ ...unreachable, autoLoadEntities: true }), mfa()]),
    ).rejects.toThrow('ECONNREFUSED');
  });

  it('that is not visible is told from a missing one', async () => {
    @Module({})
    class Hidden {}
    const provider = { provide: getDataSourceToken() as Type<DataSource>, useValue: {} };
    await expect(boot([{ module: Hidden, providers: [provider] }, mfa()])).rejects.toThrow(
      'export it from a global module',
    );
  });

  it('that waits to be initialized stops the boot', async () => {
    const orm = await typeOrm({ manualInitialization: true });
    await expect(boot([orm, mfa()])).rejects.toThrow('leave out `manualInitialization`');
  });
});

describe('tables', () => {
  it('that nothing makes stop the boot', async () => {
    await expect(boot([await typeOrm(), mfa()])).rejects.toThrow(
      /lacks .*mfa_session.*\.\.\.mfaMigrations.*migrationsRun: true/,
    );
  });

  it('of an older release stop the boot when no migration is to come', async () => {
    @Module({})
    class Older implements OnModuleInit {
      constructor(@Inject(getDataSourceToken()) private readonly dataSource: DataSource) {}

      async onModuleInit(): Promise<void> {
        await this.dataSource.query('ALTER TABLE mfa_user_state DROP COLUMN enrolled_at');
      }
    }
    await expect(boot([await typeOrm({ synchronize: true }), mfa(), Older])).rejects.toThrow(
      /lacks mfa_user_state, or some of the columns/,
    );
  });

  it('may be made after the boot by migrations that are known', async () => {
    const logger = new MemoryLogger();
    const orm = await typeOrm({ migrations: mfaMigrations });
    const app = await boot([orm, mfa()], logger);
    expect(logger.lines.join('\n')).toContain('nobody can sign in until the migrations have run');
    await expect(useOf(app)).rejects.toThrow();
    await app.get<DataSource>(getDataSourceToken()).runMigrations();
    await expect(useOf(app)).resolves.toEqual([]);
  });
});

describe('a naming strategy', () => {
  class Plural extends DefaultNamingStrategy {
    override tableName(target: string, given: string | undefined): string {
      return `${super.tableName(target, given)}s`;
    }

    override prefixTableName(prefix: string, table: string): string {
      return `${prefix}__${table}`;
    }
  }

  class CamelCase extends DefaultNamingStrategy {
    override columnName(property: string, given: string, prefixes: string[]): string {
      return super
        .columnName(property, given, prefixes)
        .replace(/_(.)/g, (_, one: string) => one.toUpperCase());
    }
  }

  it.each([
    ['synchronize', { synchronize: true }],
    ['migrations', { migrations: mfaMigrations, migrationsRun: true }],
  ])('may give tables other names, made by %s', async (_, made) => {
    const orm = await typeOrm({ namingStrategy: new Plural(), entityPrefix: 'shop', ...made });
    const app = await boot([orm, mfa()]);
    const dataSource = app.get<DataSource>(getDataSourceToken());
    expect(await dataSource.query('SELECT COUNT(*) FROM shop__mfa_sessions')).toHaveLength(1);
    await expect(useOf(app)).resolves.toEqual([]);
  });

  it('that gives columns other names stops the boot', async () => {
    const orm = await typeOrm({
      namingStrategy: new CamelCase(),
      migrations: mfaMigrations,
      migrationsRun: true,
    });
    await expect(boot([orm, mfa()])).rejects.toThrow(
      /the naming strategy CamelCase renames the column `user_id` of Authenticator to `userId`: let its `columnName/,
    );
  });
});

describe('MfaModule', () => {
  it('that is made twice stops the boot', async () => {
    const orm = await typeOrm({ synchronize: true });
    await expect(boot([orm, mfa(), mfa({ path: 'other' })])).rejects.toThrow(
      'MfaModule is imported 2 times: call forRoot() or forRootAsync() once',
    );
  });

  it('may be imported by many, as the one object', async () => {
    const one = mfa({ isGlobal: false });
    @Module({ imports: [one] })
    class Feature {}
    const app = await boot([await typeOrm({ synchronize: true }), one, Feature]);
    await expect(useOf(app)).resolves.toEqual([]);
  });
});

describe('an adapter', () => {
  @Injectable({ scope: Scope.REQUEST })
  class PerRequest extends DefaultMfaAdapter {}

  @Injectable()
  class WithRequest extends DefaultMfaAdapter {
    constructor(@Inject(REQUEST) readonly request: object) {
      super();
    }
  }

  @Injectable({ scope: Scope.REQUEST })
  class Tenant {}

  @Injectable()
  class WithTenant extends DefaultMfaAdapter {
    constructor(@Inject(Tenant) readonly tenant: Tenant) {
      super();
    }
  }

  @Module({ providers: [Tenant], exports: [Tenant] })
  class TenantModule {}

  it.each([
    ['injects what is request-scoped', { adapter: { useClass: WithTenant, imports: [TenantModule] } }],
    ['is request-scoped', { adapter: PerRequest }],
    ['injects the request', { adapter: WithRequest }],
    [
      'injects it by a factory',
      { adapter: { useFactory: () => new DefaultMfaAdapter(), inject: [REQUEST] } },
    ],
  ])('that %s stops the boot', async (_, options) => {
    const orm = await typeOrm({ synchronize: true });
    await expect(boot([orm, mfa(options)])).rejects.toThrow('`adapter` must not be request-scoped');
  });

  it('is not blamed for a factor that is request-scoped', async () => {
    @Injectable()
    class WithRequestFactor extends TokenListFactor {
      constructor(@Inject(REQUEST) readonly request: object) {
        super();
      }
    }
    const orm = await typeOrm({ synchronize: true });
    await expect(boot([orm, mfa({ factors: [WithRequestFactor] })])).rejects.toThrow(
      '`factors`: the factor token_list must not be request-scoped',
    );
  });

  it.each([null, {}, 'MyAdapter', 42, { useExisting: 'OwnAdapter', useClass: DefaultMfaAdapter }])(
    'that is %j stops the boot',
    async (adapter) => {
      const orm = await typeOrm({ synchronize: true });
      await expect(async () => boot([orm, mfa({ adapter: adapter as never })])).rejects.toThrow(
        '`adapter` must be a class, or have one of `useClass`',
      );
    },
  );

  it.each([undefined, null, 'secret'])('and options that are %j are told apart', async (given) => {
    const orm = await typeOrm({ synchronize: true });
    const options = MfaModule.forRootAsync({ useFactory: () => given as never });
    await expect(boot([orm, options])).rejects.toThrow('the options are missing');
  });

  it('is not blamed for options that are request-scoped', async () => {
    const orm = await typeOrm({ synchronize: true });
    const options = MfaModule.forRootAsync({ inject: [REQUEST], useFactory: () => ({ secret: SECRET }) });
    await expect(boot([orm, options])).rejects.toThrow('the options must not come from');
  });
});
