import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Controller, Get, Injectable, Req, UseGuards } from '@nestjs/common';
import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, MfaSessionGuard, RequireMfa, TotpService } from 'nestjs-mfa';

import type { TestApp } from '../support/test-app.js';
import { TestAdapter, codeOf, enroll, newUserId, startTestApp, users } from '../support/test-app.js';

interface Facts {
  isStaff?: unknown;
  emailVerified?: unknown;
}

/** As an ORM or a domain model would have it: nothing of it is a property of its own. */
class Account {
  readonly #id: string;
  readonly #facts: Facts;

  constructor(id: string, facts: Facts) {
    this.#id = id;
    this.#facts = facts;
  }

  get id(): string {
    return this.#id;
  }

  get isStaff(): unknown {
    return this.#facts.isStaff;
  }

  get emailVerified(): unknown {
    return this.#facts.emailVerified;
  }

  get email(): string {
    return `${this.#id}@example.com`;
  }
}

/** Like it, with the id where Passport strategies leave it. */
class UserIdAccount extends Account {
  get userId(): string {
    return super.id;
  }
  override get id(): never {
    return undefined as never;
  }
}

class Subject {
  readonly #account: Account;
  constructor(id: string, facts: Facts) {
    this.#account = new Account(id, facts);
  }
  get sub(): string {
    return this.#account.id;
  }
  get isStaff(): unknown {
    return this.#account.isStaff;
  }
  get emailVerified(): unknown {
    return this.#account.emailVerified;
  }
}

class MutableSubject {
  constructor(
    readonly sub: string,
    private readonly facts: Facts,
  ) {}
  get isStaff(): unknown {
    return this.facts.isStaff;
  }
  get emailVerified(): unknown {
    return this.facts.emailVerified;
  }
}

/** Every way in which an application may keep what it knows of its users. */
const KINDS: Record<string, (id: string, facts: Facts) => object> = {
  'a plain object': (id, facts) => ({ id, ...facts }),
  'a plain object with `sub`': (sub, facts) => ({ sub, ...facts }),
  'an object without a prototype': (userId, facts) =>
    Object.assign(Object.create(null), { userId, ...facts }),
  'accessors of its own': (userId, facts) => ({
    userId,
    get isStaff() {
      return facts.isStaff;
    },
    get emailVerified() {
      return facts.emailVerified;
    },
  }),
  'properties that nobody can list': (userId, facts) =>
    Object.defineProperties(
      { userId },
      { isStaff: { value: facts.isStaff }, emailVerified: { value: facts.emailVerified } },
    ),
  'what it inherits': (sub, facts) => Object.assign(Object.create(facts), { sub }),
  'a class with private fields': (id, facts) => new Account(id, facts),
  'a class with private fields and `userId`': (id, facts) => new UserIdAccount(id, facts),
  'a class with private fields and `sub`': (id, facts) => new Subject(id, facts),
  'a frozen one': (id, facts) => Object.freeze(new Subject(id, facts)),
  'a class with accessors': (id, facts) => new MutableSubject(id, facts),
  'a frozen object': (sub, facts) => Object.freeze({ sub, ...facts }),
  'a proxy': (id, facts) =>
    new Proxy({}, { get: (_, key) => ({ userId: id, ...facts })[key as keyof Facts], has: () => true }),
  'a proxy of a class': (id, facts) => {
    const account = new Subject(id, facts);
    return new Proxy(account, { get: (target, key) => Reflect.get(target, key, target) as unknown });
  },
};

const NO_FLAGS: [string, () => unknown][] = [
  ['1', () => 1],
  ['0', () => 0],
  ['"true"', () => 'true'],
  ['"false"', () => 'false'],
  ['an empty text', () => ''],
  ['NaN', () => NaN],
  ['a function', () => () => true],
  ['a promise', () => Promise.resolve(true)],
  ['an object', () => ({})],
  ['a boxed boolean', () => Object(false) as unknown],
  ['a symbol', () => Symbol('true')],
  ['0n', () => 0n],
];

/** Signs in whom the test has put here. */
let current: object | null = null;

@Injectable()
class ModelGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (current) context.switchToHttp().getRequest<{ user?: object }>().user = current;
    return true;
  }
}

