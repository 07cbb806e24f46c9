// What can happen. An action is bound to the moment in which it is sent: to the cookie that goes with it and the code that is typed. What
// it finds when it gets there may be another state.
import type { BrowserName, Delivered, FirstFactor, Sent, State, User, UserName } from '../state.js';
import { DELIVERED, OWNER, sessionOf, stepOf } from '../state.js';

/** Which code that was sent is typed: the newest one of this session, the one before it, one of another session, one for a set-up. */
export type SentAttempt = `${Delivered}${'' | ', before' | ', elsewhere' | ', of a set-up'}`;

/** What is proven with: a code of the app (now, the last one again, one before it, a wrong one), a recovery code (new, used), a key, a code that was sent. */
export type Attempt =
  | 'app'
  | 'app, ahead'
  | 'app, again'
  | 'wrong'
  | 'recovery code'
  | 'recovery code, used'
  | 'key'
  | SentAttempt;

/** What somebody can have, but for recovery codes. */
export type What = 'totp' | 'key' | Delivered;

/** A page without side effects. */
export type Shown = 'index' | 'authenticate' | 'enrol' | 'recovery-codes' | 'trusted-devices';

/** How something is asked for. A form is forged where no page of this session has made it. */
export type Way = 'json' | 'page' | 'forged form';

interface By {
  by: BrowserName;
  /** Default: by JSON. */
  how?: Exclude<Way, 'json'>;
}

export type Action =
  | ({ type: 'login'; first?: Exclude<FirstFactor, 'pwd'> } & By)
  | ({ type: 'sign in with a passkey' } & By)
  | ({ type: 'look' } & By)
  | ({ type: 'read'; page: Shown } & By)
  | ({ type: 'spend' } & By)
  | ({ type: 'set up an app' } & By)
  | ({ type: 'activate'; isRight: boolean } & By)
  | ({ type: 'register a key' } & By)
  | ({ type: 'set up codes'; kind: Delivered } & By)
  | ({ type: 'activate codes'; kind: Delivered; with: 'newest' | 'before' | 'of a sign-in' | 'wrong' } & By)
  | ({ type: 'send a code'; kind: Delivered } & By)
  | ({ type: 'prove'; with: Attempt; trusts: boolean } & By)
  | ({ type: 'remove'; of: UserName; what: What } & By)
  | ({ type: 'report lost'; of: UserName; what: What } & By)
  | ({ type: 'found'; of: UserName; what: What } & By)
  | ({ type: 'new codes' } & By)
  | ({ type: 'trust no browser' } & By)
  | ({ type: 'end the others' } & By)
  | ({ type: 'sign out' } & By)
  | { type: 'steal' }
  | { type: 'wait'; seconds: number }
  | { type: 'move'; of: UserName; kind: Delivered }
  | { type: 'reset'; of: UserName }
  | { type: 'end all'; of: UserName }
  | { type: 'password changed'; of: UserName }
  | { type: 'unlock'; of: UserName };

const BY_FORM = ['json', 'page', 'forged form'] as const;

/** The ways in which each can be asked for; what is no request by JSON. */
export const WAYS: Record<Action['type'], readonly Way[]> = {
  // The application's own.
  login: ['json'],
  spend: ['json'],
  // Pages that need no form.
  look: ['json', 'page'],
  'set up an app': ['json', 'page'],
  read: ['page'],
  'sign in with a passkey': BY_FORM,
  activate: BY_FORM,
  'register a key': BY_FORM,
  'set up codes': BY_FORM,
  'activate codes': BY_FORM,
  'send a code': BY_FORM,
  prove: BY_FORM,
  remove: BY_FORM,
  'report lost': BY_FORM,
  found: BY_FORM,
  'new codes': BY_FORM,
  'trust no browser': BY_FORM,
  'end the others': BY_FORM,
  'sign out': BY_FORM,
  steal: ['json'],
  wait: ['json'],
  move: ['json'],
  reset: ['json'],
  'end all': ['json'],
  'password changed': ['json'],
  unlock: ['json'],
};

export const wayOf = (action: Action): Way => ('how' in action && action.how) || 'json';

