import fc from 'fast-check';

import type { Action, Attempt } from './actions.js';
import type { Turn } from './play.js';
import type { BrowserName } from './state.js';
import { BROWSERS, USERS } from './state.js';

const ATTEMPTS: Attempt[] = [
  'app',
  'app, ahead',
  'app, again',
  'wrong',
  'recovery code',
  'recovery code, used',
  'key',
];

const by = fc.constantFrom(...BROWSERS);
const of = fc.constantFrom(...USERS);
const kind = <T extends string>(type: T) => fc.constant(type);

const login = fc.record({ type: kind('login'), by });
const spend = fc.record({ type: kind('spend'), by });
const prove = fc.record({
  type: kind('prove'),
  by,
  with: fc.constantFrom(...ATTEMPTS),
  trusts: fc.integer({ min: 0, max: 2 }).map((one) => one === 0),
});
const activate = fc.record({
  type: kind('activate'),
  by,
  isRight: fc.integer({ min: 0, max: 3 }).map((one) => one > 0),
});
/** What is about one of somebody's factors. */
const about = <T extends string>(type: T) =>
  fc.record({ type: kind(type), by, of, what: fc.constantFrom<('totp' | 'key')[]>('totp', 'key') });

/** What a request can be. */
const request: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: login },
  { weight: 8, arbitrary: prove },
  { weight: 3, arbitrary: fc.record({ type: kind('set up an app'), by }) },
  { weight: 4, arbitrary: activate },
  { weight: 2, arbitrary: fc.record({ type: kind('register a key'), by }) },
  { weight: 3, arbitrary: about('remove') },
  { weight: 2, arbitrary: about('report lost') },
  { weight: 2, arbitrary: about('found') },
  { weight: 2, arbitrary: fc.record({ type: kind('sign in with a passkey'), by }) },
  { weight: 2, arbitrary: spend },
  { weight: 1, arbitrary: fc.record({ type: kind('trust no browser'), by }) },
  { weight: 2, arbitrary: fc.record({ type: kind('new codes'), by }) },
  { weight: 2, arbitrary: fc.record({ type: kind('look'), by }) },
  { weight: 1, arbitrary: fc.record({ type: kind('end the others'), by }) },
  { weight: 1, arbitrary: fc.record({ type: kind('sign out'), by }) },
);

/** What the application does, and its administrators. */
const administration: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: kind('reset'), of }),
  fc.record({ type: kind('end all'), of }),
  fc.record({ type: kind('password changed'), of }),
  fc.record({ type: kind('unlock'), of }),
);

/** Ends of proofs, sign-ins and sessions lie between these; none is met exactly. */
const wait = fc.record({ type: kind('wait'), seconds: fc.constantFrom(31, 61, 217, 1013, 43_777) });

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 16, arbitrary: request },
  { weight: 2, arbitrary: wait },
  { weight: 1, arbitrary: administration },
  { weight: 1, arbitrary: fc.record({ type: kind('steal') }) },
);

const alone = action.map((one): Turn => ({ actions: [one], picks: [] }));

const oneByOne = (...actions: Action[]): Turn[] => actions.map((one) => ({ actions: [one], picks: [] }));

/** A way to get somewhere that chance alone rarely finds. */
const enrollment: fc.Arbitrary<Turn[]> = by.map((who) =>
  oneByOne(
    { type: 'login', by: who },
    { type: 'set up an app', by: who },
    { type: 'activate', by: who, isRight: true },
    { type: 'wait', seconds: 31 },
  ),
);

const picks = fc.array(fc.nat(5), { maxLength: 24 });

const atOnce: fc.Arbitrary<Turn> = fc.record({
  actions: fc.array(fc.oneof({ weight: 5, arbitrary: request }, { weight: 1, arbitrary: administration }), {
    minLength: 2,
    maxLength: 3,
  }),
  picks,
});

/** Two browsers of one user that do the same: what can be done once is done once. */
const duel: fc.Arbitrary<Turn> = fc
  .record({
    action: fc.oneof(
      { weight: 3, arbitrary: prove },
      { weight: 1, arbitrary: login },
      { weight: 1, arbitrary: spend },
      { weight: 1, arbitrary: request },
    ),
    others: fc.constantFrom<BrowserName[][]>(['home', 'phone'], ['phone', 'thief'], ['home', 'copy']),
    picks,
  })
  .map(({ action: one, others, picks: order }) => ({
    actions: others.map((who): Action => ({ ...one, by: who }) as Action),
    picks: order,
  }));