@UseGuards(ModelGuard)
@Controller('model')
class ModelController {
  @Get()
  any(): string {
    return 'any';
  }

  @Get('feed')
  @RequireMfa({ allowUnenrolled: true })
  feed(): string {
    return 'feed';
  }

  @Get('session')
  @UseGuards(MfaSessionGuard)
  session(@Req() { user }: { user: MfaUser }): object {
    return { id: user.id };
  }
}

class ModelAdapter extends TestAdapter {
  override getUser(request: object): ReturnType<TestAdapter['getUser']> {
    return super.getUser(current ? Object.assign(request, { user: current }) : request);
  }
  override getAuthenticatedAt(): Date {
    return new Date(this.now());
  }
  now: () => number = () => Date.now();
}

describe('what users say of themselves', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      adapter: ModelAdapter,
      mfa: { requiredForStaff: true, globalGuard: true },
      controllers: [ModelController],
    });
    (test.adapter as ModelAdapter).now = () => test.clock.now();
  });
  afterAll(() => test.close());

  const as = async <T>(user: object, work: () => Promise<T>): Promise<T> => {
    current = user;
    try {
      return await work();
    } finally {
      current = null;
    }
  };
  const statusesOf = (user: object) =>
    as(user, () =>
      Promise.all(
        ['/model', '/model/feed', '/model/session', '/public'].map(
          async (path) => (await test.client().get(path)).status,
        ),
      ),
    );

  it.each(Object.entries(KINDS))('counts, in %s', async (_, make) => {
    expect(await statusesOf(make(newUserId(), { isStaff: true }))).toEqual([403, 403, 403, 403]);
    expect(await statusesOf(make(newUserId(), { isStaff: false }))).toEqual([200, 200, 200, 200]);
    expect(await statusesOf(make(newUserId(), {}))).toEqual([200, 200, 200, 200]);
    expect(await statusesOf(make(newUserId(), { isStaff: null }))).toEqual([200, 200, 200, 200]);
    const enrolling = (emailVerified: unknown) =>
      as(make(newUserId(), { emailVerified }), async () => (await test.client().post('/mfa/totp')).body);
    expect((await enrolling(false)).code).toBe('unverified_email');
    expect(await enrolling(true)).toHaveProperty('secret');
    expect(await enrolling(undefined)).toHaveProperty('secret');
  });

  it.each(NO_FLAGS)('is an error where it is %s', async (_, make) => {
    for (const kind of ['a plain object', 'a class with private fields', 'a frozen object']) {
      const user = KINDS[kind] as (id: string, facts: Facts) => object;
      expect(await statusesOf(user(newUserId(), { isStaff: make() }))).toEqual([500, 500, 500, 500]);
      await as(user(newUserId(), { emailVerified: make() }), async () => {
        expect((await test.client().post('/mfa/totp')).status).toBe(500);
        expect((await test.client().post('/mfa/totp/activate', { code: '123456' })).status).toBe(500);
      });
    }
  });

  it('is an error at sign-in, and of users that are looked up', async () => {
    for (const isStaff of [1, 'true', 0]) {
      const client = test.client();
      expect((await client.post('/login', { id: newUserId(), isStaff })).status).toBe(500);
      expect(client.cookies.size).toBe(0);
    }
    const user = await enroll(test);
    expect((await user.client.get('/me')).status).toBe(200);
    users.set(user.id, { id: user.id, isStaff: 1 } as never);
    // The session proves a factor; what is asked of its user can't be answered all the same.
    expect((await user.client.get('/public')).status).toBe(500);
    expect((await user.client.post('/mfa/webauthn/options')).status).toBe(404);
    await expect(
      test.app.get(TotpService).begin({ id: newUserId(), emailVerified: 'false' as never }),
    ).rejects.toThrow(TypeError);
  });

  it('reaches the hooks as it is, under another name too', async () => {
    class LabelAdapter extends DefaultMfaAdapter {
      readonly seen: MfaUser[] = [];
      override getTotpLabel(user: MfaUser): string {
        this.seen.push(user);
        return user.email ?? '';
      }
    }
    const other = await startTestApp({ adapter: LabelAdapter });
    const account = Object.freeze(new Account('ada', { isStaff: true })) as unknown as MfaUser;
    const url = await other.app
      .get(TotpService)
      .buildUrl(account, 'JBSWY3DPEHPK3PXP', 'ada+work@example.com');
    expect(decodeURIComponent(url)).toContain('ada+work@example.com');
    const [seen] = (other.adapter as unknown as LabelAdapter).seen;
    expect([seen?.id, seen?.isStaff, seen?.email]).toEqual(['ada', true, 'ada+work@example.com']);
    await other.close();
  });
});

