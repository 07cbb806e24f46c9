import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Codes } from './codes.js';
import { Keys } from './keys.js';
import { Refusal } from './refusal.js';
import { SignUps } from './sign-ups.js';
import { A_MOMENT } from './state.js';
import type { Session, State, User } from './state.js';

const FRESH_MS = 300_000;
const MOST_MAILS = 5;

type Json = Record<string, unknown>;

/** A request, as far as the routes see it. */
export interface Call {
  session: Session | null;
  body: Json;
  query: URLSearchParams;
  headers: Json;
  /** What stands at `:id` in the path. */
  id: string;
  setCookie(name: string, value: string): void;
}

type Route = (call: Call) => unknown;

/** The routes of nestjs-mfa, badly enough. */
export class MfaRoutes {
  readonly codes: Codes;
  private readonly keys: Keys;
  private readonly signUps: SignUps;

  constructor(private readonly state: State) {
    this.codes = new Codes(state);
    this.keys = new Keys(state);
    this.signUps = new SignUps(state, this.keys);
  }

  readonly table: Record<string, Route> = {
    'GET /status': (call) => {
      const { user } = this.signedIn(call);
      return { enabled: user.authenticators.length > 0 };
    },
    'GET /session': ({ session }) => {
      if (!session) throw new Refusal(401, 'unauthenticated');
      return { status: session.status === 'pending' ? 'mfa_required' : 'authenticated' };
    },
    'DELETE /session': (call) => {
      const { session } = call;
      if (session && !this.state.has('sign-out-keeps-session')) this.state.sessions.delete(session.token);
      call.setCookie('sid', '');
    },
    'GET /authenticators': (call) => {
      const { user } = this.signedIn(call);
      const asked = this.state.users.get(call.query.get('userId') ?? '');
      const shown = (this.state.has('lists-anybody') && asked) || user;
      const type = call.query.get('type');
      return shown.authenticators
        .filter((one) => type === null || one.type === type)
        .map((one) =>
          this.state.has('lists-secrets') ? one : { id: one.id, type: one.type, name: one.name },
        );
    },
    'PATCH /authenticators/:id': (call) => {
      const isPasswordEnough = this.state.has('pending-renames');
      const { user } = isPasswordEnough ? this.signedIn(call, true) : this.recent(call);
      const [, found] = this.authenticator(user, call.id);
      found.name = String(call.body['name']);
      return { id: found.id, name: found.name };
    },
    'DELETE /authenticators/:id': async (call) => {
      const { user, session } = this.recent(call);
      const [owner, found] = this.authenticator(user, call.id);
      if (owner.isStaff && owner.authenticators.length === 1)
        throw new Refusal(409, 'cannot_delete_authenticator');
      if (this.state.has('keeps-last-factor-late')) await pause(A_MOMENT);
      owner.authenticators = owner.authenticators.filter((one) => one !== found);
      if (found.type === 'totp') owner.removed.push(found);
      this.state.factorsChanged(owner);
      if (!this.state.has('removal-ends-nothing')) this.state.endSessions(owner.id, session);
    },
    'POST /authenticate/authenticators/:id/suspend': (call) => {
      const session = this.alive(call);
      const user = this.userOf(session);
      const [, found] = this.authenticator(user, call.id);
      found.isLost = true;
      session.provenAt = 0;
      if (!this.state.has('loss-ends-nothing')) this.state.endSessions(user.id, session);
      return { id: found.id, suspended: true };
    },
    'POST /authenticators/:id/resume': (call) => {
      const isPasswordEnough = this.state.has('password-lifts-loss');
      const { user } = isPasswordEnough ? this.signedIn(call, true) : this.recent(call);
      const [, found] = this.authenticator(user, call.id);
      found.isLost = false;
      return { id: found.id, suspended: false };
    },
    'POST /totp': (call) => {
      const isPendingEnough = this.state.has('pending-manages-factors');
      const { user, session } = this.state.has('code-adds-apps')
        ? this.signedIn(call)
        : this.recent(call, isPendingEnough);
      const shared = [...this.state.sessions.values()].find(
        ({ userId, setup }) => userId === user.id && setup !== null,
      )?.setup;
      session.setup = (this.state.has('set-up-is-shared') && shared) || this.codes.newSecret();
      this.note(session.setup);
      return { secret: session.setup, url: `otpauth://totp/a?secret=${session.setup}&digits=6&period=30` };
    },
    'POST /totp/activate': (call) => this.activate(call),
    'GET /recovery-codes': (call) => {
      const { user } = this.signedIn(call);
      return {
        total: 8,
        remaining: user.recoveryCodes.size,
        createdAt: new Date(user.codesMadeAt).toISOString(),
      };
    },
    'POST /recovery-codes': (call) => {
      const { user } = this.recent(call);
      this.state.clock.advance(0.001);
      return { codes: this.state.newRecoveryCodes(user) };
    },
    'POST /authenticate': (call) => this.authenticate(call),
    'POST /authenticate/webauthn/options': ({ session }) => {
      if (!session) throw new Refusal(401, 'unauthenticated');
      return this.keys.options('proof', session);
    },
    'POST /authenticate/webauthn': async (call) => {
      const session = this.alive(call);
      const credential = this.credential(call);
      await this.keys.prove(session, credential, call.headers);
      this.state.prove(session, 'webauthn');
      call.setCookie('sid', session.token);
      return { status: 'authenticated' };
    },
    'POST /passkey/options': ({ body }) => {
      const named = [...this.state.users.values()].find(({ email }) => email === body['email']);
      const keys = named?.authenticators.filter(({ type }) => type === 'webauthn') ?? [];
      const allowed = keys.map(({ credentialId }) => ({ id: credentialId, type: 'public-key' }));
      const options = {
        ...this.keys.options('proof', { id: 'anybody', userId: '' }),
        userVerification: 'required',
      };
      return this.state.has('names-credentials') ? { ...options, allowCredentials: allowed } : options;
    },
    'POST /passkey': async (call) => {
      const user = await this.keys.prove(null, this.credential(call), call.headers);
      const session = this.state.begin(user.id, 'authenticated');
      this.state.prove(session, 'webauthn');
      call.setCookie('sid', session.token);
      return { status: 'authenticated' };
    },
    'POST /sign-up/options': ({ body }) => this.signUps.options(this.nameIn(body)),
    'POST /sign-up': async (call) => {
      const name = this.nameIn(call.body);
      const [user, added] = await this.signUps.finish(name, this.credential(call), call.headers);
      return this.added(call, user, this.state.begin(user.id, 'authenticated'), added.id, 'webauthn');
    },
    'POST /webauthn/options': (call) => {
      const { session } = this.recent(call);
      return this.keys.options('registration', session);
    },
    'POST /webauthn': async (call) => {
      const { user, session } = this.recent(call);
      const added = await this.keys.register(user, session, this.credential(call), call.headers);
      return this.added(call, user, session, added.id, 'webauthn');
    },
    'GET /sessions': (call) => {
      const { user } = this.signedIn(call);
      const own = [...new Set(this.state.sessions.values())].filter(({ userId }) => userId === user.id);
      return own.map(({ id }) => ({ id }));
    },
    'DELETE /sessions/:id': (call) => {
      const { user } = this.recent(call);
      const found = [...this.state.sessions.values()].find(({ id }) => id === call.id);
      if (!found || (found.userId !== user.id && !this.state.has('any-session')))
        throw new Refusal(404, 'not_found');
      this.state.sessions.delete(found.token);
    },
    'GET /trusted-devices': (call) => {
      const isPasswordEnough = this.state.has('pending-sees-trust');
      const { user } = isPasswordEnough ? this.signedIn(call, true) : this.signedIn(call);
      return this.state.trusts.filter(({ userId }) => userId === user.id).map(({ id }) => ({ id }));
    },
    'DELETE /trusted-devices': (call) => {
      const isAgeless = this.state.has('stale-proof-revokes-trust');
      const { user } = isAgeless ? this.signedIn(call) : this.recent(call);
      if (this.state.has('trust-survives-revocation')) return;
      this.state.trusts = this.state.trusts.filter(({ userId }) => userId !== user.id);
    },
    'DELETE /trusted-devices/:id': (call) => {
      const { user } = this.recent(call);
      const found = this.state.trusts.find(({ id }) => id === call.id);
      if (!found || (found.userId !== user.id && !this.state.has('any-trust')))
        throw new Refusal(404, 'not_found');
      this.state.trusts = this.state.trusts.filter((one) => one !== found);
    },
    'POST /factors/email_code': (call) => {
      const { user, session } = this.recent(call);
      const to = this.state.has('mails-anywhere') ? call.body['email'] : undefined;
      this.mail(user, session, typeof to === 'string' ? to : user.email);
      return { destination: 'a•••@example.com' };
    },
    'POST /factors/email_code/activate': async (call) => {
      const { user, session } = this.recent(call);
      await this.codes.take(user, session, this.code(call), '');
      const { id } = this.state.addAuthenticator(user, { type: 'email_code' });
      return this.added(call, user, session, id, 'email_code');
    },
    'POST /authenticate/email_code/challenge': (call) => {
      const session = this.alive(call);
      const user = this.userOf(session);
      this.mail(user, session, user.email);
      return { destination: 'a•••@example.com' };
    },
  };

