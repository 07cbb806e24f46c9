import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Whether Prometheus is installed on this machine (Debian: the package `prometheus`). */
export const hasPrometheus = () => spawnSync('prometheus', ['--version']).status === 0;

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a Prometheus that scrapes the endpoint every second. */
export async function startPrometheus(endpoint) {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const config = {
    scrape_configs: [{ job_name: 'site', scrape_interval: '1s', static_configs: [{ targets: [endpoint] }] }],
  };
  // JSON is valid YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let tried = 0; ; tried += 1) {
    const answer = await fetch(`${url}/-/ready`).catch(() => null);
    if (answer?.ok) break;
    if (tried > 100) throw new Error('Prometheus does not start');
    await wait(100);
  }
  return {
    /** The series of an expression over a period, in seconds since the Unix epoch. */
    async range(query, start, end, step) {
      const parameters = new URLSearchParams({ query, start, end, step });
      const { status, data, error } = await (await fetch(`${url}/api/v1/query_range?${parameters}`)).json();
      if (status !== 'success') throw new Error(`${query}: ${error}`);
      return data.result;
    },
    async close() {
      child.kill();
      await new Promise((ended) => child.once('exit', ended));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
