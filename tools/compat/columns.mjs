// The applications in which the library is tried. Columns inherit everything they don't set from `DEFAULTS`.

const DEFAULTS = {
  /** Major version of Nest and its starter: 12 has ES modules and Vitest, 11 has CommonJS and Jest. */
  nest: 12,
  /** The version range; `^0.3.23` and `^1.0.0` install the latest. */
  typeorm: '^1.0.0',
  database: 'sqlite',
  http: 'express',
  /** A major version, or null for the one that runs this script. */
  node: null,
  builder: 'tsc',
  manager: 'npm',
  /** What to run: the `story` of the table, the `readme`'s first screen, or `nest add`. */
  kind: 'story',
};

const COLUMNS = [
  { name: 'nest12', isQuick: true },
  { name: 'nest11', nest: 11, typeorm: '^0.3.23', isQuick: true },
  { name: 'nest11-lowest', nest: 11, typeorm: '0.3.23' },
  { name: 'nest11-postgres', nest: 11, typeorm: '^0.3.23', database: 'postgres' },
  { name: 'nest11-lowest-postgres', nest: 11, typeorm: '0.3.23', database: 'postgres' },
  { name: 'nest11-typeorm1', nest: 11, database: 'postgres' },
  { name: 'nest12-fastify', http: 'fastify' },
  { name: 'nest11-fastify', nest: 11, typeorm: '^0.3.23', http: 'fastify' },
  { name: 'nest12-swc', builder: 'swc' },
  { name: 'nest11-swc', nest: 11, builder: 'swc' },
  { name: 'nest11-webpack', nest: 11, builder: 'webpack' },
  { name: 'nest11-webpack-inside', nest: 11, builder: 'webpack, bundled' },
  { name: 'nest12-esbuild-inside', builder: 'esbuild, bundled' },
  { name: 'nest12-pnpm', manager: 'pnpm' },
  { name: 'nest11-yarn1', nest: 11, manager: 'yarn 1' },
  { name: 'nest12-yarn4', manager: 'yarn 4' },
  { name: 'nest12-node22', node: 22, database: 'postgres' },
  { name: 'nest11-node22', nest: 11, typeorm: '^0.3.23', node: 22, database: 'postgres' },
  { name: 'nest12-readme', kind: 'readme', isQuick: true },
  { name: 'nest11-readme', nest: 11, kind: 'readme', isQuick: true },
  { name: 'nest12-add', kind: 'add' },
  { name: 'nest11-add', nest: 11, kind: 'add' },
  { name: 'nest12-node24', node: 24, database: 'postgres' },
  { name: 'nest11-node24', nest: 11, typeorm: '^0.3.23', node: 24, database: 'postgres' },
].map((column) => ({ ...DEFAULTS, ...column }));

/** @param words names of columns; without any, all columns or, with `--quick`, those that take a few minutes */
export function choose(words) {
  const names = words.filter((word) => !word.startsWith('--'));
  const unknown = names.find((name) => !COLUMNS.some((column) => column.name === name));
  if (unknown)
    throw new Error(
      `There is no column ${unknown}; the columns are ${COLUMNS.map(({ name }) => name).join(', ')}`,
    );
  if (names.length > 0) return COLUMNS.filter(({ name }) => names.includes(name));
  return words.includes('--quick') ? COLUMNS.filter(({ isQuick }) => isQuick) : COLUMNS;
}
