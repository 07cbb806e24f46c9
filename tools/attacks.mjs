// Runs every attack against the library with all factors, the demo, five example applications and the vulnerable
// application of test/attacks. Prints the results, and which attacks find which fault. Takes some minutes. Exits with 1
// when a test fails.
//
//   node tools/attacks.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');
const VERDICTS = ['held', 'fell', 'not_applicable', 'to_check', 'unclear'];

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-attacks-'));
const notes = join(folder, 'notes.jsonl');
try {
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '-i',
      '--coverage=false',
      '--silent',
      'test/attacks/library.spec.ts',
      'test/attacks/examples.spec.ts',
      'test/attacks/vulnerable.spec.ts',
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, MFA_TEST_THOROUGH: 'true', MFA_ATTACKS_NOTES: notes },
    },
  );
  const lines = readFileSync(notes, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { target, counts, requests, took } of lines.filter((line) => line.target)) {
    const made = VERDICTS.map((verdict) => `${counts[verdict]} ${verdict.replace('_', ' ')}`).join(', ');
    process.stdout.write(`${target}: ${made}; ${requests} requests, ${(took / 1000).toFixed(1)} s\n`);
  }
  const faults = lines.filter((line) => line.fault);
  process.stdout.write(`\n${faults.length} faults of the vulnerable application\n`);
  for (const { fault, what, foundBy } of faults)
    process.stdout.write(
      `  ${fault.padEnd(28)} ${what}\n${' '.repeat(31)}${foundBy.join(', ') || 'found by none'}\n`,
    );
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