/** An action at the moment in which it is sent. */
export interface Bound {
  action: Action;
  /** Unlike that of any other: whatever comes of it is named after it. */
  name: string;
  cookie: string | undefined;
  /** The secret whose code is typed, and its time step. */
  secret: string | null;
  step: number;
  /** The recovery code that is typed: which set, and which of it. */
  code: { set: string; index: number } | null;
  /** The code that was sent and is typed, by the name of what had it sent. */
  sent: string | null;
  /** The key that answers, and the factor that it is about. */
  key: string | null;
  factor: string | null;
  /** The tokens of trust that go with it. */
  trusted: string[];
}

export const actorOf = (action: Action): BrowserName | null => ('by' in action ? action.by : null);

export function bind(state: State, action: Action, name: string): Bound {
  const by = actorOf(action);
  const user = by === null ? null : state.users[OWNER[by]];
  const bound: Bound = {
    action,
    name,
    cookie: by === null ? undefined : state.cookies[by],
    secret: null,
    step: stepOf(state.now),
    code: null,
    sent: null,
    key: user?.keys.at(-1) ?? null,
    factor: null,
    trusted: by === null ? [] : (state.trustCookies[by] ?? []),
  };
  // Whoever has seen the secret that waits can tell its code, in whichever browser.
  if (action.type === 'activate') bound.secret = user?.setup?.secret ?? null;
  if (action.type === 'activate codes') bound.sent = setUpCodeOf(state, bound, action);
  if ('what' in action) bound.factor = factorOf(state.users[action.of], action.what);
  if (action.type === 'prove' && user) bindProof(state, bound, action.with, user);
  return bound;
}

function bindProof(state: State, bound: Bound, attempt: Attempt, user: User): void {
  bound.secret = user.totp?.secret ?? null;
  if (attempt === 'app, ahead') bound.step += 1;
  if (attempt === 'app, again') bound.step = user.totp?.lastStep ?? 0;
  if (isSentAttempt(attempt)) bound.sent = sentCodeOf(state, bound, attempt);
  const { codes } = user;
  const all = Array.from({ length: 10 }, (_, index) => index);
  const [unused] = codes?.unused ?? [];
  const used = all.find((index) => !codes?.unused.includes(index));
  const index = attempt === 'recovery code' ? unused : used;
  if (codes && index !== undefined) bound.code = { set: codes.set, index };
}

export const isSentAttempt = (attempt: Attempt): attempt is SentAttempt =>
  DELIVERED.some((kind) => attempt.startsWith(kind));

/** The user's factor of that kind; of several keys the oldest. */
function factorOf({ totp, keys, delivered }: User, what: What): string | null {
  if (what === 'key') return keys[0] ?? null;
  return (what === 'totp' ? totp?.secret : delivered[what]?.name) ?? null;
}

/** Which of the codes that were ever sent; whoever reads a mailbox can type them in any browser. */
function sentCodeOf(state: State, { cookie }: Bound, attempt: SentAttempt): string | null {
  const [kind, which = 'newest'] = attempt.split(', ') as [Delivered, string?];
  const own = sessionOf(state, cookie)?.[0];
  const all = state.sent.filter((one) => one.kind === kind);
  const forProof = all.filter(({ isForSetUp }) => !isForSetUp);
  const ofSession = forProof.filter(({ session }) => session === own);
  const chosen: Record<string, Sent | undefined> = {
    newest: ofSession.at(-1),
    before: ofSession.at(-2),
    elsewhere: forProof.filter(({ session }) => session !== own).at(-1),
    'of a set-up': all.filter(({ isForSetUp }) => isForSetUp).at(-1),
  };
  return chosen[which]?.name ?? null;
}

function setUpCodeOf(
  state: State,
  { cookie }: Bound,
  { kind, with: which }: Action & { type: 'activate codes' },
): string | null {
  const own = sessionOf(state, cookie)?.[0];
  const all = state.sent.filter((one) => one.kind === kind && one.session === own);
  const forSetUp = all.filter(({ isForSetUp }) => isForSetUp);
  const chosen: Record<typeof which, Sent | undefined> = {
    newest: forSetUp.at(-1),
    before: forSetUp.at(-2),
    'of a sign-in': all.filter(({ isForSetUp }) => !isForSetUp).at(-1),
    wrong: undefined,
  };
  return chosen[which]?.name ?? null;
}
