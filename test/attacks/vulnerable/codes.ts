import { randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { totpCode } from 'nestjs-mfa/testing';
import { base32 } from 'rfc4648';

import type { Authenticator, Session, State, User } from './state.js';
import { Refusal } from './refusal.js';
import { A_MOMENT } from './state.js';

const ATTEMPTS = 5;
const WINDOW_MS = 300_000;
const LOCK_AFTER = 100;
const MAIL_MS = 600_000;

/** Codes of apps, recovery codes and codes by mail: which are right, and how often anybody may try. */
export class Codes {
  constructor(private readonly state: State) {}

  newSecret(): string {
    return base32.stringify(randomBytes(this.state.has('short-secrets') ? 10 : 20));
  }

  /**
   * Takes a code, and says of which factor it was.
   *
   * @throws {Refusal} when it is wrong, and when there were too many wrong ones
   */
  async take(user: User, session: Session, code: string, address: string): Promise<Session['provenBy']> {
    const { state } = this;
    if (state.has('logs-codes')) state.log.push(`code ${code}`);
    const isFree = state.has('step-up-is-free') && session.status === 'authenticated';
    const key = this.bucket(user, session, code, address);
    if (!isFree) this.assertAttemptLeft(key);
    if (state.has('counts-late')) await pause(A_MOMENT);
    else if (!isFree) this.count(key);
    if (!state.has('never-locks') && user.failuresInARow >= LOCK_AFTER)
      throw new Refusal(403, 'authenticator_locked');
    const found = await this.find(user, session, code);
    if (found) {
      user.failuresInARow = 0;
      state.attempts.get(key)?.pop();
      return found;
    }
    if (state.has('counts-late')) this.count(key);
    user.failuresInARow += 1;
    throw new Refusal(400, 'incorrect_code');
  }

  /** Spends an attempt. */
  count(key: string): void {
    this.state.attempts.set(key, [...(this.state.attempts.get(key) ?? []), this.state.now]);
  }

  assertAttemptLeft(key: string): void {
    const recent = (this.state.attempts.get(key) ?? []).filter((at) => at > this.state.now - WINDOW_MS);
    if (recent.length >= ATTEMPTS) throw new Refusal(429, 'too_many_attempts');
  }

  private bucket(user: User, session: Session, code: string, address: string): string {
    const { state } = this;
    if (state.has('counts-by-sign-in')) return session.id;
    if (state.has('counts-by-address')) return `${user.id} ${address}`;
    if (state.has('counts-by-factor')) return `${user.id} ${code.length}`;
    return user.id;
  }

  private async find(user: User, session: Session, code: string): Promise<Session['provenBy'] | null> {
    const { state } = this;
    const owners = state.has('code-of-anybody') ? [...state.users.values()] : [user];
    for (const owner of owners) {
      for (const app of this.appsOf(owner)) if (await this.isOfApp(app, code, session)) return 'totp';
      if (await this.isRecoveryCode(owner, code)) return 'recovery_code';
    }
    return this.isMailed(user, session, code) ? 'email_code' : null;
  }

  private appsOf(user: User): Authenticator[] {
    const { state } = this;
    const removed = state.has('removed-app-verifies') ? user.removed : [];
    const setups = state.has('set-up-verifies')
      ? [...state.sessions.values()].filter(({ userId, setup }) => userId === user.id && setup !== null)
      : [];
    const unfinished = setups.map(({ setup }) => ({ secret: setup ?? '', lastStep: 0 }) as Authenticator);
    const own = user.authenticators.filter(
      ({ type, isLost }) => type === 'totp' && (!isLost || state.has('ignores-loss')),
    );
    return [...own, ...removed, ...unfinished];
  }

  /** Whether it is a code of that app and was not used yet; it is used then. */
  private async isOfApp(app: Authenticator, code: string, { status }: Session): Promise<boolean> {
    const { state } = this;
    const step = this.stepOf(app.secret, code);
    if (step === null) return false;
    const isUsed = state.has('remembers-one-step') ? step === app.lastStep : step <= app.lastStep;
    if (isUsed && state.has('steps-go-back') && step < app.lastStep) app.lastStep = step;
    const isForgotten =
      state.has('forgets-steps') || (state.has('step-up-forgets-steps') && status === 'authenticated');
    if (isUsed && !isForgotten) return false;
    if (state.has('claims-step-late')) await pause(A_MOMENT);
    app.lastStep = state.has('remembers-one-step') ? step : Math.max(app.lastStep, step);
    return true;
  }

  /** The time step of a right code; null for a wrong one. */
  stepOf(secret: string, code: string): number | null {
    const { state } = this;
    const now = Math.floor(state.now / 30_000);
    const drift = state.has('wide-window') ? 10 : 1;
    const past = state.has('remembers-old-codes') ? 20 : drift;
    for (let step = now - past; step <= now + drift; step += 1)
      if (isSame(totpCode(secret, step * 30_000), code)) return step;
    return null;
  }

  private async isRecoveryCode(user: User, code: string): Promise<boolean> {
    const { state } = this;
    if (!user.recoveryCodes.has(code)) return false;
    if (state.has('claims-recovery-code-late')) await pause(A_MOMENT);
    if (!state.has('keeps-recovery-codes')) user.recoveryCodes.delete(code);
    return true;
  }

  private isMailed(user: User, session: Session, code: string): boolean {
    const { state } = this;
    const found = state.mailed.find(
      (one) =>
        one.code === code &&
        one.userId === user.id &&
        (one.since > state.now - MAIL_MS || state.has('mailed-codes-never-end')) &&
        (one.sessionId === session.id || state.has('mailed-code-of-user')),
    );
    state.mailed = state.mailed.filter((one) => one !== found);
    return found !== undefined;
  }
}

function isSame(one: string, other: string): boolean {
  return (
    one.length === other.length &&
    timingSafeEqual(Buffer.from(one), Buffer.from(other.replace(/[^\x20-\x7e]/g, ' ')))
  );
}
