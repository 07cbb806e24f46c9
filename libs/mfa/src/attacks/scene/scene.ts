import { setTimeout as pause } from 'node:timers/promises';

import type { VirtualSecurityKey } from '../../core/virtual-authenticators/virtual-security-key.js';
import type { AttackAnswer } from '../target/attack-answer.js';
import { describeAnswer, textOf } from '../target/attack-answer.js';
import { AttackClient } from '../target/attack-client.js';
import type { AttackSettings, AttackTarget, AttackUser } from '../target/attack-target.js';
import { messageOf } from '../target/message-of.js';
import { Wire } from '../target/wire.js';
import { AuthenticatorApp } from './authenticator-app.js';
import type { ProofLie } from './hostile-key.js';
import { HostileKey } from './hostile-key.js';
import { Judgement } from './judgement.js';
import { KnownSecrets } from './known-secrets.js';
import { NotApplicable, Unclear } from './outcome.js';

/** A user with a second factor, in the session that set it up. */
export interface Enrolled {
  user: AttackUser;
  client: AttackClient;
  authenticatorId: string;
  recoveryCodes: string[];
}

export interface WithApp extends Enrolled {
  app: AuthenticatorApp;
}

export interface WithKey extends Enrolled {
  key: HostileKey;
}

const SETTINGS: Required<AttackSettings> = {
  totpTolerance: 1,
  freshSeconds: 900,
  pendingSeconds: 900,
  windowSeconds: 300,
  sessionSeconds: 43_200,
  idleSeconds: 0,
  readableCookies: [],
};
const LIMITS = { guesses: 60, parallel: 20, judgedGuesses: 10 };
/** The longest that an attack waits in real time. */
const LONGEST_WAIT_SECONDS = 35;
/** How much of a time step must be left for the previous step's code to arrive in time, in milliseconds. */
const ARRIVAL_MS = 4_000;

/** The environment of an attack: legitimate users, what they do, and the judgement of the outcome. */
export class Scene extends Judgement {
  readonly settings: Required<AttackSettings>;
  readonly limits: typeof LIMITS;

  constructor(
    readonly target: AttackTarget,
    readonly wire: Wire = new Wire(target),
    readonly secrets = new KnownSecrets(),
  ) {
    super(wire.mfaPath);
    this.settings = { ...SETTINGS, ...target.settings };
    this.limits = { ...LIMITS, ...target.limits };
  }

  get now(): number {
    return this.target.clock?.now() ?? Date.now();
  }

  get stepUpRoute(): string {
    return this.target.stepUpRoute ?? this.target.protectedRoute;
  }

  browser(): AttackClient {
    return new AttackClient(this.wire);
  }

  /**
   * Lets time pass.
   *
   * @param longest how long to wait in real time, in seconds, if there is no movable clock
   * @throws {NotApplicable} if it would take longer than that
   */
  async pass(seconds: number, longest = LONGEST_WAIT_SECONDS): Promise<void> {
    if (this.target.clock) return void (await this.target.clock.advance(seconds));
    if (seconds > longest)
      throw new NotApplicable(`${seconds} seconds have to pass: start the target with a clock that moves`);
    await pause(seconds * 1000);
  }

  /** Registers a new user, signed in with the password alone. */
  async newcomer(client = this.browser()): Promise<{ user: AttackUser; client: AttackClient }> {
    const user = await this.legitimately('registering', () => this.target.register(this.browser()));
    await this.signIn(user, client);
    return { user, client };
  }

  /** Proves a user's first factor. */
  async signIn(user: AttackUser, client = this.browser()): Promise<AttackClient> {
    await this.legitimately('signing in', () => this.target.signIn(client, user));
    this.secrets.note(...client.secrets);
    return client;
  }

