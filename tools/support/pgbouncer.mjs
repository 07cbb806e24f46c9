// PgBouncer (Debian's package `pgbouncer`) in transaction mode, with fewer server connections than client connections.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { freePort } from './free-port.mjs';

const CONNECTIONS = 4;
const LONGEST_START_MS = 10_000;

export async function startPgBouncer({ host, port: serverPort, user, password }) {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-pgbouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const users = join(folder, 'users.txt');
  writeFileSync(users, `"${user}" "${password}"\n`);
  const configuration = join(folder, 'pgbouncer.ini');
  writeFileSync(
    configuration,
    `[databases]
* = host=${host} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${CONNECTIONS}
max_client_conn = 500
ignore_startup_parameters = statement_timeout,lock_timeout
`,
  );
  // It refuses to run as root.
  const command = ['pgbouncer', configuration];
  const [program, ...parameters] =
    process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--', ...command] : command;
  const child = spawn(program, parameters, { stdio: 'ignore' });
  const stop = () => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  const end = Date.now() + LONGEST_START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      stop();
      throw new Error('PgBouncer did not start');
    }
    await wait(50);
  }
  return { port, stop };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
