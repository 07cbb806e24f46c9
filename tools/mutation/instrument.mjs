import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Instrumenter } from '@stryker-mutator/instrumenter';

import { ROOT } from '../support/built.mjs';
import { ignorerFor } from './ignored.mjs';

export const SOURCES = 'libs/mfa/src';
export const FOLDERS = ['core', 'engine', 'factors', 'sign-in', 'guard', 'claims'];

const LOGGER = { debug() {}, info() {}, warn: console.warn, isDebugEnabled: () => false };

function sourceFiles() {
  const folders = FOLDERS.map((folder) => `${SOURCES}/${folder}`);
  const files = execFileSync('git', ['ls-files', ...folders], { cwd: ROOT, encoding: 'utf8' });
  return files.split('\n').filter((file) => /(?<!\.spec|\.d)\.ts$/.test(file));
}

/** Puts all mutants into the sources of a copy, each behind a switch, and lists them. */
export async function instrument(copy) {
  const mutants = [];
  for (const name of sourceFiles()) {
    const content = readFileSync(join(ROOT, name), 'utf8');
    const options = { plugins: null, excludedMutations: [], ignorers: [ignorerFor(name)] };
    const made = await new Instrumenter(LOGGER).instrument([{ name, mutate: true, content }], options);
    // Mutant numbers restart with each file.
    const prefix = createHash('sha256').update(name).digest('hex').slice(0, 8);
    writeFileSync(join(copy, name), withDecorators(withPrefix(made.files[0].content, prefix), content));
    const lines = content.split('\n');
    mutants.push(...made.mutants.map((mutant) => describe(mutant, `${prefix}:${mutant.id}`, lines)));
  }
  return mutants;
}

function withPrefix(text, prefix) {
  return text.replace(
    /\b(stryMutAct_9fa48|stryCov_9fa48)\(("\d+"(?:, "\d+")*)\)/g,
    (_, helper, ids) => `${helper}(${ids.replace(/"(\d+)"/g, `"${prefix}:$1"`)})`,
  );
}

/** Babel omits decorators of parameters that have a default value. */
function withDecorators(text, source) {
  const lost = source.matchAll(/^ *((?:@\w+\([^()]*\) )+)(\w+: [^=\n]+ = [^,\n]+),$/gm);
  return [...lost].reduce(
    (known, [, decorators, parameter]) => known.replace(parameter, () => decorators + parameter),
    text,
  );
}

function describe({ fileName, location: { start, end }, mutatorName, replacement, statusReason }, id, lines) {
  return {
    id,
    file: fileName.slice(SOURCES.length + 1),
    line: start.line + 1,
    column: start.column + 1,
    code: lines[start.line].trim(),
    mutator: mutatorName,
    original: textBetween(lines, start, end),
    replacement,
    ignored: statusReason,
  };
}

function textBetween(lines, start, end) {
  const part = lines.slice(start.line, end.line + 1);
  part[part.length - 1] = part.at(-1).slice(0, end.column);
  part[0] = part[0].slice(start.column);
  return part.join('\n');
}
