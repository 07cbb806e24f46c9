import { Controller, HttpCode, Post } from '@nestjs/common';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import type { MfaUser } from 'nestjs-mfa';
import { MfaAdminService, MfaService, RequireMfa } from 'nestjs-mfa';
import { totpCode } from 'nestjs-mfa/testing';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Answer, Client } from '../support/client.js';
import { rowsOf } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, newUserId, startTestApp, users } from '../support/test-app.js';
import type { Bound } from './actions.js';
import { Interleaver } from './interleaver.js';
import type { BrowserName, State, UserName } from './state.js';
import { BROWSERS, LIMITS, OWNER, USERS, hasFactor, sessionOf, trustedOf } from './state.js';

/** What anybody can see of a state: how far each browser has come, and what the tables hold. */
export type Sight = Record<string, unknown>;

/** What is told once for each change, and nothing else. */
const CHANGES = [
  'mfa.admin.reset',
  'mfa.admin.unlocked',
  'mfa.authenticator.added',
  'mfa.authenticator.removed',
  'mfa.authenticator.resumed',
  'mfa.authenticator.suspended',
  'mfa.recovery_code.used',
  'mfa.recovery_codes.regenerated',
  'mfa.trusted_device.added',
  'mfa.trusted_device.used',
];

/** Where a proof counts once. */
@Controller('spend')
class SpendController {
  @Post()
  @HttpCode(200)
  @RequireMfa({ once: true })
  spend(): void {
    // Whoever gets here has spent one.
  }
}

/** The application, in which new users and browsers begin again and again. */
export class World {
  readonly interleaver = new Interleaver();
  test!: TestApp;

  /** @param attempts how many guesses a user has */
  constructor(readonly attempts: number) {}

  async start(): Promise<void> {
    this.test = await startTestApp({
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true, ttlSeconds: LIMITS.trust, maxPerUser: 100 },
        audit: { enabled: true },
        gracePeriodSeconds: LIMITS.proof,
        session: { pendingTtlSeconds: LIMITS.pending, ttlSeconds: LIMITS.session },
        totp: { setupTtlSeconds: LIMITS.setup },
        rateLimit: { attempts: this.attempts, windowSeconds: LIMITS.window },
        // Requests that are held back keep others waiting for their rows.
        storage: { timeoutSeconds: 60 },
      },
      controllers: [SpendController],
      configure: this.interleaver.mark,
    });
    const { app, dataSource, adapter } = this.test;
    this.interleaver.watch(app, dataSource, adapter);
  }

  /** Ann and Bob as they were never seen before. */
  begin(): Scene {
    return new Scene(this.test);
  }
}

/** One story of Ann and Bob, and all that they know: secrets, codes, keys. */
export class Scene {
  readonly ids = { ann: newUserId(), bob: newUserId() } satisfies Record<UserName, string>;
  private readonly clients: Record<BrowserName, Client>;
  private readonly secrets = new Map<string, string>();
  private readonly codes = new Map<string, string[]>();
  private readonly keys = new Map<string, SoftwareAuthenticator>();
  private readonly authenticatorIds = new Map<string, string>();

  constructor(private readonly test: TestApp) {
    for (const id of Object.values(this.ids)) users.set(id, { id, email: `${id}@example.com` });
    const clients = BROWSERS.map((name) => [name, test.client()] as const);
    this.clients = Object.fromEntries(clients) as Record<BrowserName, Client>;
  }

  /** What has to be asked for before: the options of a ceremony. */
  async prepare({ action, key, name }: Bound): Promise<unknown> {
    if (action.type === 'register a key') {
      const { status, body } = await this.clients[action.by].post('/mfa/webauthn/options', {});
      const made = new SoftwareAuthenticator();
      this.keys.set(name, made);
      return status === 200 ? made.create(body) : NO_CREDENTIAL;
    }
    const isPasskey = action.type === 'sign in with a passkey';
    if (isPasskey || (action.type === 'prove' && action.with === 'key')) {
      const path = isPasskey ? '/mfa/passkey/options' : '/mfa/authenticate/webauthn/options';
      const { status, body } = await this.clients[action.by].post(path);
      const held = key === null ? undefined : this.keys.get(key);
      return status === 200 && held ? held.get(body) : NO_CREDENTIAL;
    }
    return undefined;
  }

