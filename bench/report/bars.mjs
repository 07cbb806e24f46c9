// The project's own targets, and whether they are met. Targets that weren't measured in this run are marked as such.
import { median } from './statistics.mjs';

const OURS = 'nestjs-mfa';

/** NaN if it wasn't measured, which carries over to everything derived from it. */
const middle = (samples, key) => (samples ? median(samples.map((sample) => sample[key])) : NaN);

/** A whole sign-in: the first factor and the code. */
function signInRatio({ flows }, key) {
  const whole = (name) => middle(flows?.login?.[name], key) + middle(flows?.totp?.[name], key);
  return whole(OURS) / whole('better-auth');
}

function guardRatio({ inProcess }) {
  return middle(inProcess?.['guard, database'], 'wall') / middle(inProcess?.['one SELECT'], 'wall');
}

/** The cost of HTTP and Nest is subtracted, since the bare mechanism has neither. */
function keyRatio({ flows, inProcess }) {
  const own = middle(flows?.['key-sign-in']?.[OURS], 'cpu') - middle(flows?.open?.[OURS], 'cpu');
  const bare = ['SimpleWebAuthn verify', 'statements of a key sign-in'];
  return own / bare.reduce((sum, name) => sum + middle(inProcess?.[name], 'cpu'), 0);
}

const startUpAdded = ({ startUp }) => middle(startUp?.with, 'start') - middle(startUp?.without, 'start');
const statementsOf =
  (name) =>
  ({ statements }) =>
    statements?.[name]?.length ?? NaN;

const barsOn = (database) => [
  ['TOTP sign-in / better-auth, CPU', 0.3, (seen) => signInRatio(seen, 'cpu')],
  ['TOTP sign-in / better-auth, wall', 0.3, (seen) => signInRatio(seen, 'wall')],
  [
    database === 'sqlite' ? 'guard in process / one SELECT' : 'guard in process / one round trip',
    database === 'sqlite' ? 2 : 1.15,
    guardRatio,
  ],
  ['guard in process, claims, µs', 10, ({ inProcess }) => middle(inProcess?.['guard, claims'], 'wall')],
  ...(database === 'sqlite' ? [['key sign-in / SimpleWebAuthn and its statements', 1.25, keyRatio]] : []),
  ['statements, login with a factor owed', 3, statementsOf('login')],
  ['statements, TOTP', 5, statementsOf('totp')],
  ['statements, guard', 1, statementsOf('guarded')],
  ['start-up added, ms', 150, startUpAdded],
];

/** @returns `{ name, atMost, value, isMet }` for each bar; null values if it wasn't measured */
export function barsOf(seen, { database }) {
  return barsOn(database).map(([name, atMost, read]) => {
    const value = read(seen);
    return Number.isNaN(value)
      ? { name, atMost, value: null, isMet: null }
      : { name, atMost, value, isMet: value <= atMost };
  });
}

export function barLines(bars) {
  const lines = bars.map(({ name, atMost, value, isMet }) => {
    const verdict = isMet === null ? 'not measured' : isMet ? 'met' : 'MISSED';
    const seen = value === null ? '' : `${Number(value.toPrecision(3))} `;
    return `${verdict.padEnd(12)}  ${name}: ${seen}(at most ${atMost})`;
  });
  return ['Bars', '', ...lines].join('\n');
}
