// One user of the hour: signs in repeatedly, views pages, and signs out or just leaves.
import { setTimeout as wait } from 'node:timers/promises';

import { Http } from '../../bench/driver/http.mjs';
import { codeOf } from '../support/client.mjs';

const STEP_MS = 30_000;
const LOOKS = 3;
/** The pause between sign-ins, in real time. */
const PAUSE_MS = 10_000;

export class User {
  cookies = new Map();
  /** The last time step for which a code was sent. */
  step = 0;
  codes = [];

  /** @param world `url`, `clock`, `random`, `note(answer)` and `isOver` */
  constructor(id, world) {
    this.id = id;
    this.world = world;
    this.http = new Http(world.url);
  }

  async send(method, path, body, ...expected) {
    const from = performance.now();
    try {
      const { status, headers, body: found } = await this.http.send(this, method, path, body);
      const ms = performance.now() - from;
      this.world.note({
        what: `${method} ${path}`,
        status,
        ms,
        expected,
        retryAfter: headers['retry-after'],
      });
      return { status, body: found };
    } catch (error) {
      this.world.note({ what: `${method} ${path}`, status: error.code ?? error.message, expected });
      return { status: 0, body: {} };
    }
  }

  login() {
    this.cookies.clear();
    return this.send('POST', '/login', { id: this.id }, 200);
  }

  async enrol() {
    await this.login();
    const { body } = await this.send('POST', '/mfa/totp', undefined, 201);
    this.secret = body.secret;
    const answer = await this.send('POST', '/mfa/totp/activate', { code: this.freshCode() }, 201);
    this.codes = answer.body.recoveryCodes;
  }

  /** A code that this user hasn't sent yet, or null. */
  freshCode() {
    const step = Math.floor(this.world.clock() / STEP_MS);
    if (step <= this.step) return null;
    this.step = step;
    return codeOf(this.secret, { time: step * STEP_MS });
  }

  /** The proof of the second factor to send, and the expected status codes. */
  proof() {
    const { random } = this.world;
    if (random.chance(0.05)) return [{ code: '000000' }, 400];
    if (this.codes.length > 0 && random.chance(0.1)) return [{ code: this.codes.pop() }, 200];
    const code = this.freshCode();
    // On an overloaded server, a code may arrive too late.
    return code === null ? null : [{ code }, 200, 400];
  }

  async signIn() {
    const { random } = this.world;
    const { status } = await this.login();
    const proof = this.proof();
    if (status !== 200 || proof === null) return;
    const [body, ...expected] = proof;
    const { status: proven } = await this.send('POST', '/mfa/authenticate', body, ...expected);
    if (proven !== 200) return;
    for (let look = 0; look < LOOKS; look += 1) {
      await wait(random.between(100, 1000));
      await this.send('GET', '/guarded', undefined, 200);
    }
    await this.leave();
  }

  async leave() {
    const { random } = this.world;
    if (random.chance(0.05)) await this.send('POST', '/mfa/webauthn/options', {}, 200);
    if (random.chance(0.05)) await this.send('POST', '/mfa/totp', undefined, 201);
    if (random.chance(0.7)) await this.send('DELETE', '/mfa/session', undefined, 204);
  }

  async live() {
    const { random } = this.world;
    await wait(random.between(0, PAUSE_MS));
    while (!this.world.isOver) {
      const next = wait(random.between(PAUSE_MS / 2, PAUSE_MS * 1.5));
      await this.signIn();
      await next;
    }
    this.http.close();
  }
}
