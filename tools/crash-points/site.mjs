import { createPrivateKey, createPublicKey } from 'node:crypto';

import { generateSync } from 'otplib';

import { Client } from '../support/client.mjs';
import { SecurityKey } from '../support/security-key.mjs';

export const ORIGIN = 'https://app.example.com';
const STEP_SECONDS = 60;

/** A user's browser, phone, key and mailbox. Everything is kept in `state`, since another process continues. */
export class Site {
  /** @param state plain data: `id`, `ahead` (seconds), `cookies`, and what the flows store */
  constructor(app, url, state, mails) {
    Object.assign(this, { app, url, state, mails });
  }

  async send(method, path, body, expected) {
    const client = new Client(this.url);
    client.cookies = new Map(this.state.cookies);
    const { status, body: answer } = await client.send(method, path, body);
    this.state.cookies = [...client.cookies];
    if (![expected].flat().includes(status))
      throw new Error(`${method} ${path} answered ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  post = (path, body, expected) => this.send('POST', path, body, expected);

  forgetCookies() {
    this.state.cookies = [];
  }

  later(seconds) {
    this.state.ahead += seconds;
  }

  /** A code of an unused time step: advances the clock. */
  freshCode(secret = this.state.app.secret) {
    this.later(STEP_SECONDS);
    return generateSync({ secret, epoch: Date.now() / 1000 + this.state.ahead });
  }

  async mailedCode() {
    while (this.mails.length === 0) await new Promise(setImmediate);
    return /\d{6}/.exec(this.mails.pop())[0];
  }

  newKey = () => new SecurityKey(ORIGIN);

  keepKey({ id, pair, signCount, userHandle }) {
    const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    this.state.key = { id: id.toString('base64url'), pem, signCount, userHandle };
  }

  useKey(options) {
    const { id, pem, signCount, userHandle } = this.state.key;
    const privateKey = createPrivateKey(pem);
    const pair = { privateKey, publicKey: createPublicKey(privateKey) };
    const key = Object.assign(this.newKey(), {
      id: Buffer.from(id, 'base64url'),
      pair,
      signCount,
      userHandle,
    });
    const credential = key.get(options);
    this.keepKey(key);
    return credential;
  }
}
