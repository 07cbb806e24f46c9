import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('application.mjs', import.meta.url));

/** The application in its own process, and its memory statistics. */
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

  /** @param isFull whether to collect garbage first */
  async sample(isFull) {
    this.child.send({ isFull });
    const [sample] = await once(this.child, 'message');
    return sample;
  }

  /** Writes a heap snapshot to the file, after collecting garbage. */
  async writeHeap(snapshotTo) {
    this.child.send({ snapshotTo });
    await once(this.child, 'message');
  }

  async stop() {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
