import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ArgumentsHost } from '@nestjs/common';
import {
  Catch,
  Controller,
  Delete,
  Get,
  HttpException,
  Inject,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  applyDecorators,
  forwardRef,
} from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
} from '@nestjs/common/constants.js';
import { BaseExceptionFilter } from '@nestjs/core';
import type { MfaException } from 'nestjs-mfa';
import {
  AuthenticatorsController,
  MfaGuard,
  MfaSessionGuard,
  RequireMfa,
  MfaSessionController,
  SkipMfa,
} from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey } from '../support/ceremonies.js';
import type { Client } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, newUserId, startTestApp } from '../support/test-app.js';

class OtherGuard extends MfaGuard {}

class Later {}

@Module({ providers: [Later], exports: [Later] })
class LaterModule {}

/** Nest builds what is injected by forward references in its own way: an object of the same prototype, with the fields copied. */
@Injectable()
class ForwardGuard extends MfaGuard {
  @Inject(forwardRef(() => Later))
  readonly later!: Later;
}

/** Open, as a base class of many controllers might be. */
@SkipMfa()
class OpenBase {
  @Get('inherited')
  inherited(): string {
    return 'inherited';
  }

  @Get('own-rule')
  @RequireMfa()
  ownRule(): string {
    return 'own-rule';
  }
}

@Controller('closed-again')
@RequireMfa({ phishingResistant: true })
class ClosedAgain extends OpenBase {
  @Get('added')
  added(): string {
    return 'added';
  }

  @Get('skipped')
  @SkipMfa()
  skipped(): string {
    return 'skipped';
  }
}

/** One class farther, with nothing of its own. */
@Controller('grandchild')
class Grandchild extends ClosedAgain {}

@RequireMfa({ phishingResistant: true })
class ClosedBase {
  @Get('inherited')
  inherited(): string {
    return 'inherited';
  }
}

@Controller('open-again')
@SkipMfa()
class OpenAgain extends ClosedBase {
  @Get('closed')
  @RequireMfa({ phishingResistant: true })
  closed(): string {
    return 'closed';
  }
}

const KeysOnly = () => applyDecorators(RequireMfa({ phishingResistant: true }));
const Recently = () => applyDecorators(RequireMfa({ maxAge: 60 }));

/** Changes what it was given. */
@Catch(HttpException)
class CarelessFilter extends BaseExceptionFilter {
  override catch(error: HttpException, host: ArgumentsHost): void {
    const { needs } = (error as MfaException).details;
    super.catch(error, host);
    (needs?.allOf as string[] | undefined)?.splice(0);
  }
}

@Controller('stacked')
class Stacked {
  @Get('keys-then-age')
  @RequireMfa({ phishingResistant: true })
  @RequireMfa({ maxAge: 60 })
  keysThenAge(): string {
    return 'keys-then-age';
  }

  @Get('age-then-keys')
  @RequireMfa({ maxAge: 60 })
  @RequireMfa({ phishingResistant: true })
  ageThenKeys(): string {
    return 'age-then-keys';
  }

  @Get('composed')
  @KeysOnly()
  @Recently()
  composed(): string {
    return 'composed';
  }

  @Get('longer')
  @RequireMfa({ maxAge: 3600 })
  @RequireMfa()
  longer(): string {
    return 'longer';
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  @RequireMfa()
  feed(): string {
    return 'feed';
  }

  @Get('forward')
  @RequireMfa({}, ForwardGuard)
  forward(): string {
    return 'forward';
  }

  @Get('all-of')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  @RequireMfa({ maxAge: 1000 })
  @UseFilters(CarelessFilter)
  allOf(): string {
    return 'all-of';
  }

  @Get('app-and-key')
  @RequireMfa({ methods: ['totp'] })
  @RequireMfa({ methods: ['webauthn'] })
  appAndKey(): string {
    return 'app-and-key';
  }

  @Get('app-and-resistant')
  @RequireMfa({ phishingResistant: true })
  @RequireMfa({ methods: ['totp'] })
  appAndResistant(): string {
    return 'app-and-resistant';
  }

  @Get('both-guards')
  @RequireMfa({ phishingResistant: true }, OtherGuard)
  @RequireMfa()
  bothGuards(): string {
    return 'both-guards';
  }
}

@Controller('stacked-class')
@RequireMfa({ phishingResistant: true })
@RequireMfa({ maxAge: 60 })
class StackedClass {
  @Get()
  any(): string {
    return 'any';
  }

  @Get('nearer')
  @RequireMfa({ maxAge: 3600 })
  nearer(): string {
    return 'nearer';
  }
}

/** As applications mount our routes themselves, behind more than we ask. */
@Controller('keys-only')
@RequireMfa({ phishingResistant: true })
class KeysOnlySessions extends MfaSessionController {}

@Controller('guarded-list')
class GuardedList extends AuthenticatorsController {
  @Get('own')
  @UseGuards(MfaSessionGuard)
  @RequireMfa({ phishingResistant: true })
  own(): string {
    return 'own';
  }