  /** Runs one of the target's own functions, which report a failure by throwing. */
  async legitimately<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new Unclear(`${what} failed: ${messageOf(error)}`);
    }
  }

  /** Registers a new user with an authenticator app and recovery codes. */
  async withApp(client = this.browser()): Promise<WithApp> {
    const { user } = await this.newcomer(client);
    return { user, client, ...(await this.addApp(client)) };
  }

  async beginApp(client: AttackClient): Promise<AuthenticatorApp> {
    const setup = await client.mfa('POST', '/totp');
    if (setup.status === 404)
      throw new NotApplicable(`There are no authenticator apps here: ${describeAnswer(setup)}`);
    this.control('beginning to set up an app', setup);
    const app = new AuthenticatorApp(setup);
    if (app.secret === '') throw new Unclear('Setting up an app gave no secret');
    this.secrets.note(app.secret);
    return app;
  }

  async addApp(client: AttackClient): Promise<Omit<WithApp, 'user' | 'client'>> {
    const app = await this.beginApp(client);
    const answer = await client.mfa('POST', '/totp/activate', { code: await this.freshCode(app) });
    this.control('setting up an app', answer);
    this.secrets.note(...client.secrets);
    return { app, ...this.added(answer) };
  }

  /** Registers a new user with a security key or passkey. */
  async withKey(): Promise<WithKey> {
    const { user, client } = await this.newcomer();
    return { user, client, ...(await this.addKey(client)) };
  }

  async addKey(client: AttackClient): Promise<Omit<WithKey, 'user' | 'client'>> {
    const options = await this.keyOptions(client);
    const key = new HostileKey({ origin: this.wire.origin });
    const credential = this.byBrowser(() => key.create(options.body as never));
    const answer = await client.mfa('POST', '/webauthn', { credential });
    this.control('registering a key', answer);
    this.secrets.note(...client.secrets);
    return { key, ...this.added(answer) };
  }

  /** Requests the options to register a key that can also sign in alone. */
  async keyOptions(client: AttackClient): Promise<AttackAnswer> {
    const options = await client.mfa('POST', '/webauthn/options', { passwordless: true });
    if (options.status === 404)
      throw new NotApplicable(`There are no security keys and passkeys here: ${describeAnswer(options)}`);
    return this.control('asking for a key', options);
  }

  /** Requests the options to prove a key. */
  async proofOptions(client: AttackClient): Promise<AttackAnswer> {
    return this.control(
      'asking for a proof by key',
      await client.mfa('POST', '/authenticate/webauthn/options', {}),
    );
  }

  /** Proves a key in a session, optionally with a lie. */
  async proveKey(
    client: AttackClient,
    key: HostileKey,
    lie?: ProofLie,
    headers: Record<string, string> = {},
  ): Promise<AttackAnswer> {
    const { body } = await this.proofOptions(client);
    const credential = key.getWith(body, lie);
    return client.mfa('POST', '/authenticate/webauthn', { credential }, { headers });
  }

  /** Signs in with a passkey alone, in a new browser, optionally with a lie. */
  async signInAlone(key: HostileKey, lie?: ProofLie): Promise<AttackAnswer> {
    const client = this.browser();
    const { body } = await this.passkeyOptions(client);
    return client.mfa('POST', '/passkey', { credential: key.getWith(body, lie) });
  }

  /** Requests the options to sign in with a passkey alone. */
  async passkeyOptions(client: AttackClient): Promise<AttackAnswer> {
    const options = await client.mfa('POST', '/passkey/options', {});
    if (options.status === 404)
      throw new NotApplicable(`Nobody signs in with a passkey alone here: ${describeAnswer(options)}`);
    return this.control('asking for a passkey', options);
  }

  /** Runs a ceremony. Browsers refuse some options themselves, so an honest key must be able to answer these. */
  byBrowser<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new Unclear(`A browser refuses these options: ${messageOf(error)}`);
    }
  }

  private added({ body }: AttackAnswer): Pick<Enrolled, 'authenticatorId' | 'recoveryCodes'> {
    const authenticator = (body['authenticator'] ?? {}) as Record<string, unknown>;
    const codes = Array.isArray(body['recoveryCodes']) ? body['recoveryCodes'].map(textOf) : [];
    this.secrets.note(...codes);
    return { authenticatorId: textOf(authenticator['id']), recoveryCodes: codes };
  }

  /** Returns an unused code, and lets time pass if there is none. */
  async freshCode(app: AuthenticatorApp): Promise<string> {
    const { totpTolerance: tolerance } = this.settings;
    const step = app.stepAt(this.now);
    const left = app.period * 1000 - (this.now % (app.period * 1000));
    const oldest = left < ARRIVAL_MS ? step : step - tolerance;
    const wanted = Math.max(oldest, app.lastStep + 1);
    if (wanted > step + tolerance) await this.pass((wanted - step - tolerance) * app.period);
    return this.use(app, wanted);
  }

  /** Returns the code of a time step, which counts as used from now on. */
  use(app: AuthenticatorApp, step: number): string {
    app.lastStep = Math.max(app.lastStep, step);
    const code = app.codeOf(step);
    this.secrets.note(code);
    return code;
  }

  /** Returns a code that is certainly wrong now. */
  wrongCode(app: AuthenticatorApp, nth = 0): string {
    const step = app.stepAt(this.now);
    const right = new Set([-2, -1, 0, 1, 2, 3].map((offset) => app.codeOf(step + offset)));
    for (let number = nth * 7; ; number += 1) {
      const code = String(number % 1_000_000).padStart(app.digits, '0');
      if (!right.has(code)) return code;
    }
  }

  /** A user's browser after entering the password alone. */
  async half({ user }: Pick<Enrolled, 'user'>, client = this.browser()): Promise<AttackClient> {
    await this.signIn(user, client);
    const answer = await client.mfa('GET', '/session');
    if (answer.body['status'] !== 'mfa_required')
      throw new Unclear(`A sign-in by password should be half-finished, but ${describeAnswer(answer)}`);
    return client;
  }

  /** A user's browser after a complete sign-in. */
  async full(owner: WithApp, extra: object = {}): Promise<AttackClient> {
    const client = await this.half(owner);
    const answer = await client.mfa('POST', '/authenticate', {
      code: await this.freshCode(owner.app),
      ...extra,
    });
    this.control('finishing a sign-in with a code', answer);
    this.secrets.note(...client.secrets);
    return client;
  }

  /** Requires that the protected route opens for a user who has proven a second factor. */
  async controlProtected(client: AttackClient, route = this.target.protectedRoute): Promise<void> {
    this.control('opening the protected route', await client.get(route));
  }

  /** Requires that the protected route doesn't open. */
  async mustNotOpen(what: string, client: AttackClient, route = this.target.protectedRoute): Promise<void> {
    this.mustRefuse(what, await client.get(route));
  }

  /** Creates a {@link VirtualSecurityKey} on the target's page. */
  key(settings: ConstructorParameters<typeof VirtualSecurityKey>[0] = {}): HostileKey {
    return new HostileKey({ origin: this.wire.origin, ...settings });
  }
}
