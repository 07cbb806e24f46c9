// Several instances of the built demo, and clients that alternate between them like a round-robin load balancer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Client } from '../support/client.mjs';
import { freePort } from '../support/free-port.mjs';

const MAIN = fileURLToPath(new URL('../../apps/demo/dist/main.js', import.meta.url));
const LONGEST_START_MS = 60_000;

/** The URL that users see: that of the load balancer. */
export const ORIGIN = 'http://localhost:9';

async function untilItAnswers({ url, process: child, said }) {
  const end = Date.now() + LONGEST_START_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null)
      throw new Error(`A process has ended with ${child.exitCode}: ${said.join('')}`);
    const answer = await fetch(`${url}/me`).catch(() => null);
    if (answer) return;
    await wait(100);
  }
  throw new Error(`${url} did not answer within ${LONGEST_START_MS / 1000} s`);
}

function launch(port, databaseUrl, options) {
  const instance = {
    url: `http://localhost:${port}`,
    process: spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        PORT: String(port),
        DATABASE_URL: databaseUrl,
        MFA_SECRET: 'a secret of 32 bytes that all instances share',
        MFA_WEBAUTHN_ORIGINS: ORIGIN,
        MFA_TRUSTED_DEVICES_ENABLED: 'true',
        ...options,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
    said: [],
  };
  // Printed only if an instance doesn't start: another instance creating the tables first causes an error that is
  // retried.
  instance.process.stderr.on('data', (text) => instance.said.push(text));
  return instance;
}

export class Cluster {
  next = 0;
  instances = [];

  /**
   * Starts all instances at the same moment. If there are several database addresses, instances alternate between them,
   * and the first one starts alone: the lock that keeps migrations from running twice is local to one server.
   */
  static async start(count, databaseUrls, options) {
    const cluster = new Cluster();
    try {
      if (databaseUrls.length > 1) await cluster.add(1, databaseUrls, options);
      await cluster.add(count - cluster.instances.length, databaseUrls, options);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async add(count, databaseUrls, options) {
    const ports = await Promise.all(Array.from({ length: count }, freePort));
    const added = ports.map((port, index) =>
      launch(port, databaseUrls[(this.instances.length + index) % databaseUrls.length], options),
    );
    this.instances.push(...added);
    await Promise.all(added.map(untilItAnswers));
  }

  get urls() {
    return this.instances.map(({ url }) => url);
  }

  /** A client that sends each request to the next instance. */
  client() {
    const cluster = this;
    return new (class extends Client {
      send(...request) {
        cluster.next = (cluster.next + 1) % cluster.urls.length;
        this.url = cluster.urls[cluster.next];
        return super.send(...request);
      }
    })('');
  }

  async stop() {
    await Promise.all(
      this.instances.map(async ({ process: child }) => {
        if (child.exitCode !== null) return;
        child.kill('SIGTERM');
        await once(child, 'exit');
      }),
    );
  }
}
