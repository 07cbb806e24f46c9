import fc from 'fast-check';

import type { Action, Attempt, Shown, What } from './actions/action.js';
import { WAYS } from './actions/action.js';
import type { Turn } from './play.js';
import type { BrowserName } from './state.js';
import { BROWSERS, DELIVERED, OWNER, USERS } from './state.js';

const ATTEMPTS: Attempt[] = [
  'app',
  'app, ahead',
  'app, again',
  'wrong',
  'recovery code',
  'recovery code, used',
  'key',
];

/** Of the codes that were sent more often the one that is right. */
const SENT: Attempt[] = DELIVERED.flatMap((kind): Attempt[] => [
  kind,
  kind,
  kind,
  `${kind}, before`,
  `${kind}, elsewhere`,
  `${kind}, of a set-up`,
]);

const WHATS: What[] = ['totp', 'totp', 'key', 'key', ...DELIVERED];
const SHOWN: Shown[] = ['index', 'authenticate', 'enrol', 'recovery-codes', 'trusted-devices'];

/** Ann's own browsers have most to do. */
const by = fc.constantFrom<BrowserName[]>('home', 'home', 'home', 'phone', 'phone', ...BROWSERS);
const of = fc.constantFrom(...USERS);
const kind = <T extends string>(type: T) => fc.constant(type);

const delivered = fc.constantFrom(...DELIVERED);

const login: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: kind('login'), by }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: kind('login'),
      by,
      first: fc.constantFrom<('email' | 'sms')[]>('email', 'sms'),
    }),
  },
);
const spend = fc.record({ type: kind('spend'), by });
const proveWith = (...attempts: Attempt[]) =>
  fc.record({
    type: kind('prove'),
    by,
    with: fc.constantFrom(...attempts),
    trusts: fc.integer({ min: 0, max: 2 }).map((one) => one === 0),
  });
const prove: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: proveWith(...ATTEMPTS) },
  { weight: 1, arbitrary: proveWith(...SENT) },
);
const activate = fc.record({
  type: kind('activate'),
  by,
  isRight: fc.integer({ min: 0, max: 3 }).map((one) => one > 0),
});
/** What is about one of somebody's factors. */
const about = <T extends string>(type: T) =>
  fc.record({ type: kind(type), by, of, what: fc.constantFrom(...WHATS) });

/** What is about codes that are sent. */
const delivering: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: kind('set up codes'), by, kind: delivered }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: kind('activate codes'),
      by,
      kind: delivered,
      with: fc.constantFrom<('newest' | 'before' | 'of a sign-in' | 'wrong')[]>(
        'newest',
        'newest',
        'newest',
        'before',
        'of a sign-in',
        'wrong',
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: kind('send a code'), by, kind: delivered }) },
);

/** What a request can be. */
const requested: fc.Arbitrary<Action> = fc.oneof(
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
  { weight: 7, arbitrary: delivering },
);

/** The same request by a page, where there is one. One in twelve forms is forged. */
function byPage(one: Action, number: number): Action {
  const ways = WAYS[one.type];
  if (number === 0 && ways.includes('forged form')) return { ...one, how: 'forged form' } as Action;
  return ways.includes('page') ? ({ ...one, how: 'page' } as Action) : one;
}

const pageOf = (asked: fc.Arbitrary<Action>): fc.Arbitrary<Action> =>
  fc.tuple(asked, fc.nat(11)).map(([one, number]) => byPage(one, number));

/** By JSON or by a page. */
const eitherWay = (asked: fc.Arbitrary<Action>): fc.Arbitrary<Action> =>
  fc.oneof({ weight: 1, arbitrary: asked }, { weight: 1, arbitrary: pageOf(asked) });

const reading = fc.record({
  type: kind('read'),
  by,
  page: fc.constantFrom(...SHOWN),
  how: fc.constant('page' as const),
});

const request: fc.Arbitrary<Action> = fc.oneof(
  { weight: 30, arbitrary: eitherWay(requested) },
  { weight: 1, arbitrary: reading },
);

