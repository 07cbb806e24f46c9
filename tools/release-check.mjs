// Checks whether this commit can be released under a tag: `node tools/release-check.mjs v1.2.3`. Exits with 1 when it
// can't.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './support/built.mjs';

const [tag = ''] = process.argv.slice(2);
const { version, repository } = JSON.parse(readFileSync(join(ROOT, 'libs/mfa/package.json'), 'utf8'));
const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
const left = readdirSync(join(ROOT, '.changeset')).filter(
  (name) => name.endsWith('.md') && name !== 'README.md',
);

const problems = [
  tag !== `v${version}` && `the tag is ${tag || 'missing'}, and libs/mfa/package.json says ${version}`,
  !changelog.includes(`\n## ${version}`) && `CHANGELOG.md has no section for ${version}: npm run version`,
  left.length > 0 && `${left.join(', ')} would be left out: npm run version`,
  // npm compares it with the repository in the provenance.
  !repository && 'libs/mfa/package.json has no `repository`, which npm needs for the provenance',
].filter(Boolean);

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
