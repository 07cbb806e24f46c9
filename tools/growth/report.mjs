// A Markdown report that compares sizes, and lists problems.
import { shortNameOf } from './explain.mjs';
import { median } from './measure.mjs';

/** A dash if a statement wasn't sent at that size. */
const number = (value) => (value === undefined ? '–' : Math.round(value).toLocaleString('en'));
const ms = (value) => (value === undefined ? '–' : value < 10 ? value.toFixed(2) : number(value));
const bytes = (value) => (value < 1e6 ? `${number(value / 1e3)} kB` : `${number(value / 1e6)} MB`);
const sum = (values) => values.reduce((total, value) => total + value, 0);

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join(
    '\n',
  );
}

const headOf = (first, results, ...columns) => [
  first,
  ...columns.flatMap((column) => results.map(({ users }) => `${column}, ${number(users)}`)),
];

function flowTable(results) {
  const last = results.at(-1);
  const rows = [...last.costs].map(([name, { statements, wal, images }]) => [
    name,
    statements,
    ...results.map(({ costs }) => costs.get(name).buffers),
    ...results.map(({ times }) => ms(times.get(name).median)),
    ms(last.times.get(name).p95),
    `${number(wal)} (${images})`,
  ]);
  const [first, ...columns] = headOf('flow', results, 'pages', 'ms');
  return table([first, 'statements', ...columns, 'ms, 95 %', 'WAL bytes (page images)'], rows);
}

/** One line per statement, with its medians for every size. */
export function statementsOf(results) {
  const shapes = new Set(results.flatMap(({ statements }) => [...statements.keys()]));
  return [...shapes].map((shape) => {
    const perSize = results.map(({ users, statements }) => {
      const samples = statements.get(shape)?.samples ?? [];
      const of = (key) => median(samples.map((sample) => sample[key]));
      const scans = [...new Set(samples.flatMap((sample) => sample.scans).map(({ how }) => how))];
      const big = samples.flatMap((sample) => sample.scans).map(({ tableRows }) => tableRows);
      return {
        users,
        scans,
        tableRows: Math.max(0, ...big),
        rows: of('rows'),
        buffers: of('buffers'),
        ms: of('ms'),
      };
    });
    const found = results.flatMap(({ statements }) => statements.get(shape) ?? []);
    const flows = new Map(found.flatMap((one) => [...one.flows]));
    const indexes = [...new Set(found.flatMap(({ samples }) => samples).flatMap((sample) => sample.indexes))];
    const kind = [...flows.values()].includes('request') ? 'request' : [...flows.values()][0];
    return { name: shortNameOf(shape), flows: [...flows.keys()], kind, indexes, perSize };
  });
}

function statementTable(statements, results) {
  const rows = statements.map(({ name, flows, indexes, perSize }) => [
    `\`${name.replaceAll('|', '\\|')}\``,
    flows.length > 2 ? `${flows.length} flows` : flows.join('; '),
    [...new Set(perSize.flatMap(({ scans }) => scans)), ...indexes].map((one) => `${one}`).join(', ') ||
      'none read',
    ms(perSize.at(-1).rows),
    ...perSize.map(({ buffers }) => number(buffers)),
    ...perSize.map((one) => ms(one.ms)),
  ]);
  const [, ...columns] = headOf('', results, 'pages', 'ms');
  return table(['statement', 'used by', 'reads', 'rows', ...columns], rows);
}

function sizeTable({ users, sizes }) {
  const rows = sizes.map(({ name, rows: count, tableBytes, indexBytes }) => [
    name,
    number(count),
    bytes(tableBytes),
    bytes(indexBytes),
    number((tableBytes + indexBytes) / users),
  ]);
  const all = (key) => sum(sizes.map((one) => one[key]));
  const total = all('tableBytes') + all('indexBytes');
  rows.push([
    'all',
    number(all('rows')),
    bytes(all('tableBytes')),
    bytes(all('indexBytes')),
    number(total / users),
  ]);
  return table(['table', 'rows', 'table', 'indexes', 'bytes per user'], rows);
}

function purgeTable(results) {
  const rows = results.map(({ users, removed, samples, idleMs, fillSeconds }) => [
    number(users),
    ...Object.values(removed).map(number),
    ms(sum(samples.map((one) => one.ms))),
    ms(idleMs),
    number(fillSeconds),
  ]);
  return table(
    ['users', ...Object.keys(results[0].removed), 'ms', 'ms with nothing to do', 's to fill'],
    rows,
  );
}

/** What a request must not do: read a whole table, or read more as tables grow. */
export function problemsOf(statements, atMostRows) {
  return statements
    .filter(({ kind }) => kind === 'request')
    .flatMap(({ name, perSize }) => {
      const [smallest, largest] = [perSize[0], perSize.at(-1)];
      const scanned = perSize.find(({ scans, tableRows }) => scans.length > 0 && tableRows > atMostRows);
      const problems = [];
      if (scanned) problems.push(`${name}: ${scanned.scans.join(', ')} at ${number(scanned.users)} users`);
      // Removing expired rows may read more if there are more, but not more per row.
      const perRow = ({ buffers, rows }) => buffers / Math.max(1, rows);
      if (perRow(largest) > 2 * perRow(smallest) + 10) {
        problems.push(`${name}: ${number(smallest.buffers)} pages grow to ${number(largest.buffers)}`);
      }
      return problems;
    });
}

export function report(results, server) {
  const statements = statementsOf(results);
  const requests = statements.filter(({ kind }) => kind === 'request');
  const others = statements.filter(({ kind }) => kind !== 'request');
  return [
    `PostgreSQL: ${server}. One request at a time.`,
    `## Flows\n\n${flowTable(results)}`,
    `## Statements of requests\n\n${statementTable(requests, results)}`,
    `## Statements of administrators' lists and of the purge\n\n${statementTable(others, results)}`,
    `## Purge\n\n${purgeTable(results)}`,
    `## On disk, ${number(results.at(-1).users)} users\n\n${sizeTable(results.at(-1))}`,
  ].join('\n\n');
}
