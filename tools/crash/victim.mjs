// The process to be killed, and its successor, which has already loaded its code.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('application.mjs', import.meta.url));

function load() {
  const child = fork(FILE, { env: { ...process.env, NODE_ENV: 'test' } });
  return { child, loaded: once(child, 'message') };
}

export class Victim {
  next = load();

  /** @param settings what the application needs to start: `orm` and `startedAt` */
  constructor(settings) {
    this.settings = settings;
  }

  /** Starts a loaded process without waiting; {@link answers} resolves once it is up. */
  async launch() {
    const { child, loaded } = this.next;
    await loaded;
    this.child = child;
    this.exited = once(child, 'exit');
    this.started = once(child, 'message');
    this.next = load();
    child.send(this.settings);
  }

  /** The application's URL. */
  async answers() {
    const [message] = await this.started;
    if (message.failure) throw new Error(`The application does not start: ${message.failure}`);
    return message.url;
  }

  async start() {
    await this.launch();
    return this.answers();
  }

  get hasEnded() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Sends SIGKILL. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async close() {
    const { child } = this.next;
    child.kill('SIGKILL');
    if (this.child && !this.hasEnded) await this.kill();
  }
}
