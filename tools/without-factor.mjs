// Tests the design: a copy of the repository without a factor's folder and registration still compiles, builds, and
// passes its other tests. Prints what was removed.
//
//     node tools/without-factor.mjs [email-code | sms-code] [--no-tests]
//
// For the other factors, the public API, options and texts are part of the package itself (docs/architecture.md,
// "Adding a factor").
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { ROOT } from './support/built.mjs';
import { copyTree, linkPackages } from './support/copy-tree.mjs';

/** Where each factor is enabled in the demo. */
const IN_DEMO = {
  'email-code': /emailCode, |^ +email_code: emailCode,\n/gm,
  'sms-code': /, smsCode|^ +sms_code: smsCode,\n/gm,
};
const factor = process.argv.slice(2).find((word) => !word.startsWith('--')) ?? 'email-code';
if (!Object.hasOwn(IN_DEMO, factor)) {
  process.stderr.write(`It takes one of ${Object.keys(IN_DEMO).join(', ')}, not ${factor}\n`);
  process.exit(1);
}

const FOLDER = `libs/mfa/src/factors/${factor}`;
/** Where it is registered: in the public API, in the list of levels and its diagram, and in the demo. */
const REGISTRATIONS = {
  'libs/mfa/src/index.ts': new RegExp(`^.*factors/${factor}/.*\\n`, 'gm'),
  'tools/lint/levels.mjs': new RegExp(`^.*'factors/${factor}'.*\\n`, 'gm'),
  'docs/architecture.md': new RegExp(`^ {4}factors/${factor} .*\\n`, 'gm'),
  'apps/demo/src/config/demo-config.ts': IN_DEMO[factor],
};
/** Its name in tests. */
const NAMED = new RegExp(factor.replace('-', '[_-]?'), 'i');
/** Slow, and unrelated to factors: what browsers show, and races. */
const NOT_RUN = '/test/(browser|engine/races|demo/demo-pages|pages/attacks)';

const copy = mkdtempSync(join(tmpdir(), 'nestjs-mfa-without-'));
const run = (command, ...args) => execFileSync(command, args, { cwd: copy, stdio: 'inherit' });

function takeOut() {
  rmSync(join(copy, FOLDER), { recursive: true });
  console.log(`- ${FOLDER}/`);
  for (const [file, lines] of Object.entries(REGISTRATIONS)) {
    const before = readFileSync(join(copy, file), 'utf8');
    const after = before.replace(lines, '');
    if (after === before) throw new Error(`${file} registers nothing`);
    writeFileSync(join(copy, file), after);
    console.log(`- its line in ${file}`);
  }
  for (const file of testsOfIt()) {
    rmSync(join(copy, 'test', file));
    console.log(`- test/${file}, a test of it`);
  }
}

/** The tests that name it, including shared helpers, and those that import them. */
function testsOfIt() {
  const files = readdirSync(join(copy, 'test'), { recursive: true }).filter((file) => file.endsWith('.ts'));
  const read = (file) => readFileSync(join(copy, 'test', file), 'utf8');
  const named = new Set(files.filter((file) => NAMED.test(read(file))));
  const importsOne = (file) =>
    [...read(file).matchAll(/from '(\.[^']+)\.js'/g)].some(([, path]) =>
      named.has(`${join(dirname(file), path)}.ts`),
    );
  for (let found = [...named]; found.length > 0;) {
    found = files.filter((file) => !named.has(file) && importsOne(file));
    for (const file of found) named.add(file);
  }
  return named;
}

try {
  copyTree(copy);
  linkPackages(copy);
  takeOut();
  run('npm', 'run', 'typecheck');
  run('npx', 'eslint', 'libs', '--max-warnings', '0');
  run('npm', 'run', 'build');
  if (!process.argv.includes('--no-tests'))
    run('npm', 'test', '--', '--coverage=false', '--testPathIgnorePatterns', '/node_modules/', NOT_RUN);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