  /** Does it. What the application itself does answers 200, or throws. */
  async send(bound: Bound, prepared: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const { action } = bound;
    if (!('by' in action)) {
      await this.administrate(bound);
      return DONE;
    }
    const client = this.clients[action.by];
    switch (action.type) {
      case 'login':
        return client.post('/login', { id: this.ids[OWNER[action.by]] }, headers);
      case 'sign in with a passkey':
        return client.post('/mfa/passkey', { credential: prepared }, headers);
      case 'look':
        return client.get('/protected', headers);
      case 'spend':
        return client.post('/spend', undefined, headers);
      case 'set up an app':
        return client.post('/mfa/totp', undefined, headers);
      case 'activate':
        return client.post(
          '/mfa/totp/activate',
          { code: action.isRight ? this.appCode(bound) : WRONG },
          headers,
        );
      case 'register a key':
        return client.post('/mfa/webauthn', { credential: prepared }, headers);
      case 'prove': {
        const trustDevice = action.trusts;
        return action.with === 'key'
          ? client.post('/mfa/authenticate/webauthn', { credential: prepared, trustDevice }, headers)
          : client.post('/mfa/authenticate', { code: this.codeOf(bound), trustDevice }, headers);
      }
      case 'remove':
        return client.delete(`/mfa/authenticators/${this.idOf(bound)}`, headers);
      case 'report lost': {
        const path = `/mfa/authenticate/authenticators/${this.idOf(bound)}/suspend`;
        return client.post(path, undefined, headers);
      }
      case 'found':
        return client.post(`/mfa/authenticators/${this.idOf(bound)}/resume`, undefined, headers);
      case 'trust no browser':
        return client.delete('/mfa/trusted-devices', headers);
      case 'new codes':
        return client.post('/mfa/recovery-codes', undefined, headers);
      case 'end the others':
        return client.delete('/mfa/sessions', headers);
      case 'sign out':
        return client.delete('/mfa/session', headers);
    }
  }

  /** Keeps what an answer shows. */
  learn({ action, name, secret }: Bound, { status, body }: Answer): void {
    if (status !== 201) return;
    if (action.type === 'set up an app') {
      this.secrets.set(name, body.secret as string);
    }
    const codes: unknown = body.codes ?? body.recoveryCodes;
    if (Array.isArray(codes)) this.codes.set(name, codes as string[]);
    if (body.authenticator) {
      const of = action.type === 'activate' ? secret : name;
      this.authenticatorIds.set(of ?? '', body.authenticator.id as string);
    }
  }

  /** What is to be seen in that state. */
  static sightOf(state: State): Sight {
    const browsers = BROWSERS.map((name) => {
      const session = sessionOf(state, state.cookies[name])?.[1];
      if (!session) return [name, 'nobody'];
      const methods = new Set(Object.values(session.proven).map(({ proof }) => proof));
      const all = [...(session.passwordAt === null ? [] : ['pwd']), ...methods];
      return [name, `${session.isPending ? 'mfa_required' : 'authenticated'}: ${all.sort().join(', ')}`];
    });
    const tables = USERS.map((name) => {
      const user = state.users[name];
      const factors = [...(user.totp ? ['totp'] : []), ...user.keys.map(() => 'webauthn')].sort();
      return [
        `rows of ${name}`,
        {
          factors,
          lastStep: user.totp?.lastStep ?? null,
          lost: user.lost.length,
          unused: hasFactor(user) ? (user.codes?.unused.length ?? 0) : 0,
          trusted: trustedOf(state, name).length,
          told: [...state.told[name]].sort(),
        },
      ];
    });
    return Object.fromEntries([...browsers, ...tables]) as Sight;
  }