/** What the application does, and its administrators. */
const administration: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: kind('reset'), of }),
  fc.record({ type: kind('end all'), of }),
  fc.record({ type: kind('password changed'), of }),
  fc.record({ type: kind('unlock'), of }),
  fc.record({ type: kind('move'), of, kind: delivered }),
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

/** One after another, all by JSON or all by pages. */
const inEitherWay = (steps: fc.Arbitrary<Action[]>): fc.Arbitrary<Turn[]> =>
  fc
    .tuple(steps, fc.boolean())
    .map(([all, byPages]) => oneByOne(...(byPages ? all.map((one) => byPage(one, 1)) : all)));

/** A way to get somewhere that chance alone rarely finds. */
const enrollment = inEitherWay(
  by.map((who): Action[] => [
    { type: 'login', by: who },
    { type: 'set up an app', by: who },
    { type: 'activate', by: who, isRight: true },
    { type: 'wait', seconds: 31 },
  ]),
);

/** As many as there are steps to choose between: where they end, the first one goes on to its end. */
const picks = fc.array(fc.nat(5), { minLength: 24, maxLength: 24 });

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
      { weight: 3, arbitrary: eitherWay(prove) },
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
const guesses = inEitherWay(
  fc
    .record({ who: by, count: fc.integer({ min: 2, max: 6 }) })
    .map(({ who, count }) =>
      Array.from({ length: count }, (): Action => ({ type: 'prove', by: who, with: 'wrong', trusts: false })),
    ),
);

/** Who has proven something wants it to count twice. */
const spending = inEitherWay(
  by.map((who): Action[] => [
    { type: 'prove', by: who, with: 'app', trusts: false },
    { type: 'spend', by: who },
    { type: 'spend', by: who },
    { type: 'look', by: who },
  ]),
);

/** Somebody has a code sent and types it, or another one, and then the right one. It may be that they have moved meanwhile. */
const mailing = inEitherWay(
  fc
    .record({
      who: by,
      type: delivered,
      which: fc.constantFrom('', ', before', ', elsewhere', ', of a set-up'),
      times: fc.integer({ min: 1, max: 2 }),
      moves: fc.nat(2).map((one) => one === 0),
    })
    .map(({ who, type, which, times, moves }) => [
      ...Array.from({ length: times }, (): Action => ({ type: 'send a code', by: who, kind: type })),
      ...(moves ? [{ type: 'move', of: OWNER[who], kind: type } as const] : []),
      { type: 'prove', by: who, with: `${type}${which}` as Attempt, trusts: false },
      { type: 'prove', by: who, with: type, trusts: false },
    ]),
);

/** Ann has two codes sent in one sign-in, types the older one, and then the newer. */
const resending = inEitherWay(
  delivered.map((type): Action[] => [
    { type: 'reset', of: 'ann' },
    { type: 'login', by: 'home' },
    { type: 'set up codes', by: 'home', kind: type },
    { type: 'activate codes', by: 'home', kind: type, with: 'newest' },
    { type: 'login', by: 'phone' },
    { type: 'send a code', by: 'phone', kind: type },
    { type: 'send a code', by: 'phone', kind: type },
    { type: 'prove', by: 'phone', with: `${type}, before`, trusts: false },
    { type: 'prove', by: 'phone', with: type, trusts: false },
  ]),
);

/** Somebody has moved and sets up codes to the new address in place of those to the old one. It may be that they move back meanwhile. */
const moving = inEitherWay(
  fc
    .record({ who: by, type: delivered, isBack: fc.nat(3).map((one) => one === 0) })
    .map(({ who, type, isBack }): Action[] => [
      { type: 'move', of: OWNER[who], kind: type },
      { type: 'set up codes', by: who, kind: type },
      ...(isBack ? [{ type: 'move', of: OWNER[who], kind: type } as const] : []),
      { type: 'activate codes', by: who, kind: type, with: 'newest' },
    ]),
);

