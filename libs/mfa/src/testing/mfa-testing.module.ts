import { randomBytes } from 'node:crypto';

import type { DynamicModule, FactoryProvider, Provider } from '@nestjs/common';
import { Module } from '@nestjs/common';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { TypeOrmModule } from '@nestjs/typeorm';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaModule } from '../mfa.module.js';
import type { MfaModuleOptions } from '../module/module-options.js';
import { MfaOutbox } from './mfa-outbox.js';
import { MovableClock } from './movable-clock.js';
import { assertNotProduction } from './only-for-tests.js';

/** The options of `MfaModule.forRoot()`, and what tests want besides. */
export interface MfaTestingOptions extends Partial<Omit<MfaModuleOptions, 'dataSource'>> {
  /** Where the clock stands at first, or the clock. Default: the present. */
  clock?: Date | number | MovableClock;
  /** Another database. Default: one of SQLite in memory, with all tables made; it needs the package `better-sqlite3`. */
  database?: TypeOrmModuleOptions;
}

/** What tests move time with, and where they find what was sent. */
export interface MfaTestKit {
  clock: MovableClock;
  outbox: MfaOutbox;
}

/** As much of `TestingModuleBuilder` as is needed, so that `@nestjs/testing` is nobody's dependency. */
export interface MfaTestingBuilder {
  overrideProvider(token: unknown): { useValue(value: unknown): unknown };
  compile(...given: never[]): Promise<{ get<T>(token: symbol, options: { strict: boolean }): T }>;
}

/** The module for tests: time moves when a test says so, and nothing is sent to anybody. */
@Module({})
export class MfaTestingModule {
  /**
   * All that an application's part needs that is tested alone: a database in memory, `MfaModule` with a random secret and these
   * options, a {@link MovableClock} and an {@link MfaOutbox}, both to be had from the application by their class.
   *
   * @throws {Error} when `NODE_ENV` is `production`
   */
  static forRoot({ clock: start, database, ...options }: MfaTestingOptions = {}): DynamicModule {
    assertNotProduction('MfaTestingModule');
    const clock = start instanceof MovableClock ? start : new MovableClock(start);
    const outbox = new MfaOutbox();
    const mfa = MfaModule.forRoot({ secret: randomBytes(32).toString('base64'), ...options });
    const kit = [
      { provide: MovableClock, useValue: clock },
      { provide: MfaOutbox, useValue: outbox },
    ];
    return {
      module: MfaTestingModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          ...(database ?? { type: 'better-sqlite3', database: ':memory:' }),
          autoLoadEntities: true,
          synchronize: true,
        }),
        { ...mfa, providers: (mfa.providers ?? []).map((one) => replaced(one, { clock, outbox })) },
      ],
      providers: kit,
      exports: kit,
    };
  }

  /**
   * Gives a whole application the clock and the outbox, in place of the system's time and of what its adapter sends. To be called
   * before `compile()`.
   *
   * @param builder what `Test.createTestingModule({ imports: [AppModule] })` gives
   * @throws {Error} when `NODE_ENV` is `production`
   */
  static wrap(builder: MfaTestingBuilder, start?: Date | number): MfaTestKit {
    assertNotProduction('MfaTestingModule');
    const kit = { clock: new MovableClock(start), outbox: new MfaOutbox() };
    builder.overrideProvider(MFA_CLOCK).useValue(kit.clock);
    const compile = builder.compile.bind(builder);
    builder.compile = async (...given) => {
      const module = await compile(...given);
      kit.outbox.collect(module.get<DefaultMfaAdapter>(MFA_ADAPTER, { strict: false }));
      return module;
    };
    return kit;
  }
}

/** A provider of `MfaModule`, with the clock in place of the system's and the outbox at the adapter. */
function replaced(provider: Provider, { clock, outbox }: MfaTestKit): Provider {
  const token = typeof provider === 'function' ? provider : provider.provide;
  if (token === MFA_CLOCK) return { provide: MFA_CLOCK, useValue: clock };
  if (token !== MFA_ADAPTER) return provider;
  const { useFactory: make, ...rest } = provider as FactoryProvider<DefaultMfaAdapter>;
  return { ...rest, useFactory: async (...injected: unknown[]) => outbox.collect(await make(...injected)) };
}
