import { expect } from '@jest/globals';
import type { AuthenticationRecord, MfaMessage, MfaUser } from 'nestjs-mfa';
import {
  AuthenticationSessionService,
  MFA_ENTITIES,
  MfaImportService,
  MfaService,
  TrustedDevice,
  WebAuthnService,
  emailCode,
} from 'nestjs-mfa';

import { TokenListFactor } from '../../fixtures/token-list.factor.js';
import { SoftwareAuthenticator } from '../authenticator.js';
import type { Answer, Client } from '../client.js';
import { rowsOf } from '../databases.js';
import type { Held } from '../hold-back.js';
import { HoldBack } from '../hold-back.js';
import type { TestApp } from '../test-app.js';
import { RaceController } from './race.controller.js';
import { RELYING_PARTY, TestAdapter, newUserId, startTestApp, users } from '../test-app.js';

/** The secret of every user's authenticator app. */
const SECRET_KEY = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** The header of an application that has its own tokens and never calls `login`. */
const OWN_TOKEN = 'x-test-user';

/** The password of every user in a race. */
export const RACE_PASSWORD = 'correct horse battery';

class RaceAdapter extends TestAdapter {
  /** The latest code by address. */
  readonly sent = new Map<string, string>();
  now = (): number => Date.now();

  override getUser(request: object): MfaUser | null | Promise<MfaUser | null> {
    const id = headerOf(request);
    return id === undefined ? super.getUser(request) : (users.get(id) ?? null);
  }

  override getAuthenticatedAt(request: object): Date | null {
    return headerOf(request) === undefined ? null : new Date(this.now());
  }

  override checkPassword(_user: MfaUser, password: string): boolean {
    return password === RACE_PASSWORD;
  }

  override sendMessage({ to, code }: MfaMessage): void {
    this.sent.set(to, code);
  }
}

function headerOf(request: object): string | undefined {
  return (request as { headers: Record<string, string | undefined> }).headers[OWN_TOKEN];
}

/** A user, with clients for the held request and for the others. */
export interface Subject {
  id: string;
  user: MfaUser;
  /** The session of the held request. For enrolled users, both factors have just been proven. */
  held: Client;
  /** Another session of the same user, equivalent to the first. */
  other: Client;
  /** Half signed in. */
  pending: Client;
  /** Signed in by the application's own token, without a session of ours. */
  ownToken: Client;
  key: SoftwareAuthenticator;
  secret: string;
  ids: { totp: string; webauthn: string; device: string };
  recoveryCodes: string[];
}

export type Kind = 'new' | 'enrolled';

export const BOTH: Kind[] = ['new', 'enrolled'];

export interface Flow {
  name: string;
  kinds: Kind[];
  /** Whose authority it rests on. `application`: its own code, which needs no proof. */
  by: 'session' | 'pending' | 'own token' | 'password' | 'passkey' | 'application';
  /** The statement or hook from which it counts as under way. Default: the first. */
  from?: number;
  /**
   * How it responds when it has no effect. Default: with a 4xx; a page may redirect, and a sign-out always succeeds.
   */
  refusal?: 'any';
  prepare(subject: Subject): (() => Promise<Answer>) | Promise<() => Promise<Answer>>;
}

export interface Interference {
  name: string;
  /** Whether it is part of every run. */
  always?: boolean;
  kinds: Kind[];
  /** Whether the flow must have no effect if this finishes before its commit. */
  ends(flow: Flow): boolean;
  prepare(subject: Subject): (() => Promise<void>) | Promise<() => Promise<void>>;
}

/** The user's relevant state. Other changes, such as attempt counts, aren't results of a flow. */
const TABLES = {
  authenticator:
    'SELECT id, type, role, name, data, remaining, last_step FROM mfa_authenticator WHERE user_id = ? ORDER BY id',
  code: 'SELECT code_hash, used_at FROM mfa_recovery_code WHERE user_id = ? ORDER BY code_hash',
  session: 'SELECT id, token_hash, status, methods FROM mfa_session WHERE user_id = ? ORDER BY id',
  setup: 'SELECT id FROM mfa_totp_setup WHERE user_id = ?',
  device: 'SELECT id, token_hash FROM mfa_trusted_device WHERE user_id = ? ORDER BY id',
  credential:
    'SELECT authenticator_id, sign_count FROM mfa_webauthn_credential WHERE user_id = ? ORDER BY authenticator_id',
  factorSetup: 'SELECT id, session_id FROM mfa_factor_setup WHERE user_id = ? ORDER BY id',
  factorChallenge: 'SELECT id, session_id FROM mfa_factor_challenge WHERE user_id = ? ORDER BY id',
};

