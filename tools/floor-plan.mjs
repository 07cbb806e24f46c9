// Prints statistics of the floor plan: folders, arrows between them, cycles, and file sizes.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const ROOT = 'libs/mfa/src';
const files = readdirSync(ROOT, { recursive: true })
  .filter((file) => /\.tsx?$/.test(file) && !/\.spec\.tsx?$/.test(file))
  .map((file) => normalize(file));
const known = new Set(files);
const arrows = files.flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
    .map(([, source]) => join(dirname(file), source).replace(/\.js$/, ''))
    .map((target) => [`${target}.ts`, `${target}.tsx`].find((one) => known.has(one)))
    .filter(Boolean)
    .map((target) => [file, target]),
);

/** The strongly connected components (Tarjan). */
function cyclesOf(edges) {
  const next = groupBy(edges);
  const [index, low, stack, found] = [new Map(), new Map(), [], []];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const [, target] of next.get(node) ?? []) {
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) low.set(node, Math.min(low.get(node), low.get(target)));
    }
    if (low.get(node) !== index.get(node)) return;
    const part = stack.splice(stack.indexOf(node));
    if (part.length > 1) found.push(part);
  };
  for (const [from] of edges) if (!index.has(from)) visit(from);
  return found;
}

function groupBy(edges) {
  const groups = new Map();
  for (const edge of edges) groups.set(edge[0], [...(groups.get(edge[0]) ?? []), edge]);
  return groups;
}

const folders = new Set(files.map((file) => dirname(file)));
const between = new Map(
  arrows
    .map(([from, to]) => [dirname(from), dirname(to)])
    .filter(([from, to]) => from !== to)
    .map((edge) => [edge.join(' '), edge]),
);
const lines = files.map((file) => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1);
const exported = readFileSync(join(ROOT, 'index.ts'), 'utf8')
  .replace(/\/\/.*$/gm, '')
  .matchAll(/export (?:type )?\{([^}]*)\}/g);

console.log(
  `files                     ${files.length}, of which under 50 lines ${lines.filter((n) => n < 50).length}`,
);
console.log(`folders                   ${folders.size}`);
console.log(`arrows between folders    ${between.size}`);
console.log(`cycles of folders         ${cyclesOf([...between.values()]).length}`);
console.log(
  `cycles of files           ${
    cyclesOf(arrows)
      .map((part) => part.length)
      .join(', ') || 'none'
  }`,
);
console.log(
  `names of the index        ${[...exported].flatMap(([, names]) => names.split(',').filter((name) => name.trim())).length}`,
);
