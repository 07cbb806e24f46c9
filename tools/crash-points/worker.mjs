import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const APPLICATION = fileURLToPath(new URL('application.mjs', import.meta.url));

/** A process that does one thing after another, until it is killed and the next takes its place. */
export class Worker {
  child = null;

  /** @param orm the application's connection */
  constructor(orm) {
    this.env = { ...process.env, NODE_ENV: 'test', CRASH_POINTS_ORM: JSON.stringify(orm) };
  }

  /** What came of it; null when the process was killed. */
  async run(message) {
    this.child ??= fork(APPLICATION, { env: this.env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.child.send(message);
    const first = new AbortController();
    const either = ['message', 'exit'].map((event) => once(this.child, event, { signal: first.signal }));
    const [result] = await Promise.race(either);
    first.abort();
    const failure = typeof result === 'number' ? `It ended with code ${result}` : result?.failure;
    if (result === null || failure) this.child = null;
    if (failure) throw new Error(failure);
    return result;
  }

  close() {
    this.child?.disconnect();
  }
}
