import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import prettier from 'prettier';

import { ROOT } from '../support/built.mjs';

const HEADINGS = {
  nest: 'NestJS',
  format: 'format',
  http: 'HTTP',
  typeorm: 'TypeORM',
  database: 'database',
  node: 'Node.js',
  builder: 'built with',
  manager: 'installed with',
  tests: 'its tests',
  result: '',
};
const DATABASES = { sqlite: 'SQLite', postgres: 'PostgreSQL' };
const BEGIN = '<!-- `npm run compat -- --write` writes this table. -->';

/** The row of a column, with the installed versions if it got that far. */
export function describe(column, { application, node }) {
  const installed = (name, otherwise) => {
    if (!application) return otherwise;
    const file = join(application, 'node_modules', name, 'package.json');
    return JSON.parse(readFileSync(file, 'utf8')).version;
  };
  return {
    nest: installed('@nestjs/core', column.nest),
    format: column.nest === 11 ? 'CommonJS' : 'ESM',
    http: column.http === 'fastify' ? 'Fastify' : 'Express',
    typeorm: installed('typeorm', column.typeorm),
    database: DATABASES[column.database],
    node: node ?? column.node ?? process.versions.node,
    builder: column.builder,
    manager: column.manager,
    tests: column.nest === 11 ? 'Jest (ts-jest)' : 'Vitest',
  };
}

export function tableOf(rows) {
  const keys = Object.keys(HEADINGS);
  const lines = [
    Object.values(HEADINGS),
    keys.map(() => '---'),
    ...rows.map((row) => keys.map((key) => row[key])),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** Puts the table into the README. */
export async function writeTable(rows) {
  const file = join(ROOT, 'README.md');
  const [before, after] = readFileSync(file, 'utf8').split(BEGIN);
  const rest = after.slice(after.indexOf('\n\n', after.indexOf('|')));
  const text = `${before}${BEGIN}\n\n${tableOf(rows).trimEnd()}${rest}`;
  const options = await prettier.resolveConfig(file);
  writeFileSync(file, await prettier.format(text, { ...options, filepath: file }));
}
