import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import type {
  Authenticator,
  MfaEncryptionContext,
  MfaErrorCode,
  MfaModuleOptions,
  MfaNotification,
  MfaUser,
} from 'nestjs-mfa';
import { DefaultMfaAdapter, MFA_ADAPTER, MfaModule, MfaService } from 'nestjs-mfa';

import { rowsOf } from '../support/databases.js';
import type { Answer } from '../support/client.js';
import type { TestApp } from '../support/test-app.js';
import { SECRET, codeOf, enroll, newUserId, startTestApp, users } from '../support/test-app.js';

/** Something of the application's that an adapter needs. */
@Injectable()
class Greeter {
  readonly greeting = 'Ahoy';
}

@Module({ providers: [Greeter], exports: [Greeter] })
class GreeterModule {}

@Injectable()
class GreetingAdapter extends DefaultMfaAdapter {
  constructor(@Inject(Greeter) readonly greeter: Greeter) {
    super();
  }

  override getTotpIssuer(): string {
    return this.greeter.greeting;
  }
}

@Module({ imports: [GreeterModule], providers: [GreetingAdapter], exports: [GreetingAdapter] })
class AdapterModule {}

describe('ways to give an adapter', () => {
  const boot = async (adapter: MfaModuleOptions['adapter']) => {
    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database: ':memory:',
          autoLoadEntities: true,
          synchronize: true,
        }),
        MfaModule.forRoot({ secret: SECRET, ...(adapter ? { adapter } : {}) }),
      ],
    })
    class AppModule {}
    const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    const made = module.get<DefaultMfaAdapter>(MFA_ADAPTER);
    const url = await made.buildTotpUrl({ id: 1 }, 'SECRET');
    await module.close();
    return url;
  };

  it.each<[string, MfaModuleOptions['adapter'], string]>([
    ['none at all', undefined, 'otpauth://totp/'],
    [
      'useClass with its own dependency',
      { useClass: GreetingAdapter, imports: [GreeterModule] },
      'issuer=Ahoy',
    ],
    ['useExisting', { useExisting: GreetingAdapter, imports: [AdapterModule] }, 'issuer=Ahoy'],
    [
      'useFactory with inject',
      {
        useFactory: (greeter: Greeter) => new GreetingAdapter(greeter),
        inject: [Greeter],
        imports: [GreeterModule],
      },
      'issuer=Ahoy',
    ],
    ['useFactory without inject', { useFactory: () => Promise.resolve(new DefaultMfaAdapter()) }, 'issuer='],
  ])('%s', async (_, adapter, issuer) => {
    await expect(boot(adapter)).resolves.toContain(issuer);
  });

  it('a class alone, when the dependency is global or needs none', async () => {
    class Plain extends DefaultMfaAdapter {
      override getTotpIssuer(): string {
        return 'Plain';
      }
    }
    await expect(boot(Plain)).resolves.toContain('issuer=Plain');
  });

  it.each([
    ['an object of another class', { useFactory: () => ({}) }, 'must extend DefaultMfaAdapter'],
    ['an object without a way', {}, '`adapter` must be a class, or have'],
    [
      'a misspelt option',
      { useFactory: () => new DefaultMfaAdapter(), injects: [] },
      '`adapter.injects` is not an option',
    ],
  ])('refuses %s', async (_, adapter, message) => {
    await expect(boot(adapter as never)).rejects.toThrow(message);
  });

  it('refuses an adapter that is used before it is connected', () => {
    expect(() => new DefaultMfaAdapter().getTotpIssuer()).toThrow('not connected');
  });
});

/** Overrides every hook and remembers which were called. */
class RecordingAdapter extends DefaultMfaAdapter {
  readonly calls = new Set<string>();
  refuseDeletion = false;
  failing: string | null = null;

  override errorMessages = { incorrect_code: 'Nope.' };

  private note<T>(hook: string, value: T): T {
    this.calls.add(hook);
    if (this.failing === hook) throw new Error('the adapter is broken');
    return value;
  }