describe('hooks that answer yes or no', () => {
  const ANSWERS: [string, () => unknown][] = [
    ...NO_FLAGS.filter(([name]) => name !== 'a promise'),
    ['nothing', () => undefined],
    ['null', () => null],
    ['a promise of a number', () => Promise.resolve(1)],
  ];

  it.each(ANSWERS)('refuse where they answer with %s', async (_, answer) => {
    class VagueAdapter extends TestAdapter {
      static hook = '';
      override isMfaRequired(...given: Parameters<TestAdapter['isMfaRequired']>) {
        return VagueAdapter.hook === 'isMfaRequired' ? (answer() as boolean) : super.isMfaRequired(...given);
      }
      override isMfaEnabled(...given: Parameters<TestAdapter['isMfaEnabled']>) {
        return VagueAdapter.hook === 'isMfaEnabled'
          ? (answer() as Promise<boolean>)
          : super.isMfaEnabled(...given);
      }
      override canDeleteAuthenticator(...given: Parameters<TestAdapter['canDeleteAuthenticator']>) {
        return VagueAdapter.hook === 'canDeleteAuthenticator'
          ? (answer() as boolean)
          : super.canDeleteAuthenticator(...given);
      }
      override trustExternalMfa(...given: Parameters<TestAdapter['trustExternalMfa']>) {
        return VagueAdapter.hook === 'trustExternalMfa'
          ? (answer() as boolean)
          : super.trustExternalMfa(...given);
      }
    }
    const test = await startTestApp({ adapter: VagueAdapter, mfa: { globalGuard: true } });
    const { client, id, authenticatorId, secret } = await enroll(test);
    const newcomer = test.client();
    await newcomer.post('/login', { id: newUserId() });

    VagueAdapter.hook = 'canDeleteAuthenticator';
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(500);
    VagueAdapter.hook = 'isMfaRequired';
    expect((await newcomer.get('/protected/feed')).status).toBe(500);
    expect((await newcomer.get('/public')).status).toBe(500);
    VagueAdapter.hook = 'isMfaEnabled';
    expect((await newcomer.get('/protected/feed')).status).toBe(500);
    expect((await newcomer.post('/mfa/recovery-codes')).status).toBe(500);
    const half = test.client();
    expect((await half.post('/login', { id })).status).toBe(500);
    expect(half.cookies.size).toBe(0);
    // No evidence is no refusal: the second factor is owed.
    VagueAdapter.hook = 'trustExternalMfa';
    expect((await half.post('/login', { id })).body.status).toBe('mfa_required');
    VagueAdapter.hook = '';
    const code = codeOf(secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    await test.close();
  });

  it('answer at once where they did', () => {
    class OwnAdapter extends DefaultMfaAdapter {
      override canDeleteAuthenticator(): boolean {
        return false;
      }
    }
    expect(new OwnAdapter().canDeleteAuthenticator()).toBe(false);
  });
});

describe('an adapter that finds nobody', () => {
  it.each([undefined, null, false, '', 0])('may say so with %j', async (nobody) => {
    class NobodyAdapter extends TestAdapter {
      override getUser(): null {
        return nobody as null;
      }
    }
    const test = await startTestApp({ adapter: NobodyAdapter });
    for (const path of ['/protected/feed', '/protected', '/mfa/status', '/me']) {
      expect((await test.client().get(path)).body.code).toBe('unauthenticated');
    }
    await test.close();
  });

  it('does not find somebody else', async () => {
    const test = await startTestApp();
    const { client, id } = await enroll(test);
    users.set(id, { id: newUserId() });
    for (const path of ['/protected/feed', '/me', '/mfa/status']) {
      expect((await client.get(path)).status).toBe(401);
    }
    await test.close();
  });
});
