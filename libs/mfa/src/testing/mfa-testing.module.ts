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

/** The options of `MfaModule.forRoot()`, and those for tests. */
export interface MfaTestingOptions extends Partial<Omit<MfaModuleOptions, 'dataSource'>> {
  /** The initial time, or a clock. Default: the current time. */
  clock?: Date | number | MovableClock;
  /** Another database. Default: SQLite in memory with all tables created; it needs the package `better-sqlite3`. */
  database?: TypeOrmModuleOptions;
}

/** What tests use to control time and to inspect what was sent. */
export interface MfaTestKit {
  clock: MovableClock;
  outbox: MfaOutbox;
}

/** The parts of `TestingModuleBuilder` in use, so that `@nestjs/testing` isn't a dependency. */
export interface MfaTestingBuilder {
  overrideProvider(token: unknown): { useValue(value: unknown): unknown };
  compile(...given: never[]): Promise<{ get<T>(token: symbol, options: { strict: boolean }): T }>;
}

/** The module for tests: time only moves when a test moves it, and nothing is really sent. */
@Module({})
export class MfaTestingModule {
  /**
   * Everything needed to test a part of an application on its own: an in-memory database, `MfaModule` with a random
   * secret and these options, a {@link MovableClock} and an {@link MfaOutbox}. Get the latter two from the application
   * by their class.
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
   * Replaces a whole application's system clock, and captures what its adapter sends. Call it before `compile()`.
   *
   * @param builder the result of `Test.createTestingModule({ imports: [AppModule] })`
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

/** A provider of `MfaModule`, with the system clock replaced and the adapter connected to the outbox. */
function replaced(provider: Provider, { clock, outbox }: MfaTestKit): Provider {
  const token = typeof provider === 'function' ? provider : provider.provide;
  if (token === MFA_CLOCK) return { provide: MFA_CLOCK, useValue: clock };
  if (token !== MFA_ADAPTER) return provider;
  const { useFactory: make, ...rest } = provider as FactoryProvider<DefaultMfaAdapter>;
  return { ...rest, useFactory: async (...injected: unknown[]) => outbox.collect(await make(...injected)) };
}
