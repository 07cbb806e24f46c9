// A contender from the driver's point of view: a process of its own, controlled by messages and used over HTTP.
import { fork } from 'node:child_process';
import { once } from 'node:events';

import { generateSecret } from 'otplib';

import { codeOf } from '../../tools/support/client.mjs';
import { Http } from './http.mjs';

const production = { ...process.env, NODE_ENV: 'production' };

/** Starts a module in its own process, with these settings. */
export function start(module, settings) {
  return fork(module, [JSON.stringify(settings)], { env: production });
}

/** The first message from such a process. */
export async function firstWordOf(child) {
  const [word] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`The process ended with ${code}`))),
  ]);
  return word;
}

const people = (count, kind) =>
  Array.from({ length: count }, (_, index) => ({
    id: `${kind}${index}`,
    secret: generateSecret(),
    codes: [],
    cookies: new Map(),
  }));

export class Contender {
  asked = new Map();
  questions = 0;
  ahead = 0;

  /** Starts the contender and enrolls all its users. */
  static async start(definition, settings, count) {
    const child = start(definition.server, settings);
    const { url } = await firstWordOf(child);
    const contender = new Contender(definition, child, url, count);
    await definition.enrol(contender);
    return contender;
  }

  constructor({ name, flowsOf }, child, url, count) {
    this.name = name;
    this.child = child;
    this.url = url;
    this.http = new Http(url);
    /** Users with an app and codes, and users with a key: each sign-in reads only what it needs. */
    this.users = people(count, 'user');
    this.keyUsers = people(count, 'key-user');
    this.flows = flowsOf(this.http, this.ask);
    child.on('message', ({ id, answer, error }) => {
      const { resolve, reject } = this.asked.get(id);
      this.asked.delete(id);
      if (error === undefined) resolve(answer);
      else reject(new Error(`${name}: ${error}`));
    });
    child.on('exit', () => {
      for (const { reject } of this.asked.values()) reject(new Error(`${name} has ended`));
    });
  }

  ask = (name, value) =>
    new Promise((resolve, reject) => {
      const id = (this.questions += 1);
      this.asked.set(id, { resolve, reject });
      this.child.send({ id, name, value }, (error) => error && reject(error));
    });

  /** Advances to the next time step if codes work only once. */
  async tick() {
    this.ahead = await this.ask('advance', 31);
  }

  codeFor({ secret }) {
    return codeOf(secret, { time: Date.now() + this.ahead });
  }

  async stop() {
    this.http.close();
    // A failed process has already exited.
    if (!this.child.connected) return;
    const isOver = once(this.child, 'exit');
    this.child.disconnect();
    await isOver;
  }
}
