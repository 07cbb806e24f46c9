// Tests the properties of test/fuzz for every parser with new inputs for a given time, and reports how many there were.
// Exits with 1 when a property failed, and prints its input and seed (`MFA_FUZZ_SEED=… npm test -- test/fuzz`
// reproduces it).
//
//   node tools/fuzz.mjs --minutes 10 [--only credentials]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = 'test/fuzz';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, only: { type: 'string' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes must be more than 0: ${values.minutes}`);
const names = readdirSync(join(ROOT, FOLDER))
  .filter((file) => file.endsWith('.spec.ts'))
  .map((file) => file.replace(/\.spec\.ts$/, ''));
if (values.only !== undefined && !names.includes(values.only)) {
  throw new Error(`--only must be one of ${names.join(', ')}: ${values.only}`);
}

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-fuzz-'));
const report = join(folder, 'report.jsonl');

/** Runs the specs like `npm test`; returns whether everything held, and how often each property was tested. */
function run(specs, environment) {
  rmSync(report, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      ...['--max-semi-space-size=64', '--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
      ...['node_modules/jest/bin/jest.js', '--runInBand', '--coverage=false'],
      ...specs.map((name) => `${FOLDER}/${name}.spec.ts`),
    ],
    {
      cwd: ROOT,
      stdio: 'inherit',
      // On each HTTP framework; a normal test run uses one.
      env: { ...process.env, MFA_TEST_THOROUGH: 'true', ...environment, MFA_FUZZ_REPORT: report },
    },
  );
  const lines = existsSync(report) ? readFileSync(report, 'utf8').trimEnd().split('\n') : [];
  return { held: status === 0, outcomes: lines.map((line) => JSON.parse(line)) };
}

function table(outcomes) {
  const rows = outcomes.map(({ spec, name, runs, seconds, failed }) => [
    spec,
    name,
    String(runs),
    seconds.toFixed(1),
    failed ? 'FAILED' : 'held',
  ]);
  const head = ['spec', 'property', 'executions', 'seconds', ''];
  const widths = head.map((cell, at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  const isNumber = (at) => at === 2 || at === 3;
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, at) => (isNumber(at) ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

try {
  const specs = values.only === undefined ? names : [values.only];
  // A normal run first, to count the properties that share the time.
  const usual = run(specs, {});
  const seconds = Math.max(1, (minutes * 60) / Math.max(1, usual.outcomes.length));
  const long = usual.held ? run(specs, { MFA_FUZZ_SECONDS: String(seconds) }) : usual;
  const executions = long.outcomes.reduce((sum, { runs }) => sum + runs, 0);
  process.stdout.write(
    `${table(long.outcomes)}\n\n${executions} executions of ${long.outcomes.length} properties\n`,
  );
  process.exitCode = long.held ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