type State = Record<keyof typeof TABLES, Record<string, unknown>[]>;

/** An application in which requests are held, its users, and what must hold for them in any order of events. */
export class Races {
  test!: TestApp;
  private readonly holdBack = new HoldBack();

  async start(): Promise<void> {
    this.test = await startTestApp({
      adapter: RaceAdapter,
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        totp: { maxPerUser: 2 },
        rateLimit: { attempts: 1000 },
        enrollmentGracePeriodSeconds: 3600,
        pages: true,
        factors: [emailCode({ maxMessages: 100 }), TokenListFactor],
      },
      controllers: [RaceController],
      configure: this.holdBack.mark,
    });
    this.adapter.now = () => this.test.clock.now();
    this.holdBack.watch(this.test.dataSource, this.adapter);
  }

  /** The latest code sent to the user. */
  sentTo({ user }: Subject): string {
    return this.adapter.sent.get(user.email ?? '') ?? '000000';
  }

  private get adapter(): RaceAdapter {
    return this.test.adapter as RaceAdapter;
  }

  async session(
    user: MfaUser,
    status: 'pending' | 'authenticated',
    proven: Omit<AuthenticationRecord, 'at'>[],
  ): Promise<Client> {
    const { app, clock } = this.test;
    const methods = [{ method: 'pwd' as const }, ...proven].map((one) => ({ ...one, at: clock.now() }));
    const { token } = await app.get(AuthenticationSessionService).create(user, { status, methods });
    const client = this.test.client();
    client.cookies.set('mfa_session', token);
    return client;
  }

  async subject(kind: Kind): Promise<Subject> {
    const { app, clock, dataSource } = this.test;
    const id = newUserId();
    const user: MfaUser = { id, email: `${id}@example.com` };
    users.set(id, user);
    const key = new SoftwareAuthenticator();
    const common = { id, user, key, ownToken: this.test.client({ [OWN_TOKEN]: id }) };
    if (kind === 'new') {
      return {
        ...common,
        held: await this.session(user, 'authenticated', []),
        other: await this.session(user, 'authenticated', []),
        pending: await this.session(user, 'pending', []),
        secret: '',
        ids: { totp: '', webauthn: '', device: '' },
        recoveryCodes: [],
      };
    }
    const webauthn = app.get(WebAuthnService);
    // Imported, because generating QR codes for so many users would take most of the time.
    const recoveryCodes = ['11111111', '22222222', '33333333', '44444444'];
    await app
      .get(MfaImportService)
      .importRecords([
        { userId: id, totp: { secret: SECRET_KEY }, recoveryCodes: recoveryCodes.map((code) => ({ code })) },
      ]);
    const [totp] = await app.get(MfaService).getUserAuthenticators(user, 'totp');
    const options = await webauthn.getCredentialCreationOptions(user, { passwordless: true });
    const registered = await webauthn.verifyRegistration(user, key.create(options));
    const ids = { totp: totp?.id ?? '', webauthn: registered.authenticator.id, device: `device-${id}` };
    const now = new Date(clock.now());
    await dataSource.getRepository(TrustedDevice).insert({
      id: ids.device,
      userId: id,
      tokenHash: ids.device,
      createdAt: now,
      expiresAt: new Date(now.getTime() + 3_600_000),
    });
    const proven = [
      { method: 'totp' as const, authenticatorId: ids.totp },
      { method: 'webauthn' as const, authenticatorId: ids.webauthn },
    ];
    return {
      ...common,
      held: await this.session(user, 'authenticated', proven),
      other: await this.session(user, 'authenticated', proven),
      pending: await this.session(user, 'pending', []),
      secret: SECRET_KEY,
      ids,
      recoveryCodes,
    };
  }

  /** Runs the pair with the flow held at that point. */
  async tryAt(
    flow: Flow,
    interference: Interference,
    kind: Kind,
    point: number,
  ): Promise<Omit<Held, 'answer'>> {
    const label = `${flow.name} / ${interference.name} / ${kind} / ${point}`;
    const who = await this.subject(kind);
    const send = await flow.prepare(who);
    const interfere = await interference.prepare(who);
    const untouched = await this.stateOf(who.id);
    let whenHeld = untouched;
    let afterOthers = untouched;
    const { answer, reached, blocked } = await this.holdBack.run(point, send, async () => {
      whenHeld = await this.stateOf(who.id);
      await interfere();
      afterOthers = await this.stateOf(who.id);
    });
    expect([label, answer.status < 500, answer.body]).toEqual([label, true, answer.body]);
    await this.expectSound(who, label, { whenHeld, blocked });
    const tried = { reached, blocked };
    const isUnderWay =
      reached && point >= (flow.from ?? 1) && (flow.from !== undefined || isSame(whenHeld, untouched));
    if (!interference.ends(flow) || !isUnderWay || blocked) return tried;
    expect([label, await this.stateOf(who.id)]).toEqual([label, afterOthers]);
    if (interference.name === 'forgets the user')
      expect([label, await this.keptOf(who)]).toEqual([label, []]);
    if (flow.refusal !== 'any' && flow.by !== 'password') {
      expect([label, answer.status >= 400]).toEqual([label, true]);
    }
    return tried;
  }

  /** The user's relevant state in the database. */
  private async stateOf(id: string): Promise<State> {
    const entries: [string, unknown][] = [];
    for (const [name, sql] of Object.entries(TABLES)) {
      entries.push([name, await rowsOf(this.test.dataSource, sql, [id])]);
    }
    return Object.fromEntries(entries) as State;
  }

  /** The tables that contain data of the user. */
  private async keptOf({ id }: Subject): Promise<string[]> {
    const tables: string[] = [];
    for (const entity of MFA_ENTITIES) {
      const { columns, tableName } = this.test.dataSource.getMetadata(entity);
      if (!columns.some(({ databaseName }) => databaseName === 'user_id')) continue;
      const sql = `SELECT user_id FROM ${tableName} WHERE user_id = ?`;
      if ((await rowsOf(this.test.dataSource, sql, [id])).length > 0) tables.push(tableName);
    }
    return tables;
  }

  /** Checks what must hold in any order of events. */
  private async expectSound(
    { id }: Subject,
    label: string,
    { whenHeld, blocked }: { whenHeld: State; blocked: boolean },
  ): Promise<void> {
    const { authenticator, code, session: sessions, device } = await this.stateOf(id);
    const known = [...authenticator, ...device].map((row) => row['id']);
    const factors = authenticator.filter(
      ({ type, role }) => type !== 'recovery_codes' && role !== 'passwordless',
    );
    for (const { id: sessionId, methods, status } of sessions) {
      const records = JSON.parse(methods as string) as AuthenticationRecord[];
      // A sign-in that finished before the trust was revoked stays valid, unless the revocation ends sessions. The same
      // applies if the revocation had to wait for it.
      const wasFinished =
        blocked || whenHeld.session.some((one) => one['id'] === sessionId && one['status'] === status);
      // A code of a replaced set still counts as a proof: no one lost it, and its session may have created the new set.
      const named = records
        .filter(({ method }) => method !== 'recovery_code' && !(method === 'trusted_device' && wasFinished))
        .map(({ authenticatorId }) => authenticatorId)
        .filter((one) => one !== undefined);
      expect([label, named.filter((one) => !known.includes(one))]).toEqual([label, []]);
      const isComplete =
        status === 'pending' || factors.length === 0 || records.some(({ method }) => method !== 'pwd');
      expect([label, isComplete]).toEqual([label, true]);
    }
    const alone = authenticator.filter(({ role }) => role !== 'passwordless');
    if (factors.length === 0) expect([label, alone, code]).toEqual([label, [], []]);
    const [state] = await rowsOf(
      this.test.dataSource,
      'SELECT second_factors FROM mfa_user_state WHERE user_id = ?',
      [id],
    );
    expect([label, state?.second_factors ?? 0]).toEqual([label, factors.length]);
  }
}

function isSame(one: State, other: State): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
