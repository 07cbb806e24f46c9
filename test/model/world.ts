import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import type { MfaLoginResult, MfaMessage, MfaUser } from 'nestjs-mfa';
import { MfaAdminService, MfaService, RequireMfa, SkipMfa, emailCode, smsCode } from 'nestjs-mfa';
import { totpCode } from 'nestjs-mfa/testing';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Answer } from '../support/client.js';
import { ENGINE, rowsOf } from '../support/databases.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, newUserId, startTestApp, users } from '../support/test-app.js';
import type { Action, Bound } from './actions/action.js';
import { isSentAttempt } from './actions/action.js';
import { Interleaver } from './interleaver.js';
import type { Form } from './page-driver.js';
import { askForPage, formOf, newCodesOf, sendForm, tokenFor, tokenOfSession } from './page-driver.js';
import type { BrowserName, Budget, Delivered, FirstFactor, State, UserName } from './state.js';
import {
  BROWSERS,
  DELIVERED,
  LIMITS,
  OWNER,
  USERS,
  hasFactor,
  sessionOf,
  trustedOf,
  usableIn,
} from './state.js';
import { Tally } from './tally.js';

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

/** The sign-in by what the application has sent itself. */
@Controller('link')
class LinkController {
  constructor(@Inject(MfaService) private readonly mfa: MfaService) {}

  @Post()
  @HttpCode(200)
  @SkipMfa()
  signIn(
    @Body() { id, firstFactor }: { id: string; firstFactor: FirstFactor },
    @Req() request: object,
    @Res({ passthrough: true }) response: object,
  ): Promise<MfaLoginResult> {
    return this.mfa.login(users.get(id) as MfaUser, { request, response, firstFactor });
  }
}

/** Keeps what is sent, in the order in which it is, with which of several requests at once has sent it. */
class ModelAdapter extends TestAdapter {
  readonly messages: { to: string; code: string; by: number }[] = [];
  sender = (): number => 0;

  override sendMessage({ to, code }: MfaMessage): void {
    this.messages.push({ to, code, by: this.sender() });
  }
}

/** The application, in which new users and browsers begin again and again. */
export class World {
  readonly interleaver = new Interleaver();
  readonly tally = new Tally();
  test!: TestApp;

  constructor(readonly budget: Budget) {}

  async start(): Promise<void> {
    const codes = {
      ttlSeconds: LIMITS.code,
      maxMessages: this.budget.messages,
      windowSeconds: LIMITS.messages,
    };
    this.test = await startTestApp({
      adapter: ModelAdapter,
      mfa: {
        factors: [emailCode(codes), smsCode(codes)],
        pages: true,
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true, ttlSeconds: LIMITS.trust, maxPerUser: 100 },
        audit: { enabled: true },
        gracePeriodSeconds: LIMITS.proof,
        session: { pendingTtlSeconds: LIMITS.pending, ttlSeconds: LIMITS.session },
        totp: { setupTtlSeconds: LIMITS.setup },
        rateLimit: { attempts: this.budget.attempts, windowSeconds: LIMITS.window },
        // Requests that are held back keep others waiting for their rows.
        storage: { timeoutSeconds: 60 },
      },
      controllers: [SpendController, LinkController],
      configure: this.interleaver.mark,
    });
    const { app, dataSource, adapter } = this.test;
    this.interleaver.watch(app, dataSource, adapter);
    (adapter as ModelAdapter).sender = () => this.interleaver.taskNumber;
  }

  /** Ann and Bob as they were never seen before. */
  begin(): Scene {
    return new Scene(this.test);
  }
}

/** What has to be there before an action is sent: what a key answers, and a form. */
export interface Prepared {
  credential?: unknown;
  form?: Form;
  token?: string;
}

/** One story of Ann and Bob, and all that they know: secrets, codes, keys. */
export class Scene {
  readonly ids = { ann: newUserId(), bob: newUserId() } satisfies Record<UserName, string>;
  private readonly clients: Record<BrowserName, PageClient>;
  private readonly secrets = new Map<string, string>();
  private readonly codes = new Map<string, string[]>();
  private readonly keys = new Map<string, SoftwareAuthenticator>();
  private readonly authenticatorIds = new Map<string, string>();
  /** The codes that were sent, by the names of what has sent them. */
  private readonly sent = new Map<string, string>();
  private readonly errorCodes: [string, string][];
  private seen: number;

  constructor(private readonly test: TestApp) {
    for (const id of Object.values(this.ids)) users.set(id, recordOf(id));
    const clients = BROWSERS.map((name) => [name, new PageClient(test.url)] as const);
    this.clients = Object.fromEntries(clients) as Record<BrowserName, PageClient>;
    this.errorCodes = Object.entries(test.adapter.errorMessages);
    this.seen = this.adapter.messages.length;
  }

  private get adapter(): ModelAdapter {
    return this.test.adapter as ModelAdapter;
  }

