// An active user and everything the user knows: what was confirmed, and what a crash has left in doubt.
import { createHash, randomUUID } from 'node:crypto';

import { generateSync } from 'otplib';

import { Client } from '../support/client.mjs';
import { SecurityKey } from '../support/security-key.mjs';
import { ORIGIN } from './common.mjs';

const STEP_MS = 30_000;

/** The request got no response, or one that says that the database didn't respond: its outcome is in doubt. */
export class Lost extends Error {}

export class Actor {
  /** @param world shared by all: `url`, `clock`, `random`, `count`, `complain`, `expectsOutage` */
  constructor(world) {
    this.world = world;
    this.startOver();
  }

  startOver() {
    this.id = randomUUID();
    this.client = null;
    /** Whether the client's session includes a second factor. */
    this.isVerified = false;
    this.totp = null;
    this.key = null;
    this.codes = [];
    /** The last accepted code. */
    this.spent = null;
    this.trusted = null;
    this.distrusted = null;
    this.doubt = null;
  }

  get isEnrolled() {
    return this.totp !== null || this.key !== null;
  }

  complain(text) {
    this.world.complain(`${this.id}: ${text}`);
  }

  /** @param doubt what depends on the response; recorded until it arrives */
  async send(method, path, body, expected, doubt = null) {
    this.client.url = this.world.url;
    this.doubt = doubt;
    let answer;
    try {
      answer = await this.client.send(method, path, body);
    } catch {
      throw new Lost();
    }
    if (answer.status === 503 && answer.body.code === 'storage_unavailable' && this.world.expectsOutage) {
      this.world.count('answered 503');
      throw new Lost();
    }
    this.doubt = null;
    this.world.count('answered');
    if (answer.body.code === 'incorrect_code' && expected !== 400 && this.isTooLate(doubt?.step)) {
      this.world.count('codes that came too late');
      throw new Lost();
    }
    if (answer.status !== expected) {
      const what = doubt ? `${method} ${path} with a ${doubt.kind}` : `${method} ${path}`;
      this.complain(`${what} answered ${answer.status} ${JSON.stringify(answer.body)}`);
      throw new Lost();
    }
    return answer.body;
  }

  post(path, body, expected, doubt) {
    return this.send('POST', path, body, expected, doubt);
  }

  tokenHash() {
    const [, token] = [...this.client.cookies].find(([name]) => name.endsWith('mfa_session')) ?? [];
    return createHash('sha256').update(token).digest('hex');
  }

  /** Starts a new session with just the first factor. */
  async login(client = new Client(this.world.url)) {
    this.client = client;
    this.isVerified = false;
    return this.post('/login', { id: this.id }, 200);
  }

  /** Starts a session that awaits its second factor. */
  async halfLogin(client) {
    const { status } = await this.login(client);
    if (status !== 'mfa_required') this.complain(`a login with a second factor was ${status}`);
    return status === 'mfa_required';
  }

  /** An unused code, or null: there is one per time step. */
  freshCode({ secret, step = 0 } = this.totp) {
    const now = Math.floor(this.world.clock() / STEP_MS);
    const next = Math.max(now, step + 1);
    if (next > now + 1) return null;
    return { step: next, code: generateSync({ secret, epoch: (next * STEP_MS) / 1000 }) };
  }

  /** On a busy machine, a request may take longer than its code is valid. */
  isTooLate(step) {
    return step !== undefined && Math.floor(this.world.clock() / STEP_MS) > step + 1;
  }

  async addTotp() {
    if (!this.isEnrolled) await this.login();
    const { secret } = await this.post('/mfa/totp', undefined, 201);
    await this.activate(secret);
  }

  async activate(secret) {
    const { code, step } = this.freshCode({ secret });
    const totp = { secret, step };
    const doubt = { kind: 'activation', totp, code, step, token: this.tokenHash() };
    const body = await this.post('/mfa/totp/activate', { code }, 201, doubt);
    this.added({ totp: { ...totp, id: body.authenticator.id } }, body);
    this.spent = { code, step };
  }

  async addKey() {
    if (!this.isEnrolled) await this.login();
    const options = await this.post('/mfa/webauthn/options', {}, 200);
    const key = new SecurityKey(ORIGIN);
    const credential = key.create(options);
    const body = await this.post('/mfa/webauthn', { credential }, 201, { kind: 'registration', key });
    this.added({ key: { key, id: body.authenticator.id } }, body);
  }

