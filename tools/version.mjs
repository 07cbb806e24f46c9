// Turns changesets into a version: bumps libs/mfa/package.json, and adds their lines to a section of CHANGELOG.md,
// below what was written by hand under "Unreleased". Commit the changes and tag them `v` plus the version;
// .github/workflows/release.yml does the rest.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './support/built.mjs';

/** Used only here, so not among the dependencies. */
const CHANGESETS = '@changesets/cli@2.31.1';
const MANIFEST = join(ROOT, 'libs/mfa/package.json');
/** Where changesets writes; the build overwrites it with the repository's changelog. */
const WRITTEN = join(ROOT, 'libs/mfa/CHANGELOG.md');
const CHANGELOG = join(ROOT, 'CHANGELOG.md');
const HEADING = '## Unreleased\n';

const versionOf = () => JSON.parse(readFileSync(MANIFEST, 'utf8')).version;

rmSync(WRITTEN, { force: true });
const before = versionOf();
const { status } = spawnSync('npx', ['--yes', CHANGESETS, 'version'], {
  cwd: ROOT,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) process.exit(1);

const version = versionOf();
if (version === before || !existsSync(WRITTEN)) {
  process.stderr.write('There is no changeset: npm run changeset\n');
  process.exit(1);
}
const [, section] = readFileSync(WRITTEN, 'utf8').split(`## ${version}\n`);
const text = readFileSync(CHANGELOG, 'utf8');
const [start, rest] = text.split(HEADING);
const today = new Date().toISOString().slice(0, 10);
const [byHand, ...older] = rest.split(/^(?=## )/m);
const lines = [byHand.trim(), section.split(/^## /m)[0].trim()].filter(Boolean).join('\n\n');
writeFileSync(
  CHANGELOG,
  `${start}${HEADING}\n## ${version} (${today})\n\n${lines}\n\n${older.join('')}`.trimEnd() + '\n',
);
process.stdout.write(`${before} → ${version}\n`);