  /** Whether what the action types is known: codes that a page has shown when somebody else came in between are not. */
  canType({ action, code }: Bound): boolean {
    return action.type !== 'prove' || code === null || this.codes.has(code.set);
  }

  /** What has to be asked for before: the options of a ceremony, and the page of a form. */
  async prepare(bound: Bound): Promise<Prepared> {
    const { action } = bound;
    this.seen = this.adapter.messages.length;
    const credential = await this.credentialFor(bound);
    if (!('how' in action) || action.how === undefined) return { credential };
    const form = formOf(bound, { code: this.codeOf(bound), id: this.idOf(bound), credential });
    if (!form) return {};
    if (action.how === 'page') return { form, token: await tokenFor(this.clients[action.by], form) };
    // Nobody's form, or one of another user.
    return { form, token: action.by === 'bob' ? '' : await tokenOfSession(this.clients.bob) };
  }

  private async credentialFor({ action, key, name }: Bound): Promise<unknown> {
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
  async send(
    bound: Bound,
    { credential, form, token = '' }: Prepared,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { action } = bound;
    if (!('by' in action)) {
      await this.administrate(bound);
      return DONE;
    }
    const client = this.clients[action.by];
    if (form) return sendForm(client, form, { token, headers, codeIn: (page) => this.errorCodeIn(page) });
    if (action.how === 'page') return askForPage(client, action, headers);
    switch (action.type) {
      case 'login': {
        const id = this.ids[OWNER[action.by]];
        return action.first === undefined
          ? client.post('/login', { id }, headers)
          : client.post('/link', { id, firstFactor: action.first }, headers);
      }
      case 'sign in with a passkey':
        return client.post('/mfa/passkey', { credential }, headers);
      case 'look':
        return client.get('/protected', headers);
      case 'spend':
        return client.post('/spend', undefined, headers);
      case 'set up an app':
        return client.post('/mfa/totp', undefined, headers);
      case 'activate':
        return client.post('/mfa/totp/activate', { code: this.codeOf(bound) }, headers);
      case 'set up codes':
        return client.post(`/mfa/factors/${action.kind}`, undefined, headers);
      case 'activate codes':
        return client.post(`/mfa/factors/${action.kind}/activate`, { code: this.codeOf(bound) }, headers);
      case 'send a code':
        return client.post(`/mfa/authenticate/${action.kind}/challenge`, undefined, headers);
      case 'register a key':
        return client.post('/mfa/webauthn', { credential }, headers);
      case 'prove': {
        const trustDevice = action.trusts;
        return action.with === 'key'
          ? client.post('/mfa/authenticate/webauthn', { credential, trustDevice }, headers)
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
      case 'read':
        return askForPage(client, action, headers);
    }
  }

  /**
   * Keeps what an answer shows, and what was sent.
   *
   * @param index which of those at once it is
   */
  async learn({ action, name, secret }: Bound, answer: Answer, index: number): Promise<void> {
    const { status, body } = answer;
    const message = this.adapter.messages.slice(this.seen).find(({ by }) => by === index);
    if (message) this.sent.set(name, message.code);
    // A page shows what is to be set up also where it refuses something.
    if (typeof body.secret === 'string') body.shows = this.nameOfSecret(body.secret, name);
    if (status !== 201 || !('by' in action)) return;
    const codes: unknown =
      body.codes ?? body.recoveryCodes ?? (await newCodesOf(this.clients[action.by], answer));
    if (Array.isArray(codes) && codes.length > 0) this.codes.set(name, codes as string[]);
    const of = action.type === 'activate' ? (secret ?? '') : name;
    const id = (body.authenticator?.id as string | undefined) ?? (await this.idInDatabase(action, name));
    if (id !== undefined) this.authenticatorIds.set(of, id);
  }

  /** The name under which a secret was shown first. */
  private nameOfSecret(secret: string, name: string): string {
    const [known] = [...this.secrets].find(([, one]) => one === secret) ?? [];
    if (known === undefined) this.secrets.set(name, secret);
    return known ?? name;
  }

  /** A page does not say which factor it has made. */
  private async idInDatabase(
    action: Action & { by: BrowserName },
    name: string,
  ): Promise<string | undefined> {
    const type = action.type === 'activate' ? 'totp' : action.type === 'activate codes' ? action.kind : null;
    const [sql, key] =
      type === null
        ? [
            'SELECT authenticator_id AS id FROM mfa_webauthn_credential WHERE user_id = ? AND credential_id = ?',
            this.keys.get(name)?.credentialId.toString('base64url'),
          ]
        : ['SELECT id FROM mfa_authenticator WHERE user_id = ? AND type = ?', type];
    if (key === undefined) return undefined;
    const [row] = await rowsOf(this.test.dataSource, sql, [this.ids[OWNER[action.by]], key]);
    return row?.['id'] as string | undefined;
  }

  /** What is to be seen in that state. */
  static sightOf(state: State): Sight {
    const browsers = BROWSERS.map((name) => {
      const session = sessionOf(state, state.cookies[name])?.[1];
      if (!session) return [name, 'nobody'];
      const methods = new Set(Object.values(session.proven).map(({ proof }) => proof));
      const all = [...(session.first === null ? [] : [session.first.method]), ...methods];
      return [
        name,
        described(session.isPending ? 'mfa_required' : 'authenticated', all, usableIn(state, session)),
      ];
    });
    const tables = USERS.map((name) => {
      const user = state.users[name];
      const factors = [
        ...(user.totp ? ['totp'] : []),
        ...user.keys.map(() => 'webauthn'),
        ...Object.keys(user.delivered),
      ].sort();
      return [
        `rows of ${name}`,
        {
          factors,
          lastStep: user.totp?.lastStep ?? null,
          lost: user.lost.length,
          unused: hasFactor(user) ? (user.codes?.unused.length ?? 0) : 0,
          trusted: trustedOf(state, name).length,
          sent: state.sent.filter((one) => one.user === name).length,
          told: inOrder(state.told[name]),
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
    return described(body.status as string, methods, body.methods as string[]);
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
    const order = ENGINE === 'sqlite' ? ' ORDER BY rowid' : '';
    const told = await rowsOf(dataSource, `SELECT type FROM mfa_audit_entry WHERE user_id = ?${order}`, [id]);
    const lastStep = authenticators.find(({ type }) => type === 'totp')?.['last_step'] ?? null;
    return {
      factors: authenticators.map(({ type }) => type as string).sort(),
      lastStep: lastStep === null ? null : Number(lastStep),
      lost: authenticators.filter(({ suspended_at: at }) => at !== null).length,
      unused: Number(unused),
      trusted: Number(trusted),
      sent: this.adapter.messages.filter(({ to }) => addressesOf(id).includes(to)).length,
      told: inOrder(told.map(({ type }) => type as string).filter((type) => CHANGES.includes(type))),
    };
  }

  private idOf({ factor }: Bound): string {
    return this.authenticatorIds.get(factor ?? '') ?? 'none';
  }

  private appCode({ secret, step }: Bound): string {
    const text = this.secrets.get(secret ?? '');
    return text === undefined ? WRONG : totpCode(text, step * 30_000);
  }

  /** What is typed: empty where nothing is. */
  private codeOf(bound: Bound): string {
    const { action, code, sent } = bound;
    if (action.type === 'activate') return action.isRight ? this.appCode(bound) : WRONG;
    if (action.type === 'activate codes') return this.sent.get(sent ?? '') ?? WRONG;
    if (action.type !== 'prove') return '';
    if (action.with.startsWith('app')) return this.appCode(bound);
    if (isSentAttempt(action.with)) return this.sent.get(sent ?? '') ?? WRONG;
    if (action.with === 'wrong') return WRONG;
    return (code && this.codes.get(code.set)?.[code.index]) ?? WRONG_RECOVERY_CODE;
  }

  /** Texts that name a time end otherwise on pages. */
  private errorCodeIn(page: string): string | undefined {
    return this.errorCodes.find(([, message]) => page.includes(message.split('. ')[0] as string))?.[0];
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
      case 'move':
        users.set(this.ids[action.of], moved(this.ids[action.of], action.kind));
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

const described = (status: string, proven: string[], usable: string[]): string =>
  `${status}: ${proven.sort().join(', ')} (${usable.sort().join(', ')})`;

/** Each user has two addresses of each kind: the application's record names one of them. */
function addressOf(id: string, kind: Delivered, which: number): string {
  if (kind === 'email_code') return `${id}@example.${which === 0 ? 'com' : 'org'}`;
  return `+49155${which}${id.replace(/\D/g, '').padStart(6, '0')}`;
}

const addressesOf = (id: string): string[] =>
  [0, 1].flatMap((which) => DELIVERED.map((kind) => addressOf(id, kind, which)));

const recordOf = (id: string): MfaUser => ({
  id,
  email: addressOf(id, 'email_code', 0),
  phoneNumber: addressOf(id, 'sms_code', 0),
});

/** The user's record with the other address of that kind. */
function moved(id: string, kind: Delivered): MfaUser {
  const user = users.get(id) as MfaUser;
  const field = kind === 'email_code' ? 'email' : 'phoneNumber';
  const which = user[field] === addressOf(id, kind, 0) ? 1 : 0;
  return { ...user, [field]: addressOf(id, kind, which) };
}

/** Digits that no app shows in these tests but by a chance of one in a million, and a recovery code of nobody. */
const WRONG = '000000';
const WRONG_RECOVERY_CODE = 'zzzz-zzzz';
const NO_CREDENTIAL: Partial<RegistrationResponseJSON> = { id: 'none', type: 'public-key' };
const DONE: Answer = { status: 200, body: {}, text: '', headers: new Headers() };

/** The order in which changes were committed; on a server nobody can tell it. */
const inOrder = (told: readonly string[]): string[] => (ENGINE === 'sqlite' ? [...told] : [...told].sort());
