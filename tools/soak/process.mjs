import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('application.mjs', import.meta.url));

/** The application in a process of its own, and what it says of its memory. */
export class Application {
  static async start(settings) {
    const application = new Application();
    application.child = fork(FILE, [JSON.stringify(settings)], {
      execArgv: ['--expose-gc'],
      env: { ...process.env, NODE_ENV: 'test' },
    });
    const [message] = await once(application.child, 'message');
    if (message.failure) throw new Error(`The application does not start: ${message.failure}`);
    application.url = message.url;
    return application;
  }

  /** @param isFull whether garbage is collected first */
  async sample(isFull) {
    this.child.send({ isFull });
    const [sample] = await once(this.child, 'message');
    return sample;
  }

  /** Writes all that is in its memory to that file, once garbage is collected. */
  async writeHeap(snapshotTo) {
    this.child.send({ snapshotTo });
    await once(this.child, 'message');
  }

  async stop() {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