  override getUser(request: object): ReturnType<DefaultMfaAdapter['getUser']> {
    return this.note('getUser', super.getUser(request));
  }
  override getAuthenticatedAt(): Date | null {
    return this.note('getAuthenticatedAt', null);
  }
  override findUser(userId: string): MfaUser | null {
    return this.note('findUser', users.get(userId) ?? null);
  }
  override completeLogin(user: MfaUser): Record<string, unknown> {
    return this.note('completeLogin', { accessToken: `token of ${String(user.id)}`, status: 'overridden?' });
  }
  override getTotpLabel(user: MfaUser): string {
    return this.note('getTotpLabel', `label of ${String(user.id)}`);
  }
  override getTotpIssuer(): string {
    return this.note('getTotpIssuer', 'My Company');
  }
  override async buildTotpUrl(user: MfaUser, secret: string): Promise<string> {
    return this.note('buildTotpUrl', `${await super.buildTotpUrl(user, secret)}&image=x`);
  }
  override buildTotpSvg(url: string): string {
    return this.note('buildTotpSvg', `<svg data-length="${url.length}"/>`);
  }
  override encrypt(text: string, context?: MfaEncryptionContext): string {
    return this.note('encrypt', `${context?.purpose ?? ''}:${Buffer.from(text).toString('base64')}`);
  }
  override decrypt(text: string): string {
    return this.note('decrypt', Buffer.from(text.split(':')[1] as string, 'base64').toString());
  }
  override canDeleteAuthenticator(_: Authenticator): boolean {
    return this.note('canDeleteAuthenticator', !this.refuseDeletion);
  }
  override async isMfaEnabled(...args: Parameters<DefaultMfaAdapter['isMfaEnabled']>): Promise<boolean> {
    return this.note('isMfaEnabled', await super.isMfaEnabled(...args));
  }
  override async generateAuthenticatorName(user: MfaUser): Promise<string> {
    return this.note(
      'generateAuthenticatorName',
      `${String(user.id)}'s key #${(await this.count(user)) + 1}`,
    );
  }
  override sendNotification(_: MfaNotification): void {
    this.note('sendNotification', undefined);
  }
  override getErrorMessage(code: MfaErrorCode, request?: object): string | Promise<string> {
    return this.note('getErrorMessage', super.getErrorMessage(code, request));
  }

  private async count(user: MfaUser): Promise<number> {
    return (await this.mfa.findAuthenticators(String(user.id))).length;
  }
}

const HOOKS = [
  'getUser',
  'getAuthenticatedAt',
  'findUser',
  'completeLogin',
  'getTotpLabel',
  'getTotpIssuer',
  'buildTotpUrl',
  'buildTotpSvg',
  'encrypt',
  'decrypt',
  'canDeleteAuthenticator',
  'isMfaEnabled',
  'generateAuthenticatorName',
  'sendNotification',
  'getErrorMessage',
];

describe('the hooks of an adapter', () => {
  let test: TestApp;
  let adapter: RecordingAdapter;
  beforeAll(async () => {
    test = await startTestApp({ adapter: RecordingAdapter, mfa: { rateLimit: { attempts: 100 } } });
    adapter = test.app.get<RecordingAdapter>(MFA_ADAPTER);
  });
  afterAll(() => test.close());

  it('shape what users see, each of them', async () => {
    const id = newUserId();
    const client = test.client();
    expect((await client.post('/login', { id })).body).toMatchObject({
      accessToken: `token of ${id}`,
      status: 'authenticated',
    });
    const { body: setup } = await client.post('/mfa/totp');
    expect(setup.url).toMatch(/^otpauth:\/\/totp\/My%20Company:label%20of%20user-\d+\?.*&image=x$/);
    expect(setup.svg).toBe(`<svg data-length="${setup.url.length}"/>`);
    const { body } = await client.post('/mfa/totp/activate', { code: codeOf(setup.secret, test.clock) });
    expect(body.authenticator.name).toBe(`${id}'s key #1`);
    const [row] = await rowsOf(
      test.dataSource,
      'SELECT data FROM mfa_authenticator WHERE user_id = ? AND type = ?',
      [id, 'totp'],
    );
    expect(row.data).toMatch(/^totp:/);

    test.clock.advance(60);
    const half = test.client();
    await half.post('/login', { id });
    const wrong = await half.post('/mfa/authenticate', { code: '000000' });
    expect(wrong.body).toMatchObject({ code: 'incorrect_code', message: 'Nope.' });
    expect((await half.post('/mfa/totp')).body.message).toBe('You are not signed in.');
    const done = await half.post('/mfa/authenticate', { code: codeOf(setup.secret, test.clock) });
    expect(done.body).toMatchObject({ status: 'authenticated', accessToken: `token of ${id}` });
    await half.delete(`/mfa/authenticators/${body.authenticator.id}`);
    expect([...adapter.calls].sort()).toEqual([...HOOKS].sort());
  });

  it('can forbid deletion', async () => {
    const { client, authenticatorId } = await enroll(test);
    adapter.refuseDeletion = true;
    const { body: rows } = await client.get('/mfa/authenticators');
    for (const { id } of rows) {
      expect(await client.delete(`/mfa/authenticators/${id}`)).toMatchObject({
        status: 409,
        body: { code: 'cannot_delete_authenticator' },
      });
    }
    adapter.refuseDeletion = false;
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
  });

  it.each(['getUser', 'findUser', 'isMfaEnabled', 'decrypt', 'getErrorMessage'])(
    'grant nothing when %s throws',
    async (hook) => {
      const { id, client, secret } = await enroll(test);
      const half = test.client();
      await half.post('/login', { id });
      adapter.failing = hook;
      const byHook: Record<string, () => Promise<Answer>> = {
        getUser: () => client.get('/protected'),
        findUser: () => half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) }),
        isMfaEnabled: () => test.client().post('/login', { id }),
        decrypt: () => half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) }),
        getErrorMessage: () => half.post('/mfa/authenticate', { code: '000000' }),
      };
      const answer = await (byHook[hook] as () => Promise<Answer>)();
      adapter.failing = null;
      // A row that can't be read verifies nothing, and the user's other factors go on working.
      const status = hook === 'decrypt' ? 400 : 500;
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([status, null]);
      expect(answer.text).not.toContain('broken');
      expect((await half.get('/me')).status).toBe(401);
    },
  );

  it('leave no session behind when completeLogin throws', async () => {
    const id = newUserId();
    adapter.failing = 'completeLogin';
    const client = test.client();
    const { status, headers } = await client.post('/login', { id });
    adapter.failing = null;
    expect([status, headers.get('set-cookie')]).toEqual([500, null]);
    const rows = await rowsOf(test.dataSource, 'SELECT id FROM mfa_session WHERE user_id = ?', [id]);
    expect(rows).toEqual([]);
  });

  it('may fail to notify without failing the request', async () => {
    adapter.failing = 'sendNotification';
    const { client } = await enroll(test);
    expect((await client.post('/mfa/recovery-codes')).status).toBe(201);
    adapter.failing = null;
    expect(test.logger.lines.some((line) => line.includes('could not be sent: the adapter is broken'))).toBe(
      true,
    );
  });
});

