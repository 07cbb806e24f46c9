// The measurements, and whether they are as they should be.
import { summaryOf } from './answers.mjs';
import { MOST_ABANDONED, TIMEOUT_SECONDS } from './common.mjs';

const MB = 1024 * 1024;
/** By how much the heap of an application that repeats the same work may differ. */
const HEAP_FACTOR = 1.1;
const HEAP_ROOM = 3 * MB;
const ROWS_FACTOR = 1.2;
const RECOVERY_SECONDS = 10;

const whole = (value) => Math.round(value).toLocaleString('en');
const mb = (bytes) => `${(bytes / MB).toFixed(1)} MB`;
const middleOf = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const heapOf = (samples) => middleOf(samples.map(({ heapUsed }) => heapUsed));
const most = (samples, read) => Math.max(...samples.map(read));

/** The second and the last third: in the first, sessions are created and none expires yet. */
function thirdsOf(samples) {
  const third = Math.floor(samples.length / 3);
  return [samples.slice(third, 2 * third), samples.slice(-third)];
}

function ofMemory({ steady, after }) {
  const [second, last] = thirdsOf(steady).map(heapOf);
  const atEnd = heapOf(after.slice(-3));
  const fits = (heap) => heap <= second * HEAP_FACTOR + HEAP_ROOM;
  const timers = ({ resources }) => resources.Timeout ?? 0;
  const [timersBefore, timersAfter] = thirdsOf(steady).map((samples) => most(samples, timers));
  return [
    {
      what: 'heap, second and last third of the hour',
      found: `${mb(second)}, ${mb(last)}`,
      isRight: fits(last),
    },
    { what: 'heap after the outage', found: mb(atEnd), isRight: fits(atEnd) },
    {
      what: 'timers at most, second and last third',
      found: `${timersBefore}, ${timersAfter}`,
      isRight: timersAfter <= timersBefore * 1.5 + 50,
    },
  ];
}

function ofTables({ steady, tables }) {
  const [second, last] = thirdsOf(steady);
  return tables.map((table) => {
    const [before, after] = [second, last].map((samples) => most(samples, ({ rows }) => rows[table]));
    const isRight = after <= before * ROWS_FACTOR + 20;
    return { what: `rows of ${table} at most, second and last third`, found: `${before}, ${after}`, isRight };
  });
}

function ofAnswers({ answers }) {
  return [...answers.phases].flatMap(([name, phase]) => {
    const { count, p50, p99, longest, refused, withoutRetryAfter, others } = summaryOf(phase);
    const mayRefuse = name.includes('database');
    const times = `${whole(p50)}, ${whole(p99)} and ${whole(longest)} ms`;
    return [
      {
        what: `${name}: answers`,
        found: `${whole(count)}; 50 %, 99 % and all within ${times}`,
        isRight: count > 0,
      },
      {
        what: `${name}: 503, and without Retry-After`,
        found: `${whole(refused)}, ${withoutRetryAfter}`,
        isRight: withoutRetryAfter === 0 && (mayRefuse || refused === 0),
      },
      {
        what: `${name}: other than expected`,
        found: others.map(([what, times]) => `${times} × ${what}`).join('; ') || 'none',
        isRight: others.length === 0,
      },
    ];
  });
}

function ofOutage({ silent, slow, recoveredAfter, connections, floodPerSecond }) {
  // Requests that wait, those that have given up, and as many again that had just been admitted.
  const bound = connections + floodPerSecond * TIMEOUT_SECONDS + MOST_ABANDONED;
  const waiting = most(silent, (sample) => sample.waiting);
  const isBack = recoveredAfter !== null && recoveredAfter <= RECOVERY_SECONDS;
  return [
    {
      what: 'waiting for a slow database at most',
      found: whole(most(slow, (one) => one.waiting)),
      isRight: true,
    },
    { what: `waiting for a silent one at most (${bound})`, found: whole(waiting), isRight: waiting <= bound },
    {
      what: 'seconds until a sign-in works again',
      found: recoveredAfter === null ? 'never' : recoveredAfter.toFixed(1),
      isRight: isBack,
    },
  ];
}

/** @returns the number of results that aren't as they should be */
export function printReport(seen) {
  const { server, minutes, connections, idle, steady } = seen;
  const results = [...ofMemory(seen), ...ofTables(seen), ...ofAnswers(seen), ...ofOutage(seen)];
  const audit = steady.at(-1).rows.mfa_audit_entry;
  const lines = [
    `${connections} users and connections for ${minutes} minutes, six times as fast, on ${server}`,
    ...results.map(({ what, found, isRight }) => `  ${isRight ? 'ok ' : 'NOT'} ${what}: ${found}`),
    `      heap before anybody came back: ${mb(idle.heapUsed)}; entries in the audit trail after the hour: ${whole(audit)}`,
    `      longest that the event loop was busy: ${whole(most(steady, (one) => one.longestDelayMs))} ms`,
  ];
  const wrong = results.filter(({ isRight }) => !isRight).length;
  process.stdout.write(`${lines.join('\n')}\n`);
  process.stdout.write(wrong === 0 ? 'Everything as it should be.\n' : `${wrong} results are wrong.\n`);
  return wrong;
}