  private async activate(call: Call): Promise<unknown> {
    const { user, session } = this.recent(call, this.state.has('pending-manages-factors'));
    const code = this.code(call);
    const given = call.body['secret'];
    const secret =
      this.state.has('secret-from-body') && typeof given === 'string' ? given : this.setupOf(session);
    if (secret === null) throw new Refusal(409, 'no_pending_setup');
    const step = this.codes.stepOf(secret, code);
    if (step === null) throw new Refusal(400, 'incorrect_code');
    if (this.state.has('claims-set-up-late') || this.state.has('judges-early')) await pause(A_MOMENT);
    if (!this.state.has('claims-set-up-late')) session.setup = null;
    const lastStep = this.state.has('forgets-activation') ? 0 : step;
    const { id } = this.state.addAuthenticator(user, { type: 'totp', secret, lastStep });
    return this.added(call, user, session, id, 'totp');
  }

  private setupOf(session: Session): string | null {
    if (session.setup !== null || !this.state.has('set-up-is-shared')) return session.setup;
    const others = [...this.state.sessions.values()].filter(({ userId }) => userId === session.userId);
    return others.find(({ setup }) => setup !== null)?.setup ?? null;
  }

  /** What a new factor brings along: recovery codes with the first one, and the end of other sessions. */
  private added(call: Call, user: User, session: Session, id: string, by: Session['provenBy']): unknown {
    const isFirst = user.authenticators.length === 1;
    if (isFirst && !this.state.has('first-factor-ends-nothing')) this.state.endSessions(user.id, session);
    if (!this.state.has('claims-set-up-late') || !isFirst) this.state.prove(session, by);
    else Object.assign(session, { provenAt: this.state.now, provenBy: by });
    call.setCookie('sid', session.token);
    return {
      authenticator: { id },
      ...(isFirst ? { recoveryCodes: this.state.newRecoveryCodes(user) } : {}),
    };
  }

