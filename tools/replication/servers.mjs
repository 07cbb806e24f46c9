// A PostgreSQL primary with a streaming standby on this machine, and an address at which applications reach whichever
// is the primary.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import pg from 'pg';

import { freePort } from '../support/free-port.mjs';

/** The folder of PostgreSQL's own programs, from `pg_config --bindir`. */
const BIN = process.env.PGBIN ?? execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
/** PostgreSQL refuses to run as root. */
const AS_USER = process.getuid?.() === 0 ? ['runuser', ['-u', 'postgres', '--']] : null;

function run(program, ...parameters) {
  const command = join(BIN, program);
  // A server keeps what it inherits, so its output must not be awaited.
  const options = { stdio: 'ignore' };
  if (AS_USER) execFileSync(AS_USER[0], [...AS_USER[1], command, ...parameters], options);
  else execFileSync(command, parameters, options);
}

class Server {
  constructor(folder, port) {
    this.data = folder;
    this.port = port;
    this.address = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
  }

  configure(lines) {
    appendFileSync(join(this.data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  }

  start() {
    run('pg_ctl', 'start', '-w', '-D', this.data, '-l', join(this.data, 'log'));
  }

  async query(sql) {
    const client = new pg.Client(this.address);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** As in a power failure: nothing more is sent to the standby. */
  kill() {
    run('pg_ctl', 'kill', 'KILL', String(this.pid()));
  }

  pid() {
    return Number(execFileSync('head', ['-n', '1', join(this.data, 'postmaster.pid')], { encoding: 'utf8' }));
  }

  stop() {
    try {
      run('pg_ctl', 'stop', '-m', 'immediate', '-D', this.data);
    } catch {
      // It isn't running.
    }
  }
}

/** Forwards connections to a port, and cuts them all when the port changes. */
class Gate {
  sockets = new Set();

  async open(port) {
    this.target = port;
    this.server = createServer((client) => {
      const server = connect(this.target, '127.0.0.1');
      for (const [one, other] of [
        [client, server],
        [server, client],
      ]) {
        this.sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    this.port = await freePort();
    await new Promise((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
  }

  turnTo(port) {
    this.target = port;
    for (const socket of this.sockets) socket.destroy();
  }

  close() {
    this.turnTo(0);
    this.server?.close();
  }
}

export class ReplicatedPostgres {
  gate = new Gate();
  servers = [];

  /** @param isSynchronous whether a commit is confirmed only once the standby has it too */
  static async start(isSynchronous) {
    const replicated = new ReplicatedPostgres();
    try {
      await replicated.set(isSynchronous);
    } catch (error) {
      replicated.stop();
      throw error;
    }
    return replicated;
  }

  async set(isSynchronous) {
    this.folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-replication-'));
    if (AS_USER) execFileSync('chown', ['postgres', this.folder]);
    const primary = new Server(join(this.folder, 'primary'), await freePort());
    const standby = new Server(join(this.folder, 'standby'), await freePort());
    this.servers.push(primary, standby);
    run('initdb', '-D', primary.data, '-A', 'trust', '-U', 'postgres', '--no-sync');
    primary.configure([
      `port = ${primary.port}`,
      "listen_addresses = '127.0.0.1'",
      `unix_socket_directories = '${this.folder}'`,
      'max_connections = 100',
      'wal_level = replica',
    ]);
    primary.start();
    run(
      'pg_basebackup',
      '-h',
      '127.0.0.1',
      '-p',
      String(primary.port),
      '-U',
      'postgres',
      '-D',
      standby.data,
      '-R',
    );
    standby.configure([`port = ${standby.port}`]);
    standby.start();
    if (isSynchronous) {
      await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
      await primary.query('SELECT pg_reload_conf()');
    }
    const states = "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = $";
    const wanted = states.replace('$', isSynchronous ? "'sync'" : "'async'");
    while ((await primary.query(wanted)).length === 0) await wait(100);
    await this.gate.open(primary.port);
  }

  get url() {
    return `postgres://postgres@127.0.0.1:${this.gate.port}/postgres`;
  }

  /** Delays what the standby receives, so that it lags. */
  async holdBack() {
    const [primary] = this.servers;
    const [{ pid }] = await primary.query('SELECT pid FROM pg_stat_replication');
    execFileSync('kill', ['-STOP', String(pid)]);
  }

  /** Kills the primary, promotes the standby, and redirects applications to it. */
  failOver() {
    const [primary, standby] = this.servers;
    primary.kill();
    run('pg_ctl', 'promote', '-w', '-D', standby.data);
    this.gate.turnTo(standby.port);
  }

  stop() {
    this.gate.close();
    for (const server of this.servers) server.stop();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}