  added(factor, { recoveryCodes }) {
    if ((recoveryCodes === undefined) !== this.isEnrolled) this.complain('codes came with the wrong factor');
    Object.assign(this, factor);
    if (recoveryCodes) this.codes = recoveryCodes;
    this.isVerified = true;
    this.factorsChanged();
  }

  factorsChanged() {
    this.distrusted = this.trusted ?? this.distrusted;
    this.trusted = null;
  }

  async signInByTotp() {
    const fresh = this.freshCode();
    if (!fresh || !(await this.halfLogin())) return;
    const trustDevice = this.world.random.chance(0.5);
    await this.authenticate(fresh, { kind: 'totp', ...fresh }, { trustDevice });
    this.totp.step = fresh.step;
    if (trustDevice) this.trusted = this.copyWithTrust();
  }

  async signInByRecoveryCode() {
    if (!(await this.halfLogin())) return;
    const [code] = this.codes;
    await this.authenticate({ code }, { kind: 'recovery code', code });
    this.codes = this.codes.slice(1);
  }

  async authenticate({ code, step }, doubt, more) {
    const body = { code, ...more };
    await this.post('/mfa/authenticate', body, 200, { ...doubt, token: this.tokenHash() });
    this.isVerified = true;
    this.spent = { code, step };
  }

  async signInByKey() {
    if (!(await this.halfLogin())) return;
    const options = await this.post('/mfa/authenticate/webauthn/options', undefined, 200);
    const credential = this.key.key.get(options);
    const doubt = { kind: 'key', challenge: options.challenge, token: this.tokenHash() };
    await this.post('/mfa/authenticate/webauthn', { credential }, 200, doubt);
    this.isVerified = true;
  }

  async signInTrusted() {
    const client = this.trusted;
    this.trusted = null;
    const { status } = await this.login(client);
    if (status !== 'authenticated') this.complain(`a login from a trusted browser was ${status}`);
    this.trusted = this.copyWithTrust();
  }

  copyWithTrust() {
    const copy = new Client(this.world.url);
    for (const [name, value] of this.client.cookies) {
      if (name.endsWith('mfa_trusted')) copy.cookies.set(name, value);
    }
    return copy;
  }

  async regenerate() {
    const doubt = { kind: 'regeneration', sentAt: this.world.clock() };
    const { codes } = await this.post('/mfa/recovery-codes', undefined, 201, doubt);
    // What was valid before must no longer be.
    if (this.codes[0] !== undefined) this.spent = { code: this.codes[0] };
    this.codes = codes;
    this.factorsChanged();
  }

  async remove(type) {
    const { id } = this[type];
    await this.send('DELETE', `/mfa/authenticators/${id}`, undefined, 204, { kind: 'removal', type });
    this.removed(type);
  }

  removed(type) {
    this[type] = null;
    this.isVerified = false;
    this.factorsChanged();
    if (this.spent?.step !== undefined && type === 'totp') this.spent = null;
    if (!this.isEnrolled) Object.assign(this, { codes: [], spent: null, distrusted: null });
  }

  /** Performs something that this user can do now. */
  async act() {
    const { random } = this.world;
    if (!this.isEnrolled) return random.chance(0.5) ? this.addTotp() : this.addKey();
    const proofs = [
      ...(this.totp && this.freshCode() ? [() => this.signInByTotp()] : []),
      ...(this.key ? [() => this.signInByKey()] : []),
      ...(this.codes.length > 0 ? [() => this.signInByRecoveryCode()] : []),
      ...(this.trusted ? [() => this.signInTrusted()] : []),
    ];
    const changes = [
      () => this.regenerate(),
      () => this.regenerate(),
      this.totp ? () => this.remove('totp') : () => this.addTotp(),
      this.key ? () => this.remove('key') : () => this.addKey(),
    ];
    if (this.isVerified && random.chance(0.5)) return random.pick(changes)();
    if (proofs.length > 0) return random.pick(proofs)();
    // Only the next time step will do.
    return new Promise((resolve) => setTimeout(resolve, 50));
  }
}