  @Get('own-user')
  ownUser(): string {
    return 'own-user';
  }

  @Delete(':id')
  @RequireMfa()
  override remove(...parameters: Parameters<AuthenticatorsController['remove']>): Promise<void> {
    return super.remove(...parameters);
  }
}

describe('the nearest of @RequireMfa() and @SkipMfa()', () => {
  let test: TestApp;
  let app: Client;
  let key: Client;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY },
      controllers: [ClosedAgain, Grandchild, OpenAgain, Stacked, StackedClass, KeysOnlySessions, GuardedList],
      imports: [LaterModule],
    });
    app = (await enroll(test)).client;
    const user = await enroll(test);
    key = user.client;
    const { body: options } = await key.post('/mfa/webauthn/options');
    const credential = new SoftwareAuthenticator().create(options);
    expect((await key.post('/mfa/webauthn', { credential })).status).toBe(201);
  });
  afterAll(() => test.close());

  const answers = async (path: string) => [(await app.get(path)).status, (await key.get(path)).status];

  it.each([
    ['/closed-again/inherited', 403, 200],
    ['/closed-again/added', 403, 200],
    ['/closed-again/own-rule', 200, 200],
    ['/closed-again/skipped', 200, 200],
    ['/grandchild/inherited', 403, 200],
    ['/grandchild/skipped', 200, 200],
    ['/open-again/inherited', 200, 200],
    ['/open-again/closed', 403, 200],
    ['/keys-only/status', 403, 200],
    ['/guarded-list/own', 403, 200],
    ['/guarded-list', 200, 200],
    ['/guarded-list/own-user', 200, 200],
  ])('counts on %s', async (path, appStatus, keyStatus) => {
    expect(await answers(path)).toEqual([appStatus, keyStatus]);
  });

  it('leaves a handler that an application overrides what ours needs', async () => {
    const path = `/guarded-list/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`;
    expect((await test.client().delete(path)).body.code).toBe('unauthenticated');
    const user = test.client();
    await user.post('/login', { id: newUserId() });
    test.clock.advance(301);
    expect((await user.delete(path)).body.code).toBe('reauthentication_required');
    expect((await user.get('/guarded-list/own-user')).status).toBe(200);
    test.clock.advance(-301);
  });

  it.each(['keys-then-age', 'age-then-keys', 'composed', 'both-guards'])(
    'demands all that stands on one handler: %s',
    async (path) => {
      expect(await answers(`/stacked/${path}`)).toEqual([403, 200]);
    },
  );

  it.each(['app-and-key', 'app-and-resistant'])(
    'wants a proof of each factor where one alone can’t satisfy both: %s',
    async (path) => {
      expect(await answers(`/stacked/${path}`)).toEqual([403, 200]);
      const { client, secret } = await enroll(test);
      const { body: options } = await client.post('/mfa/webauthn/options');
      const authenticator = new SoftwareAuthenticator();
      await client.post('/mfa/webauthn', { credential: authenticator.create(options) });
      test.clock.advance(400);
      const owing = async () => {
        const { status, body } = await client.get(`/stacked/${path}`);
        return [status, body.code, body.methods];
      };
      expect(await owing()).toEqual([401, 'mfa_required', ['totp', 'webauthn']]);
      await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect(await owing()).toEqual([401, 'mfa_required', ['webauthn']]);
      await assertKey(client, authenticator);
      expect((await client.get(`/stacked/${path}`)).status).toBe(200);
      test.clock.advance(-400);
    },
  );

  it('guards with what Nest injects by forward references', async () => {
    expect(await answers('/stacked/forward')).toEqual([200, 200]);
    expect((await test.client().get('/stacked/forward')).body.code).toBe('unauthenticated');
  });

  it('is not weakened by who changes what a refusal says', async () => {
    for (const _ of [1, 2]) {
      const { status, body } = await app.get('/stacked/all-of');
      expect([status, body.code, body.needs]).toEqual([
        403,
        'mfa_enrollment_required',
        { allOf: ['totp', 'webauthn'] },
      ]);
    }
  });

  it('takes the shortest age of those on one target, the default among them', async () => {
    const { client } = await enroll(test);
    expect((await client.get('/stacked/longer')).status).toBe(200);
    test.clock.advance(250);
    expect((await client.get('/stacked/longer')).body).toMatchObject({ code: 'mfa_required', maxAge: 300 });
    const user = test.client();
    await user.post('/login', { id: newUserId() });
    expect((await user.get('/stacked/feed')).body.code).toBe('mfa_enrollment_required');
    expect((await key.get('/stacked/keys-then-age')).body).toMatchObject({
      code: 'mfa_required',
      maxAge: 60,
    });
  });

  it('demands all that stands on one class, unless a handler has its own', async () => {
    const { client, secret } = await enroll(test);
    expect((await client.get('/stacked-class')).body.code).toBe('mfa_enrollment_required');
    expect((await client.get('/stacked-class/nearer')).status).toBe(200);
    test.clock.advance(300);
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect((await client.get('/stacked-class')).body.code).toBe('mfa_enrollment_required');
  });
});

