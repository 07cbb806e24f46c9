// What `nestjs-mfa/opentelemetry` costs a guard decision: without it, with it but no SDK, and with an SDK that keeps
// everything. Each runs in its own process, in turn.
//
//   npm run build && node bench/telemetry.mjs [--rounds 7]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const FLAGS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
const FILE = fileURLToPath(new URL('in-process/telemetry.mjs', import.meta.url));
const WAYS = ['without the module', 'no SDK', 'an SDK'];

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });

function measure(way) {
  const { stdout, stderr, status } = spawnSync('node', [...FLAGS, FILE, way], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const medianOf = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const measured = new Map(WAYS.map((way) => [way, []]));
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const way of WAYS) measured.get(way).push(measure(way));

for (const [way, all] of measured) {
  const cpu = medianOf(all.map((one) => one.cpu));
  const bytes = medianOf(all.map((one) => one.bytes));
  process.stdout.write(
    `${way.padEnd(20)} ${cpu.toFixed(1).padStart(7)} µs of CPU  ${bytes.toLocaleString('en').padStart(9)} bytes\n`,
  );
}
