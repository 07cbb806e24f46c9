// How much memory a guard decision allocates and a used session retains. Unlike times, these are the same on every
// machine, so they can be held to a limit. Exits with 1 when one is exceeded.
//
//   npm run build && node bench/allocations.mjs [--sessions 100000]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Enough room for everything the calls allocate, so that no garbage is collected while counting. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
const FILE = fileURLToPath(new URL('in-process/allocations.mjs', import.meta.url));

/** Maximum bytes: a quarter more than measured. */
const AT_MOST = { 'guard, database': 35_000, 'guard, claims': 11_500, 'session that was used': 200 };

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '100000' } } });
const { stdout, stderr, status } = spawnSync('node', [...FLAGS, FILE, values.sessions], { encoding: 'utf8' });
if (status !== 0) throw new Error(stderr);
const bytes = JSON.parse(stdout);
for (const [name, most] of Object.entries(AT_MOST)) {
  const isMet = bytes[name] <= most;
  if (!isMet) process.exitCode = 1;
  process.stdout.write(
    `${isMet ? 'ok ' : 'NOT'} ${name}: ${bytes[name].toLocaleString('en')} bytes (at most ${most.toLocaleString('en')})\n`,
  );
}
