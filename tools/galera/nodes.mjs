// A MariaDB Galera cluster on this machine: nodes that are created from scratch in their own folders and can be killed.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import mysql from 'mysql2/promise';

import { freePort } from '../support/free-port.mjs';

/** As installed by Debian's package `galera-4`. */
const PROVIDER = process.env.GALERA_PROVIDER ?? '/usr/lib/galera/libgalera_smm.so';
const LONGEST_START_MS = 120_000;
const INSTALL_OPTIONS = ['--auth-root-authentication-method=normal', '--skip-test-db'];

/** Neither a server nor the rsync that fills a new node works as root. */
const isRoot = process.getuid?.() === 0;
const AS_USER = isRoot ? ['--user=mysql'] : [];
const own = (path) => isRoot && execFileSync('chown', ['mysql', path]);

const CREDENTIALS = { user: 'test', password: 'test' };

async function portsOf(count) {
  const ports = [];
  while (ports.length < count)
    ports.push({
      sql: await freePort(),
      group: await freePort(),
      ist: await freePort(),
      sst: await freePort(),
    });
  return ports;
}

class Node {
  process = null;

  constructor(folder, ports, peers) {
    this.folder = folder;
    this.ports = ports;
    this.peers = peers;
    this.log = join(folder, 'log');
  }

  get address() {
    return { host: '127.0.0.1', port: this.ports.sql, ...CREDENTIALS };
  }

  install() {
    mkdirSync(this.folder);
    own(this.folder);
    execFileSync(
      'mariadb-install-db',
      ['--no-defaults', `--datadir=${join(this.folder, 'data')}`, ...AS_USER, ...INSTALL_OPTIONS],
      { stdio: 'ignore' },
    );
  }

  /** @param isFirst whether it starts a new cluster rather than joining one */
  async start(isFirst) {
    const { sql, group, ist, sst } = this.ports;
    const peers = isFirst ? [] : this.peers.map((port) => `127.0.0.1:${port}`);
    const out = openSync(this.log, 'a');
    const options = [
      '--no-defaults',
      `--datadir=${join(this.folder, 'data')}`,
      `--socket=${join(this.folder, 'socket')}`,
      `--pid-file=${join(this.folder, 'pid')}`,
      '--bind-address=127.0.0.1',
      `--port=${sql}`,
      '--binlog_format=ROW',
      '--innodb_autoinc_lock_mode=2',
      '--innodb_buffer_pool_size=64M',
      '--max_connections=200',
      '--wsrep_on=ON',
      `--wsrep_provider=${PROVIDER}`,
      '--wsrep_cluster_name=nestjs-mfa',
      `--wsrep_cluster_address=gcomm://${peers.join(',')}`,
      `--wsrep_node_address=127.0.0.1:${group}`,
      '--wsrep_sst_method=rsync',
      `--wsrep_sst_receive_address=127.0.0.1:${sst}`,
      `--wsrep_provider_options=gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${ist};gcache.size=32M`,
      ...AS_USER,
    ];
    this.process = spawn('mariadbd', options, { stdio: ['ignore', out, out] });
    await this.untilItIsSynced();
  }

  async untilItIsSynced() {
    const end = Date.now() + LONGEST_START_MS;
    for (;;) {
      if (this.process.exitCode !== null || Date.now() > end) {
        throw new Error(`A node did not start:\n${readFileSync(this.log, 'utf8').slice(-3000)}`);
      }
      const state = await this.query("SHOW STATUS LIKE 'wsrep_local_state_comment'").catch(() => []);
      if (state[0]?.Value === 'Synced') return;
      await wait(250);
    }
  }

  /** Until our account exists, root connects by socket. */
  async query(sql, { asRoot = true } = {}) {
    const connection = await mysql.createConnection(
      asRoot ? { socketPath: join(this.folder, 'socket'), user: 'root' } : this.address,
    );
    try {
      const [rows] = await connection.query(sql);
      return rows;
    } finally {
      await connection.end();
    }
  }

  /** As in a power failure. */
  async kill() {
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async stop() {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGTERM');
    await once(this.process, 'exit');
  }
}

export class GaleraCluster {
  constructor(folder, nodes) {
    this.folder = folder;
    this.nodes = nodes;
  }

  static async start(count = 3) {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-galera-'));
    own(folder);
    const ports = await portsOf(count);
    const groups = ports.map(({ group }) => group);
    const nodes = ports.map((one, index) => new Node(join(folder, String(index)), one, groups));
    const cluster = new GaleraCluster(folder, nodes);
    try {
      for (const [index, node] of nodes.entries()) {
        node.install();
        await node.start(index === 0);
      }
      const { user, password } = CREDENTIALS;
      await nodes[0].query(`CREATE USER '${user}'@'127.0.0.1' IDENTIFIED BY '${password}'`);
      await nodes[0].query(`GRANT ALL ON *.* TO '${user}'@'127.0.0.1'`);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
