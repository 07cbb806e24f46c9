import { fork } from 'node:child_process';
import { join } from 'node:path';

/** The time for a worker to start, which doesn't count towards a job: loading Jest and finding the specs. */
const MOST_FOR_START = 120_000;

/** A process that runs one spec file after another, and is restarted if one of them kills or hangs it. */
export class Worker {
  constructor(copy) {
    this.copy = copy;
  }

  async start() {
    this.child = fork(
      join(this.copy, 'node_modules/jest/bin/jest.js'),
      ['-i', '--noStackTrace', '--config', 'tools/mutation/jest.config.mjs'],
      {
        cwd: this.copy,
        execArgv: ['--max-semi-space-size=64', '--experimental-vm-modules', '--no-warnings'],
        env: {
          ...process.env,
          MFA_MODEL_SEED: '1',
          MFA_FUZZ_SEED: '1',
          MFA_TEST_TURN: '1',
          MFA_TEST_DATABASE: undefined,
        },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      },
    );
    const { specs } = await this.#answer(MOST_FOR_START);
    if (!specs) throw new Error('a test worker did not start');
    this.specs = specs;
    this.runs = 0;
  }

  /** @returns the worker's response, or `lost`: why there is none */
  async run(job, limit) {
    if (!this.child) await this.start();
    this.runs += 1;
    this.child.send(job);
    const answer = await this.#answer(limit);
    if (answer.lost) this.stop();
    return answer;
  }

  stop() {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  #answer(limit) {
    const { child } = this;
    return new Promise((resolve) => {
      const end = (answer) => {
        clearTimeout(timer);
        child.removeAllListeners('message');
        child.removeAllListeners('exit');
        resolve(answer);
      };
      const timer = setTimeout(() => end({ lost: 'timeout' }), limit);
      child.once('message', end);
      child.once('exit', () => end({ lost: 'exit' }));
    });
  }
}
