import { describe, expect, it } from '@jest/globals';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { Controller, Get, Inject, Injectable, Module, NotFoundException, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaBehaviourOptions, MfaOptionsFactory, ResolvedMfaOptions } from 'nestjs-mfa';
import {
  AuthenticateController,
  AuthenticateWebAuthnController,
  AuthenticatorsController,
  MfaFactorChallengeController,
  MfaFactorsController,
  MFA_ENTITIES,
  MFA_OPTIONS,
  MfaGuard,
  MfaModule,
  MfaOptionsError,
  MfaService,
  PasskeyController,
  RecoveryCodesController,
  RequireMfa,
  MfaSessionController,
  MfaSessionsController,
  TotpController,
  TrustedDevicesController,
  WebAuthnController,
} from 'nestjs-mfa';

import { Client } from '../support/client.js';
import { SECRET } from '../support/test-app.js';

const sqlite = { type: 'better-sqlite3', database: ':memory:', synchronize: true } as const;

@Injectable()
class Settings {
  readonly secret = SECRET;
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

@Injectable()
class OptionsFactory implements MfaOptionsFactory {
  constructor(@Inject(Settings) private readonly settings: Settings) {}

  createMfaOptions(): MfaBehaviourOptions {
    return { secret: this.settings.secret, gracePeriodSeconds: 42 };
  }
}

@Module({ imports: [SettingsModule], providers: [OptionsFactory], exports: [OptionsFactory] })
class FactoryModule {}

async function compile(
  mfa: DynamicModule,
  orm: DynamicModule = TypeOrmModule.forRoot({ ...sqlite, autoLoadEntities: true }),
) {
  @Module({ imports: [orm, mfa] })
  class AppModule {}
  return Test.createTestingModule({ imports: [AppModule] }).compile();
}

describe('MfaModule.forRootAsync', () => {
  it.each<[string, () => DynamicModule]>([
    [
      'useFactory',
      () =>
        MfaModule.forRootAsync({
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: (settings: Settings) =>
            Promise.resolve({ secret: settings.secret, gracePeriodSeconds: 42 }),
        }),
    ],
    [
      'useFactory without inject',
      () => MfaModule.forRootAsync({ useFactory: () => ({ secret: SECRET, gracePeriodSeconds: 42 }) }),
    ],
    ['useClass', () => MfaModule.forRootAsync({ imports: [SettingsModule], useClass: OptionsFactory })],
    ['useExisting', () => MfaModule.forRootAsync({ imports: [FactoryModule], useExisting: OptionsFactory })],
  ])('takes its options from %s', async (_, module) => {
    const app = await compile(module());
    expect(app.get<ResolvedMfaOptions>(MFA_OPTIONS).gracePeriodSeconds).toBe(42);
    await expect(app.get(MfaService).isMfaEnabled({ id: 1 })).resolves.toBe(false);
    await app.close();
  });

  it('needs one of them, and no more', () => {
    const needed = 'forRootAsync needs one of `useFactory`, `useClass` and `useExisting`';
    expect(() => MfaModule.forRootAsync({})).toThrow(needed);
    expect(() => MfaModule.forRootAsync(undefined as never)).toThrow(
      'the options are missing: pass an object with `useFactory`, `useClass` or `useExisting`',
    );
    expect(() =>
      MfaModule.forRootAsync({ useClass: OptionsFactory, useFactory: () => ({ secret: SECRET }) }),
    ).toThrow(`${needed}; it has \`useFactory\` and \`useClass\``);
  });

  it.each<[string, object, string]>([
    [
      'an option of the factory',
      { requiredForStaff: true },
      '`requiredForStaff` does nothing next to the factory',
    ],
    ['a misspelt option', { globalGaurd: true }, '`globalGaurd` is not an option of forRootAsync'],
  ])('refuses %s next to the factory, where it would be ignored', (_, beside, problem) => {
    const options = { useFactory: () => ({ secret: SECRET }), ...beside };
    expect(() => MfaModule.forRootAsync(options)).toThrow(problem);
  });

  it('says where an option belongs that the factory can not return', async () => {
    const given = { secret: SECRET, globalGuard: true, path: 'account' };
    await expect(compile(MfaModule.forRootAsync({ useFactory: () => given }))).rejects.toMatchObject({
      problems: ['globalGuard', 'path'].map(
        (name) => `\`${name}\` shapes the module: put it next to the factory, not in what it returns`,
      ),
    });
  });

  it.each(['useClass', 'useExisting'])('needs a class in %s that makes options', async (way) => {
    const module = MfaModule.forRootAsync({ imports: [SettingsModule], [way]: Settings });
    await expect(compile(module)).rejects.toThrow('needs a method `createMfaOptions()`');
  });

  it('stops the boot when the options are wrong', async () => {
    const module = MfaModule.forRootAsync({ useFactory: () => ({ secret: 'short' }) });
    await expect(compile(module)).rejects.toThrow(MfaOptionsError);
  });
});

describe('MfaModule.forRoot', () => {
  it('stops the boot when the options are wrong', async () => {
    await expect(compile(MfaModule.forRoot({ secret: '' }))).rejects.toThrow('`secret` is required');
    expect(() => MfaModule.forRoot({ secret: SECRET, path: ' ' })).toThrow('`path`');
    for (const path of ['.', '../mfa', 'account/../mfa', 'mfa/..'])
      expect(() => MfaModule.forRoot({ secret: SECRET, path })).toThrow('`path`');
    expect(() => MfaModule.forRoot(undefined as never)).toThrow('the options are missing');
  });

  it('stops the boot of pages that no browser could use, for want of a cookie for the session', async () => {
    const module = MfaModule.forRoot({ secret: SECRET, pages: true, session: { cookie: false } });
    await expect(compile(module)).rejects.toThrow('`pages` need `session.cookie`');
  });

  it('says what to do when the DataSource does not know its entities', async () => {
    await expect(
      compile(MfaModule.forRoot({ secret: SECRET }), TypeOrmModule.forRoot({ ...sqlite })),
    ).rejects.toThrow('set `autoLoadEntities: true`');
  });

  it('works with entities that are listed, and on a named DataSource', async () => {
    const orm = TypeOrmModule.forRoot({ ...sqlite, name: 'second', entities: [...MFA_ENTITIES] });
    const app = await compile(MfaModule.forRoot({ secret: SECRET, dataSource: 'second' }), orm);
    await expect(app.get(MfaService).getUserAuthenticators({ id: 1 })).resolves.toEqual([]);
    await app.close();
  });
});

describe('the routes', () => {
  @Controller('own')
  @RequireMfa()
  class OwnController {
    @Get()
    own(): string {
      return 'own';
    }

    @Get('missing')
    @UseGuards()
    missing(): never {
      throw new NotFoundException();
    }
  }

  const listen = async (
    mfa: DynamicModule,
    configure: (app: INestApplication) => void = () => undefined,
    controllers: Type[] = [],
  ) => {
    @Module({ imports: [mfa], controllers: [OwnController, ...controllers] })
    class Feature {}
    @Module({ imports: [TypeOrmModule.forRoot({ ...sqlite, autoLoadEntities: true }), mfa, Feature] })
    class AppModule {}
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const app = module.createNestApplication({ logger: false, forceCloseConnections: true });
    configure(app);
    await app.listen(0, '127.0.0.1');
    return { app, client: new Client(await app.getUrl()) };
  };

  it('live under `path`, also behind a global prefix', async () => {
    const { app, client } = await listen(MfaModule.forRoot({ secret: SECRET, path: 'auth/mfa' }), (app) =>
      app.setGlobalPrefix('api'),
    );
    expect((await client.get('/api/auth/mfa/status')).status).toBe(401);
    expect((await client.get('/mfa/status')).status).toBe(404);
    const broken = await client.post('/api/auth/mfa/authenticate', '{');
    expect([broken.status, broken.body.code]).toEqual([400, 'invalid_request']);
    // Other routes keep the application's own answer.
    expect((await client.post('/api/own', '{')).body).not.toHaveProperty('code');
    await app.close();
  });

  it('of two applications in one process have paths of their own', async () => {
    const one = await listen(MfaModule.forRoot({ secret: SECRET, path: 'one' }));
    const two = await listen(MfaModule.forRoot({ secret: SECRET, path: 'two' }));
    expect((await one.client.get('/one/status')).status).toBe(401);
    expect((await one.client.get('/two/status')).status).toBe(404);
    expect((await two.client.get('/two/status')).status).toBe(401);
    await one.app.close();
    await two.app.close();
  });

  it('can be left out, with the guard still at work', async () => {
    const { app, client } = await listen(MfaModule.forRoot({ secret: SECRET, controllers: false }));
    expect((await client.get('/mfa/status')).status).toBe(404);
    expect((await client.get('/own')).body.code).toBe('unauthenticated');
    await app.close();
  });

  it('can be mounted by the application, where and as it likes', async () => {
    @Controller('account/second-factor')
    class OwnStatus extends MfaSessionController {}
    @Controller('account/app')
    class OwnTotp extends TotpController {}
    @Controller('account/factors')
    class OwnAuthenticators extends AuthenticatorsController {}
    const { app, client } = await listen(
      MfaModule.forRoot({ secret: SECRET, controllers: false }),
      undefined,
      [OwnStatus, OwnTotp, OwnAuthenticators],
    );
    for (const path of ['second-factor/status', 'factors']) {
      const answer = await client.get(`/account/${path}`);
      expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
    }
    expect((await client.post('/account/app')).body.code).toBe('unauthenticated');
    const form = await client.send('POST', '/account/app', 'x=1', { 'content-type': 'text/plain' });
    expect(form.body.code).toBe('invalid_request');
    await app.close();
  });

  it.each([
    AuthenticateController,
    AuthenticateWebAuthnController,
    AuthenticatorsController,
    MfaFactorChallengeController,
    MfaFactorsController,
    PasskeyController,
    RecoveryCodesController,
    MfaSessionController,
    MfaSessionsController,
    TotpController,
    TrustedDevicesController,
    WebAuthnController,
  ])('has what the application’s own $name is made with', async (base) => {
    @Controller('own-routes')
    class OwnRoutes extends base {}
    const options = { secret: SECRET, controllers: false };
    const { app } = await listen(MfaModule.forRoot(options), undefined, [OwnRoutes]);
    expect(app.get(OwnRoutes)).toBeInstanceOf(base);
    await app.close();
  });

  it('and the guard work where the module is not global but imported', async () => {
    const { app, client } = await listen(MfaModule.forRoot({ secret: SECRET, isGlobal: false }));
    expect((await client.get('/own')).body.code).toBe('unauthenticated');
    expect(app.get(MfaGuard, { strict: false })).toBeInstanceOf(MfaGuard);
    await app.close();
  });
});