  private async authenticate(call: Call): Promise<unknown> {
    const { state } = this;
    const { body, headers } = call;
    const named = state.users.get(String(body['userId']));
    if (state.has('strangers-spend-attempts') && !call.session && named) this.codes.count(named.id);
    const session = this.alive(call);
    const user = (state.has('user-from-body') && named) || this.userOf(session);
    if (state.has('null-passes') && body['code'] === null) {
      state.prove(session, 'totp');
      return { status: 'authenticated' };
    }
    if (state.has('odd-code-breaks') && Array.isArray(body['code']))
      throw new Error('code.trim is not a function');
    const by = await this.codes.take(user, session, this.code(call), String(headers['x-forwarded-for']));
    session.userId = user.id;
    state.prove(session, by);
    call.setCookie('sid', session.token);
    if (body['trustDevice'] === true) this.trust(call, user);
    return { status: 'authenticated' };
  }

  private trust(call: Call, user: User): void {
    const token = this.state.newToken();
    this.state.trusts.push({ id: token.slice(0, 8), token, userId: user.id });
    call.setCookie('trust', token);
  }

  private mail(user: User, session: Session, to: string): void {
    const { state } = this;
    const recent = user.sent.filter((at) => at > state.now - 600_000);
    if (recent.length >= MOST_MAILS && !state.has('mails-without-end'))
      throw new Refusal(429, 'too_many_messages');
    user.sent = [...recent, state.now];
    const code = String(randomInt(1_000_000)).padStart(6, '0');
    if (!state.has('keeps-mailed-codes'))
      state.mailed = state.mailed.filter(({ userId }) => userId !== user.id);
    state.mailed.push({ code, userId: user.id, sessionId: session.id, since: state.now });
    if (to === user.email) user.mails.unshift(`Your code is ${code}`);
  }