/** Somebody who guesses. */
const guesses: fc.Arbitrary<Turn[]> = fc
  .record({ who: by, count: fc.integer({ min: 2, max: 6 }) })
  .map(({ who, count }) =>
    oneByOne(
      ...Array.from({ length: count }, (): Action => ({
        type: 'prove',
        by: who,
        with: 'wrong',
        trusts: false,
      })),
    ),
  );

/** Who has proven something wants it to count twice. */
const spending: fc.Arbitrary<Turn[]> = by.map((who) =>
  oneByOne(
    { type: 'prove', by: who, with: 'app', trusts: false },
    { type: 'spend', by: who },
    { type: 'spend', by: who },
    { type: 'look', by: who },
  ),
);

/** One session in two hands, each of which does something. */
const rivals: fc.Arbitrary<Turn> = fc
  .record({
    actions: fc.tuple(fc.oneof(prove, request), fc.oneof(prove, request)),
    picks,
  })
  .map(({ actions: [first, second], picks: order }) => ({
    actions: [{ ...first, by: 'home' } as Action, { ...second, by: 'copy' } as Action],
    picks: order,
  }));

/** Ann has an app, and is half signed in elsewhere; so is the thief. Her session is in two hands. */
const ENROLLED = oneByOne(
  { type: 'login', by: 'home' },
  { type: 'set up an app', by: 'home' },
  { type: 'activate', by: 'home', isRight: true },
  { type: 'wait', seconds: 31 },
  { type: 'login', by: 'phone' },
  { type: 'login', by: 'thief' },
  { type: 'steal' },
);

/** Ann has an app and a key, and has proven the key in two browsers. */
const TWO_FACTORS = [
  ...ENROLLED.slice(0, 4),
  ...oneByOne(
    { type: 'register a key', by: 'home' },
    { type: 'login', by: 'phone' },
    { type: 'prove', by: 'phone', with: 'key', trusts: false },
  ),
];

/** Ann's first browser was robbed before she had anything but a password. */
const ROBBED = oneByOne(
  { type: 'login', by: 'home' },
  { type: 'steal' },
  { type: 'set up an app', by: 'home' },
  { type: 'login', by: 'thief' },
);

/** Ann trusts her first browser, which was robbed of everything after that: its trust is in two hands. */
const TRUSTED = [
  ...ENROLLED.slice(0, 4),
  ...oneByOne(
    { type: 'login', by: 'home' },
    { type: 'prove', by: 'home', with: 'app', trusts: true },
    { type: 'steal' },
    { type: 'wait', seconds: 31 },
  ),
];

/** One of the hands has used it. */
const TRUSTING = [...TRUSTED, ...oneByOne({ type: 'login', by: 'home' })];

/** Ann has lost her app and has said so, with half a sign-in; the key in her first browser is what she has left. */
const LOST = [
  ...TWO_FACTORS.slice(0, 5),
  ...oneByOne(
    { type: 'login', by: 'phone' },
    { type: 'report lost', by: 'phone', of: 'ann', what: 'totp' },
    { type: 'login', by: 'home' },
  ),
];

/** Both hands use it at once. */
const trustTwice: fc.Arbitrary<Turn[]> = picks.map((order) => [
  ...TRUSTED,
  {
    actions: [
      { type: 'login', by: 'home' },
      { type: 'login', by: 'copy' },
    ],
    picks: order,
  },
]);

function story(turn: fc.Arbitrary<Turn[]>): fc.Arbitrary<Turn[]> {
  const beginning = fc.constantFrom<Turn[][]>(
    [],
    ENROLLED,
    ENROLLED,
    TWO_FACTORS,
    TWO_FACTORS,
    ROBBED,
    TRUSTED,
    TRUSTING,
    LOST,
  );
  const turns = fc.array(turn, { minLength: 4, maxLength: 20 });
  return fc.tuple(beginning, turns).map(([first, others]) => [...first, ...others.flat()]);
}

/** One thing after another. */
export const inTurn: fc.Arbitrary<Turn[]> = story(
  fc.oneof(
    { weight: 8, arbitrary: alone.map((one) => [one]) },
    { weight: 1, arbitrary: enrollment },
    { weight: 1, arbitrary: spending },
    { weight: 1, arbitrary: guesses },
  ),
);

/** The same, with two or three at once in between. */
export const withRaces: fc.Arbitrary<Turn[]> = story(
  fc.oneof(
    { weight: 4, arbitrary: alone.map((one) => [one]) },
    { weight: 3, arbitrary: atOnce.map((one) => [one]) },
    { weight: 3, arbitrary: duel.map((one) => [one]) },
    { weight: 2, arbitrary: rivals.map((one) => [one]) },
    { weight: 1, arbitrary: trustTwice },
    { weight: 1, arbitrary: enrollment },
    { weight: 1, arbitrary: spending },
  ),
);