/** What one hand has begun to set up, the other one with the same session opens on the page. */
const sharing: fc.Arbitrary<Turn[]> = eitherWay(
  fc.constant<Action>({ type: 'set up an app', by: 'home' }),
).map((begun) =>
  oneByOne(
    { type: 'login', by: 'home' },
    { type: 'steal' },
    begun,
    { type: 'set up an app', by: 'copy', how: 'page' },
    { type: 'activate', by: 'home', isRight: true, how: 'page' },
  ),
);

/** What one session has begun to set up, another one of the same user finishes. */
const borrowing = inEitherWay(
  fc.record({ who: by, other: by }).map(({ who, other }): Action[] => [
    { type: 'reset', of: OWNER[who] },
    { type: 'login', by: who },
    { type: 'login', by: other },
    { type: 'set up an app', by: who },
    { type: 'activate', by: other, isRight: true },
  ]),
);

/** Somebody wants more messages than there are. */
const flood = inEitherWay(
  fc
    .record({ who: by, type: delivered, count: fc.integer({ min: 2, max: 6 }) })
    .map(({ who, type, count }) =>
      Array.from({ length: count }, (): Action => ({ type: 'send a code', by: who, kind: type })),
    ),
);

/** One session in two hands, each of which does something. */
const rivals: fc.Arbitrary<Turn> = fc
  .record({
    actions: fc.tuple(fc.oneof(eitherWay(prove), request), fc.oneof(eitherWay(prove), request)),
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

/** Ann has codes by e-mail alone. She is half signed in elsewhere, as is the thief, and each has had one sent. */
const MAILED = oneByOne(
  { type: 'login', by: 'home' },
  { type: 'set up codes', by: 'home', kind: 'email_code' },
  { type: 'activate codes', by: 'home', kind: 'email_code', with: 'newest' },
  { type: 'login', by: 'phone' },
  { type: 'send a code', by: 'phone', kind: 'email_code' },
  { type: 'login', by: 'thief' },
  { type: 'send a code', by: 'thief', kind: 'email_code' },
  { type: 'steal' },
);

/** Ann has signed in elsewhere, has moved since, and has begun to set up codes to her new address. */
const MOVED = [
  ...MAILED,
  ...oneByOne(
    { type: 'prove', by: 'phone', with: 'email_code', trusts: false },
    { type: 'move', of: 'ann', kind: 'email_code' },
    { type: 'set up codes', by: 'home', kind: 'email_code' },
  ),
];

/** Ann has an app, and codes by text message besides. She is half signed in twice, once by a link that was mailed to her. */
const TEXTED = [
  ...ENROLLED.slice(0, 4),
  ...oneByOne(
    { type: 'set up codes', by: 'home', kind: 'sms_code' },
    { type: 'activate codes', by: 'home', kind: 'sms_code', with: 'newest' },
    { type: 'set up codes', by: 'home', kind: 'email_code' },
    { type: 'activate codes', by: 'home', kind: 'email_code', with: 'newest' },
    { type: 'login', by: 'phone', first: 'email' },
    { type: 'send a code', by: 'phone', kind: 'sms_code' },
    { type: 'login', by: 'home' },
    { type: 'steal' },
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

/** Ann finds what she had lost by a key, while the other hand on her session reports that one as lost. */
const finding: fc.Arbitrary<Turn[]> = picks.map((order) => [
  ...oneByOne({ type: 'reset', of: 'ann' }),
  ...TWO_FACTORS.slice(0, 5),
  ...oneByOne(
    { type: 'report lost', by: 'home', of: 'ann', what: 'totp' },
    { type: 'prove', by: 'home', with: 'key', trusts: false },
    { type: 'steal' },
  ),
  {
    actions: [
      { type: 'found', by: 'home', of: 'ann', what: 'totp' },
      { type: 'report lost', by: 'copy', of: 'ann', what: 'key' },
    ],
    picks: order,
  },
]);

/** Ann proves her app in a session, while the other hand on it proves her key: what one has read is no longer so for the other. */
const gaining: fc.Arbitrary<Turn[]> = picks.map((order) => [
  ...oneByOne({ type: 'reset', of: 'ann' }),
  ...TWO_FACTORS.slice(0, 5),
  ...oneByOne({ type: 'login', by: 'home' }, { type: 'steal' }),
  {
    actions: [
      { type: 'prove', by: 'home', with: 'app', trusts: false },
      { type: 'prove', by: 'copy', with: 'key', trusts: false },
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
    MAILED,
    MOVED,
    TEXTED,
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
    { weight: 2, arbitrary: mailing },
    { weight: 1, arbitrary: moving },
    { weight: 1, arbitrary: resending },
    { weight: 1, arbitrary: flood },
    { weight: 1, arbitrary: borrowing },
    { weight: 1, arbitrary: sharing },
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
    { weight: 1, arbitrary: finding },
    { weight: 1, arbitrary: gaining },
    { weight: 1, arbitrary: borrowing },
    { weight: 1, arbitrary: enrollment },
    { weight: 1, arbitrary: spending },
    { weight: 2, arbitrary: mailing },
    { weight: 1, arbitrary: moving },
  ),
);

/** All that somebody can do and is granted, in this way where there is one. */
function tour(how: 'json' | 'page' | 'forged form'): Turn[] {
  const steps: Action[] = [
    { type: 'login', by: 'bob' },
    { type: 'login', by: 'home' },
    { type: 'set up an app', by: 'home' },
    { type: 'activate', by: 'home', isRight: true },
    { type: 'look', by: 'home' },
    { type: 'spend', by: 'home' },
    { type: 'wait', seconds: 31 },
    { type: 'prove', by: 'home', with: 'app', trusts: true },
    { type: 'register a key', by: 'home' },
    { type: 'new codes', by: 'home' },
    { type: 'prove', by: 'home', with: 'recovery code', trusts: false },
    { type: 'set up codes', by: 'home', kind: 'email_code' },
    { type: 'activate codes', by: 'home', kind: 'email_code', with: 'newest' },
    { type: 'set up codes', by: 'home', kind: 'sms_code' },
    { type: 'activate codes', by: 'home', kind: 'sms_code', with: 'newest' },
    { type: 'login', by: 'phone' },
    { type: 'send a code', by: 'phone', kind: 'sms_code' },
    { type: 'prove', by: 'phone', with: 'sms_code', trusts: false },
    { type: 'move', of: 'ann', kind: 'sms_code' },
    { type: 'set up codes', by: 'home', kind: 'sms_code' },
    { type: 'activate codes', by: 'home', kind: 'sms_code', with: 'newest' },
    { type: 'look', by: 'phone' },
    { type: 'login', by: 'phone', first: 'email' },
    { type: 'send a code', by: 'phone', kind: 'sms_code' },
    { type: 'prove', by: 'phone', with: 'sms_code', trusts: false },
    { type: 'prove', by: 'phone', with: 'key', trusts: true },
    { type: 'trust no browser', by: 'phone' },
    { type: 'end the others', by: 'phone' },
    { type: 'sign in with a passkey', by: 'home' },
    { type: 'report lost', by: 'home', of: 'ann', what: 'totp' },
    { type: 'found', by: 'home', of: 'ann', what: 'totp' },
    { type: 'read', by: 'home', page: 'index', how: 'page' },
    ...(['email_code', 'sms_code', 'totp', 'key'] as const).map((what): Action => ({
      type: 'remove',
      by: 'home',
      of: 'ann',
      what,
    })),
    { type: 'steal' },
    { type: 'sign out', by: 'home' },
    { type: 'move', of: 'bob', kind: 'sms_code' },
    { type: 'password changed', of: 'bob' },
    { type: 'unlock', of: 'bob' },
    { type: 'end all', of: 'bob' },
    { type: 'reset', of: 'bob' },
  ];
  return oneByOne(
    ...steps.flatMap((one): Action[] => {
      if (how === 'json' || !WAYS[one.type].includes(how)) return [one];
      const other = { ...one, how } as Action;
      return how === 'page' ? [other] : [other, one];
    }),
  );
}

/** Stories that are told each time: all that can be granted, and all forms that can be forged. */
export const TOURS: [Turn[]][] = [[tour('json')], [tour('page')], [tour('forged form')]];