  private note(secret: string): void {
    this.state.log.push(this.state.has('logs-secrets') ? `set-up ${secret}` : 'set-up');
  }

  private nameIn({ name }: Json): string {
    if (typeof name !== 'string' || name === '') throw new Refusal(400, 'invalid_request');
    return name;
  }

  private code({ body }: Call): string {
    const { code } = body;
    if (typeof code !== 'string' || !/^\d{4,10}$/.test(code)) throw new Refusal(400, 'invalid_request');
    return code;
  }

  private credential({ body }: Call): Json {
    const { credential } = body;
    const isOne = typeof credential === 'object' && credential !== null;
    const parts = isOne ? ((credential as Json)['response'] as Json | null | undefined) : null;
    const isSound =
      isOne &&
      typeof (credential as Json)['id'] === 'string' &&
      typeof parts === 'object' &&
      parts !== null &&
      ['clientDataJSON'].every(
        (name) => typeof parts[name] === 'string' && /^[\w-]{8,}$/.test(String(parts[name])),
      ) &&
      ['authenticatorData', 'signature', 'attestationObject'].every(
        (name) => parts[name] === undefined || (typeof parts[name] === 'string' && parts[name] !== ''),
      );
    if (isSound) return credential as Json;
    if (this.state.has('odd-key-breaks')) throw new Error('response is not an object');
    throw new Refusal(400, 'invalid_request');
  }

  private authenticator(user: User, id: string) {
    const owners = this.state.has('any-authenticator') ? [...this.state.users.values()] : [user];
    for (const owner of owners) {
      const found = owner.authenticators.find((one) => one.id === id);
      if (found) return [owner, found] as const;
    }
    throw new Refusal(404, 'not_found');
  }

  private userOf({ userId }: Session): User {
    const user = this.state.users.get(userId);
    if (user) return user;
    throw new Refusal(401, 'session_expired');
  }

  private alive({ session }: Call): Session {
    if (session) return session;
    throw new Refusal(401, 'unauthenticated');
  }

  private signedIn(call: Call, isPendingEnough = this.state.has('pending-manages-factors')) {
    const session = this.alive(call);
    if (session.status === 'pending' && !isPendingEnough) throw new Refusal(401, 'unauthenticated');
    return { session, user: this.userOf(session) };
  }

  /** Changes of factors ask for a second factor of lately, of who has one; of who has a key, for that. */
  private recent(call: Call, isPendingEnough?: boolean) {
    const { session, user } = this.signedIn(call, isPendingEnough);
    const isEnrolled = user.authenticators.length > 0;
    const isFresh = session.provenAt > this.state.now - FRESH_MS || this.state.has('stale-proof-will-do');
    if (isEnrolled && !isFresh && session.status !== 'pending') throw new Refusal(401, 'mfa_required');
    const hasKey = user.authenticators.some(({ type }) => type === 'webauthn');
    const isWeak = session.provenBy !== 'webauthn' && session.provenBy !== 'recovery_code';
    if (hasKey && isWeak && !this.state.has('any-factor-will-do')) throw new Refusal(401, 'mfa_required');
    return { session, user };
  }
}
