// Removes protections from a copy of the library, one by one, and checks whether the model (test/model) notices. Prints
// a table; exits with 1 when it misses one.
//
//     node tools/take-out.mjs [--seconds 30] [words of the protections' names]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { copyTree, linkPackages } from './support/copy-tree.mjs';
import { PROTECTIONS } from './take-out/protections.mjs';

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '30' } },
  allowPositionals: true,
});
if (!(Number(values.seconds) > 0)) throw new Error(`--seconds must be a number above 0: ${values.seconds}`);

const copy = mkdtempSync(join(tmpdir(), 'nestjs-mfa-take-out-'));
const chosen = PROTECTIONS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);

/** Runs stories until one that the model can't explain, or until time is up. */
function play() {
  const begun = Date.now();
  const words = [
    'test',
    '--',
    '--coverage=false',
    '--forceExit',
    '--reporters=default',
    '--testPathPatterns',
    'test/model',
  ];
  const { status, stdout, stderr } = spawnSync('npm', words, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, MFA_MODEL_SECONDS: values.seconds, MFA_MODEL_SHRINK: 'false' },
  });
  return {
    isFound: status !== 0,
    printed: stdout + stderr,
    seconds: Math.round((Date.now() - begun) / 1000),
  };
}

/** The reason given by the model; undefined if the run failed with another error, which doesn't count as noticed. */
function reasonOf(printed) {
  const [, reason] = /No order explains it:\s*\n\s*(.+)/.exec(printed) ?? [];
  return reason?.trim().slice(0, 160);
}

/** @returns the file, and its previous content */
function edit({ file, from, to }) {
  const path = join(copy, 'libs/mfa/src', file);
  const before = readFileSync(path, 'utf8');
  if (before.split(from).length !== 2) throw new Error(`${file} does not contain exactly one ${from}`);
  writeFileSync(
    path,
    before.replace(from, () => to),
  );
  return [path, before];
}

let missed = 0;
try {
  copyTree(copy);
  linkPackages(copy);
  process.stdout.write('| what is taken out | found | after | found by |\n| --- | --- | --: | --- |\n');
  for (const { name, edits } of [{ name: 'nothing', edits: [] }, ...chosen]) {
    // Restored in reverse order, since several edits may be in one file.
    const before = edits.map(edit).reverse();
    const { isFound, printed, seconds } = play();
    for (const [path, text] of before) writeFileSync(path, text);
    const reason = reasonOf(printed);
    const isRight = isFound === edits.length > 0 && isFound === (reason !== undefined);
    if (!isRight) missed += 1;
    if (!isRight && isFound) process.stderr.write(printed.slice(-3000));
    process.stdout.write(`| ${name} | ${isFound ? 'yes' : 'no'} | ${seconds} s | ${reason ?? ''} |\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.exitCode = missed === 0 ? 0 : 1;