  /** What is to be seen in the application. */
  async look(): Promise<Sight> {
    const entries: [string, unknown][] = [];
    for (const name of BROWSERS) entries.push([name, await this.seenBy(name)]);
    for (const name of USERS) entries.push([`rows of ${name}`, await this.rowsOf(this.ids[name])]);
    return Object.fromEntries(entries);
  }

  private async seenBy(name: BrowserName): Promise<string> {
    const { status, body } = await this.clients[name].get('/mfa/session');
    if (status !== 200) return 'nobody';
    const methods = (body.proven as { method: string }[]).map(({ method }) => method);
    return `${body.status}: ${methods.sort().join(', ')}`;
  }

  private async rowsOf(id: string): Promise<unknown> {
    const { dataSource } = this.test;
    const authenticators = await rowsOf(
      dataSource,
      "SELECT type, last_step, suspended_at FROM mfa_authenticator WHERE user_id = ? AND type <> 'recovery_codes'",
      [id],
    );
    const [{ unused } = { unused: 0 }] = await rowsOf(
      dataSource,
      'SELECT COUNT(*) AS unused FROM mfa_recovery_code WHERE user_id = ? AND used_at IS NULL',
      [id],
    );
    const [{ trusted } = { trusted: 0 }] = await rowsOf(
      dataSource,
      'SELECT COUNT(*) AS trusted FROM mfa_trusted_device WHERE user_id = ? AND expires_at > ?',
      [id, this.test.clock.now()],
    );
    const told = await rowsOf(dataSource, 'SELECT type FROM mfa_audit_entry WHERE user_id = ?', [id]);
    const lastStep = authenticators.find(({ type }) => type === 'totp')?.['last_step'] ?? null;
    return {
      factors: authenticators.map(({ type }) => type as string).sort(),
      lastStep: lastStep === null ? null : Number(lastStep),
      lost: authenticators.filter(({ suspended_at: at }) => at !== null).length,
      unused: Number(unused),
      trusted: Number(trusted),
      told: told
        .map(({ type }) => type as string)
        .filter((type) => CHANGES.includes(type))
        .sort(),
    };
  }

  private idOf({ factor }: Bound): string {
    return this.authenticatorIds.get(factor ?? '') ?? 'none';
  }

  private appCode({ secret, step }: Bound): string {
    const text = this.secrets.get(secret ?? '');
    return text === undefined ? WRONG : totpCode(text, step * 30_000);
  }

  private codeOf(bound: Bound): string {
    const { action, code } = bound;
    if (action.type !== 'prove' || action.with === 'wrong') return WRONG;
    if (action.with.startsWith('app')) return this.appCode(bound);
    return (code && this.codes.get(code.set)?.[code.index]) ?? WRONG_RECOVERY_CODE;
  }

  private async administrate({ action }: Bound): Promise<void> {
    const { app, clock } = this.test;
    const admin = app.get(MfaAdminService);
    switch (action.type) {
      case 'steal':
        this.clients.copy.cookies.clear();
        for (const [name, value] of this.clients.home.cookies) this.clients.copy.cookies.set(name, value);
        return;
      case 'wait':
        clock.advance(action.seconds);
        return;
      case 'reset':
        await admin.reset(this.ids[action.of], 'lost');
        return;
      case 'end all':
        return admin.endSessions(this.ids[action.of]);
      case 'password changed':
        return app.get(MfaService).passwordChanged(users.get(this.ids[action.of]) as MfaUser);
      case 'unlock':
        await admin.unlock(this.ids[action.of]);
    }
  }
}

/** Digits that no app shows in these tests but by a chance of one in a million, and a recovery code of nobody. */
const WRONG = '000000';
const WRONG_RECOVERY_CODE = 'zzzz-zzzz';
const NO_CREDENTIAL: Partial<RegistrationResponseJSON> = { id: 'none', type: 'public-key' };
const DONE: Answer = { status: 200, body: {}, text: '', headers: new Headers() };
