import { randomBytes, randomInt } from 'node:crypto';

import { MovableClock } from 'nestjs-mfa/testing';

import type { Fault } from './faults.js';

/** How long takes what should be one step, in milliseconds: long enough for other requests to come between. */
export const A_MOMENT = 25;

/** A factor of a user. */
export interface Authenticator {
  id: string;
  type: 'totp' | 'webauthn' | 'email_code';
  name: string;
  /** Of an app, in base32. */
  secret: string;
  lastStep: number;
  /** Of a key. */
  credentialId: string;
  publicKey: Uint8Array<ArrayBuffer>;
  signCount: number;
  canBeSynced: boolean;
  /** Whether it was reported as lost. */
  isLost: boolean;
}

export interface User {
  id: string;
  email: string;
  /** Whether the user must have a second factor. */
  isStaff: boolean;
  authenticators: Authenticator[];
  /** Apps that were removed. */
  removed: Authenticator[];
  recoveryCodes: Set<string>;
  codesMadeAt: number;
  mails: string[];
  failuresInARow: number;
  /** Mails that were sent lately. */
  sent: number[];
}

export interface Session {
  id: string;
  token: string;
  userId: string;
  status: 'pending' | 'authenticated';
  since: number;
  usedAt: number;
  /** When a second factor was proven, and which; 0: not yet. */
  provenAt: number;
  provenBy: Authenticator['type'] | 'recovery_code' | 'none';
  setup: string | null;
  failedCeremonies: number;
}

export interface Challenge {
  ceremony: 'registration' | 'proof';
  sessionId: string;
  userId: string;
  since: number;
}

export interface Trust {
  id: string;
  token: string;
  userId: string;
}

export interface MailedCode {
  code: string;
  userId: string;
  sessionId: string;
  since: number;
}

/** What the application has in memory, and its rules for that. Each `has('…')` is a fault that a test switches on. */
export class State {
  readonly clock = new MovableClock(1_800_000_000_000);
  readonly users = new Map<string, User>();
  readonly sessions = new Map<string, Session>();
  readonly challenges = new Map<string, Challenge>();
  readonly attempts = new Map<string, number[]>();
  trusts: Trust[] = [];
  mailed: MailedCode[] = [];
  readonly log: string[] = [];
  isBroken = false;

  constructor(private readonly faults: ReadonlySet<Fault>) {}

  has(fault: Fault): boolean {
    return this.faults.has(fault);
  }

  get now(): number {
    return this.clock.now();
  }

  newUser(given: Partial<User> = {}): User {
    const id = randomBytes(12).toString('hex');
    const none = { authenticators: [], removed: [], mails: [], sent: [] };
    const recoveryCodes = new Set<string>();
    const user = {
      id,
      email: `${id}@example.com`,
      isStaff: false,
      ...none,
      recoveryCodes,
      codesMadeAt: 0,
      failuresInARow: 0,
      ...given,
    };
    this.users.set(user.id, user);
    return user;
  }

  newToken(): string {
    return randomBytes(this.has('short-tokens') ? 6 : 32).toString('base64url');
  }

  begin(userId: string, status: Session['status']): Session {
    const session: Session = {
      id: randomBytes(12).toString('hex'),
      token: this.newToken(),
      userId,
      status,
      since: this.now,
      usedAt: this.now,
      provenAt: 0,
      provenBy: 'none',
      setup: null,
      failedCeremonies: 0,
    };
    this.sessions.set(session.token, session);
    if (this.has('id-is-token')) this.sessions.set(session.id, session);
    return session;
  }

  /** The session has proven a second factor; its token changes. */
  prove(session: Session, by: Session['provenBy']): void {
    const former = { ...session };
    Object.assign(session, { status: 'authenticated', provenAt: this.now, provenBy: by });
    if (this.has('keeps-token')) return;
    this.sessions.delete(session.token);
    session.token = this.newToken();
    this.sessions.set(session.token, session);
    if (this.has('keeps-pending')) this.sessions.set(former.token, former);
  }

  endSessions(userId: string, except?: Session, also: (session: Session) => boolean = () => true): void {
    for (const [token, session] of this.sessions)
      if (session.userId === userId && session !== except && also(session)) this.sessions.delete(token);
  }

  newRecoveryCodes(user: User): string[] {
    const digits = this.has('short-recovery-codes') ? 4 : 10;
    const codes = Array.from({ length: 8 }, () => String(randomInt(10 ** digits)).padStart(digits, '0'));
    if (!this.has('adds-recovery-codes')) user.recoveryCodes.clear();
    for (const code of codes) user.recoveryCodes.add(code);
    user.codesMadeAt = this.now;
    this.factorsChanged(user);
    return codes;
  }

  factorsChanged({ id }: User): void {
    if (!this.has('trust-survives-changes')) this.trusts = this.trusts.filter(({ userId }) => userId !== id);
  }

  addAuthenticator(user: User, given: Partial<Authenticator>): Authenticator {
    const none = { name: 'New', secret: '', lastStep: 0, credentialId: '', publicKey: new Uint8Array() };
    const id = randomBytes(12).toString('hex');
    const more = { signCount: 0, canBeSynced: false, isLost: false };
    const added: Authenticator = { type: 'totp', ...more, ...none, ...given, id };
    user.authenticators.push(added);
    if (!this.has('trust-survives-addition')) this.factorsChanged(user);
    return added;
  }
}
