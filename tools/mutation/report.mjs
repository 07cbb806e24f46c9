import { dirname } from 'node:path';

const STATUSES = ['killed', 'timeout', 'survived', 'uncovered', 'equivalent'];

/** The percentage of mutants killed among those that a test could kill. */
export function scoreOf(judged) {
  const counts = countsOf(judged);
  const killed = counts.killed + counts.timeout;
  const all = killed + counts.survived + counts.uncovered;
  return all === 0 ? 100 : (100 * killed) / all;
}

function countsOf(judged) {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0]));
  for (const { status } of judged) counts[status] += 1;
  return counts;
}

/** `engine` of `engine/keys/key-store.ts`. */
export const topOf = ({ file }) => file.split('/')[0];

export function groupsOf(judged, nameOf) {
  const groups = new Map();
  for (const one of judged) {
    const name = nameOf(one);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(one);
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rowOf(name, judged) {
  const counts = countsOf(judged);
  const numbers = STATUSES.map((status) => counts[status]);
  return `| ${[name, judged.length, ...numbers, `${scoreOf(judged).toFixed(1)} %`].join(' | ')} |`;
}

/** A table of all folders, with a total. */
export function tableOf(judged) {
  const heads = [
    'folder',
    'mutants',
    'killed',
    'timed out',
    'survived',
    'not covered',
    'equivalent',
    'score',
  ];
  const lines = [`| ${heads.join(' | ')} |`, `| --- |${' --: |'.repeat(heads.length - 1)}`];
  for (const [top, ofTop] of groupsOf(judged, topOf)) {
    const folders = groupsOf(ofTop, ({ file }) => dirname(file));
    for (const [folder, ofFolder] of folders) if (folder !== top) lines.push(rowOf(folder, ofFolder));
    lines.push(rowOf(`**${top}**`, ofTop));
  }
  lines.push(rowOf('**all**', judged));
  return lines.join('\n');
}

/** The survivors: location, mutator, and replacement. */
export function survivorsOf(judged) {
  return judged
    .filter(({ status }) => status === 'survived' || status === 'uncovered')
    .map(
      ({ file, line, column, mutator, original, replacement, status }) =>
        `${file}:${line}:${column} ${mutator}${status === 'uncovered' ? ' (not covered)' : ''}\n  - ${oneLine(original)}\n  + ${oneLine(replacement)}\n`,
    )
    .join('');
}

const oneLine = (text) => text.replace(/\s+/g, ' ').slice(0, 200);