describe('@RequireMfa() and @SkipMfa() on one target', () => {
  const onClass = (...decorators: (ClassDecorator & MethodDecorator)[]) => {
    class Target {}
    for (const decorator of decorators) decorator(Target);
  };
  const onMethod = (...decorators: (ClassDecorator & MethodDecorator)[]) => {
    class Target {
      handler(): string {
        return 'handler';
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Target.prototype, 'handler') as PropertyDescriptor;
    for (const decorator of decorators) decorator(Target.prototype, 'handler', descriptor);
  };

  it.each([
    ['a class', onClass],
    ['a handler', onMethod],
  ])('contradict each other on %s, in any order', (_, on) => {
    expect(() => on(RequireMfa(), SkipMfa())).toThrow(TypeError);
    expect(() => on(SkipMfa(), RequireMfa())).toThrow(TypeError);
    expect(() =>
      on(SkipMfa(), applyDecorators(RequireMfa({ maxAge: 5 })) as ReturnType<typeof SkipMfa>),
    ).toThrow(TypeError);
    expect(() => on(RequireMfa(), RequireMfa(), SkipMfa())).toThrow(TypeError);
    expect(() => on(SkipMfa(), SkipMfa())).not.toThrow();
    expect(() => on(RequireMfa(), RequireMfa())).not.toThrow();
  });

  it.each([
    ['a class', onClass],
    ['a handler', onMethod],
  ])('are refused on %s where nothing could satisfy them all', (_, on) => {
    const stacks = [
      [RequireMfa({ methods: ['totp', 'recovery_codes'] }), RequireMfa({ phishingResistant: true })],
      [RequireMfa({ acr: 'phr' }), RequireMfa({ acr: 'phrh' })],
    ];
    for (const stack of stacks) expect(() => on(...stack)).toThrow(TypeError);
    for (const methods of [['totp', 'webauthn'] as const, ['totp'] as const]) {
      expect(() => on(RequireMfa({ methods }), RequireMfa({ methods: ['webauthn'] }))).not.toThrow();
    }
    expect(() =>
      on(RequireMfa({ acceptTrustedDevice: true }), RequireMfa({ phishingResistant: true })),
    ).not.toThrow();
  });

  it('register guard, interceptor and filters once, also below a base class that has them', () => {
    @RequireMfa()
    class Base {}
    @RequireMfa({ maxAge: 60 })
    @RequireMfa({ phishingResistant: true })
    class Sub extends Base {}
    expect(Reflect.getMetadata(GUARDS_METADATA, Sub)).toEqual([MfaGuard]);
    for (const key of [EXCEPTION_FILTERS_METADATA, INTERCEPTORS_METADATA]) {
      const enhancers = Reflect.getMetadata(key, Sub) as object[];
      expect(enhancers.length).toBeGreaterThan(0);
      expect(new Set(enhancers).size).toBe(enhancers.length);
    }
  });
});

describe('the argument of @RequireMfa()', () => {
  it.each([
    [{ phishingresistant: true }],
    [{ maxAgeSeconds: 60 }],
    [{ method: ['totp'] }],
    [Object.create({ phishingResistent: true })],
    [{ constructor: true }],
    [{ phishingResistant: 'true' }],
    [{ phishingResistant: 1 }],
    [{ allowUnenrolled: null }],
    [{ acceptTrustedDevice: 'no' }],
    [{ maxAge: '300' }],
    [{ maxAge: Infinity }],
    [{ maxAge: null }],
    [{ methods: 'totp' }],
    [{ methods: { length: 1, every: () => true } }],
    [{ methods: ['totp', 'TOTP'] }],
    [{ methods: ['totp'], phishingResistant: true }],
    [{ phishingResistant: true, acceptTrustedDevice: true }],
    [null],
    ['phishingResistant'],
    [['totp']],
    [300],
  ])('is refused where it says something else: %j', (requirement) => {
    expect(() => RequireMfa(requirement as never)).toThrow(TypeError);
  });

  it('may leave out what it does not say, and is copied', () => {
    expect(() => RequireMfa({ maxAge: undefined })).not.toThrow();
    const methods = ['webauthn' as const];
    @RequireMfa({ methods })
    class Target {}
    methods.push('totp' as never);
    expect(
      JSON.stringify(Reflect.getMetadataKeys(Target).map((key) => Reflect.getMetadata(key, Target))),
    ).not.toContain('totp');
  });
});
