// The results as text tables.
import { median, ratioOf, summaryOf } from './statistics.mjs';

const OURS = 'nestjs-mfa';

const whole = (value) => Math.round(value).toLocaleString('en');
const short = (value) => (value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : whole(value));
const withSpread = ({ median: middle, spread }) => `${short(middle)} ± ${short(spread)}`;
const of = (samples, key) => samples.map((sample) => sample[key]);

/** Columns are as wide as their widest cell; the first is text, the others are numbers. */
function table(title, head, rows) {
  const lines = [head, ...rows].map((line) => line.map(String));
  const widths = head.map((_, index) => Math.max(...lines.map((line) => line[index].length)));
  const text = (line) =>
    line
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index]) : cell.padStart(widths[index])))
      .join('  ');
  const [first, ...others] = lines.map(text);
  return [title, '', first, widths.map((width) => '-'.repeat(width)).join('  '), ...others].join('\n');
}

function flowTable(flows) {
  const rows = Object.entries(flows).flatMap(([name, contenders]) =>
    Object.entries(contenders).map(([contender, samples]) => {
      const ratio = (key) =>
        contender === OURS ? '' : ratioOf(of(contenders[OURS], key), of(samples, key)).toFixed(2);
      const cells = ['cpu', 'wall'].map((key) => withSpread(summaryOf(of(samples, key))));
      return [`${name}: ${contender}`, ...cells, ratio('cpu'), ratio('wall')];
    }),
  );
  const head = ['flow', 'CPU µs', 'wall µs', 'ours/peer CPU', 'ours/peer wall'];
  return table('One request over HTTP: median of the rounds ± interquartile range', head, rows);
}

function statementTable(statements) {
  const rows = Object.entries(statements).map(([name, sent]) => [name, sent.length]);
  return table(`Statements of ${OURS}`, ['flow', 'statements'], rows);
}

function loadTable(load, rate) {
  const rows = Object.entries(load).map(([name, samples]) => [
    name,
    ...['p50', 'p95', 'p99'].map((key) => median(of(samples, key)).toFixed(2)),
    ...['perSecond', 'perCpuSecond'].map((key) => whole(median(of(samples, key)))),
  ]);
  const head = ['guarded route', 'p50 ms', 'p95 ms', 'p99 ms', 'most in a second', 'in a second of CPU'];
  return table(`Under load: answers at ${rate} requests a second, and as many as there can be`, head, rows);
}

function inProcessTable(costs) {
  const rows = Object.entries(costs).map(([name, samples]) => [
    name,
    ...['cpu', 'wall'].map((key) => withSpread(summaryOf(of(samples, key)))),
  ]);
  return table('In process: one of each', ['', 'CPU µs', 'wall µs'], rows);
}

function startUpTable(starts) {
  const keys = ['load', 'start'];
  const rows = ['without', 'with'].map((name) => [
    `${name} the library`,
    ...keys.map((key) => withSpread(summaryOf(of(starts[name], key)))),
  ]);
  const added = keys.map((key) => short(median(of(starts.with, key)) - median(of(starts.without, key))));
  return table('Start-up', ['', 'load modules ms', 'create and init ms'], [...rows, ['added', ...added]]);
}

export function tablesOf({ flows = {}, statements, load, inProcess, startUp }, { rate }) {
  return [
    Object.keys(flows).length > 0 && flowTable(flows),
    statements && statementTable(statements),
    load && loadTable(load, rate),
    inProcess && inProcessTable(inProcess),
    startUp && startUpTable(startUp),
  ]
    .filter(Boolean)
    .join('\n\n');
}