describe('DefaultMfaAdapter', () => {
  let test: TestApp;
  let adapter: DefaultMfaAdapter;
  beforeAll(async () => {
    test = await startTestApp({ adapter: DefaultMfaAdapter });
    adapter = test.app.get<DefaultMfaAdapter>(MFA_ADAPTER);
  });
  afterAll(() => test.close());

  it('labels a user by email, username or id', () => {
    expect(adapter.getTotpLabel({ id: 1, email: 'a@b.c', username: 'ada' })).toBe('a@b.c');
    expect(adapter.getTotpLabel({ id: 1, email: '', username: 'ada' })).toBe('ada');
    expect(adapter.getTotpLabel({ id: 1 })).toBe('1');
  });

  it('names keys in the order in which they come', async () => {
    await expect(adapter.generateAuthenticatorName({ id: 'new' }, 'webauthn')).resolves.toBe('Master key');
    await expect(adapter.generateAuthenticatorName({ id: 'new' }, 'totp')).resolves.toBe('Authenticator app');
  });

  it('binds what it encrypts to its owner', async () => {
    const context = { purpose: 'totp', userId: 'ada', recordId: 'r' };
    const sealed = await adapter.encrypt('text', context);
    expect(await adapter.decrypt(sealed, context)).toBe('text');
    expect(() => adapter.decrypt(sealed, { ...context, userId: 'bob' })).toThrow('belongs to another record');
    expect(await adapter.decrypt(await adapter.encrypt('text'))).toBe('text');
  });

  it('knows a second factor by type', async () => {
    const { id } = await enroll(test);
    const mfa = test.app.get(MfaService);
    await expect(mfa.isMfaEnabled({ id })).resolves.toBe(true);
    await expect(mfa.isMfaEnabled({ id }, ['totp'])).resolves.toBe(true);
    await expect(mfa.isMfaEnabled({ id }, ['webauthn'])).resolves.toBe(false);
    await expect(mfa.isMfaEnabled({ id }, ['recovery_codes'])).resolves.toBe(false);
    await expect(mfa.isMfaEnabled({ id: 'nobody' })).resolves.toBe(false);
  });

  it('takes a row that was copied to another user for nothing', async () => {
    const ada = await enroll(test);
    const bob = await enroll(test);
    await rowsOf(
      test.dataSource,
      'UPDATE mfa_authenticator SET data = (SELECT data FROM mfa_authenticator WHERE id = ?), last_step = NULL WHERE id = ?',
      [ada.authenticatorId, bob.authenticatorId],
    );
    const half = test.client();
    await half.post('/login', { id: bob.id });
    expect((await half.post('/mfa/authenticate', { code: codeOf(ada.secret, test.clock) })).status).toBe(400);
    expect((await half.get('/me')).status).toBe(401);
  });

  it('logs notifications, and nothing secret anywhere, not even with the statements', async () => {
    const { secret, recoveryCodes, client } = await enroll(test);
    const token = client.cookies.get('mfa_session') as string;
    const statements = JSON.stringify(test.logger.queries);
    for (const text of [secret, token, ...recoveryCodes]) expect(statements).not.toContain(text);
    const log = test.logger.lines.join('\n');
    expect(log).toMatch(/authenticator_added \(totp\) of user user-\d+/);
    for (const text of [secret, ...recoveryCodes]) expect(log).not.toContain(text);
  });
});
