// What this module promises, as a machine of plain values: users, what they have and have proven, and who holds which session. It knows
// nothing of how any of it is done. Moments are in seconds.

export type UserName = 'ann' | 'bob';

/**
 * Who sends requests. Ann has two browsers; `copy` holds what was stolen out of the first one at some moment; `thief` knows Ann's
 * password and nothing else of hers.
 */
export type BrowserName = 'home' | 'phone' | 'copy' | 'thief' | 'bob';

/** Whose password each of them signs in with. */
export const OWNER: Record<BrowserName, UserName> = {
  home: 'ann',
  phone: 'ann',
  copy: 'ann',
  thief: 'ann',
  bob: 'bob',
};

export const BROWSERS = Object.keys(OWNER) as BrowserName[];
export const USERS: UserName[] = ['ann', 'bob'];

/** The factors whose codes are sent. */
export type Delivered = 'email_code' | 'sms_code';

export const DELIVERED: Delivered[] = ['email_code', 'sms_code'];

/** By what the application has recognized somebody: a password, a link or a code of its own that it has sent. */
export type FirstFactor = 'pwd' | 'email' | 'sms';

/** The channel over which the codes of a factor come. */
export const CHANNEL: Record<Delivered, FirstFactor> = { email_code: 'email', sms_code: 'sms' };

/** How long things count, in seconds; the options of the application are made of it. */
export const LIMITS = {
  proof: 300,
  pending: 900,
  session: 43_200,
  setup: 600,
  window: 300,
  /** A code that was sent, and the window in which so many are. */
  code: 200,
  messages: 600,
  /** Trust in a browser. */
  trust: 100_000,
} as const;

export type Proof = 'totp' | 'webauthn' | 'recovery_code' | 'trusted_device' | Delivered;

/** A code that was sent, by the name of what had it sent. */
export interface Sent {
  name: string;
  kind: Delivered;
  user: UserName;
  session: string;
  isForSetUp: boolean;
}

/** A set-up that waits for the code that was sent. */
export interface SentSetUp {
  code: string;
  session: string;
  to: number;
  endsAt: number;
}

export interface Session {
  user: UserName;
  isPending: boolean;
  /** Changes with each proof that the session gains: who has the former one has nothing. */
  token: string;
  /** Null: a passkey signed in alone. */
  first: { method: FirstFactor; at: number } | null;
  /** What was proven last by each authenticator, by its name; recovery codes of all sets are one. What is spent opens no route with `once`. */
  proven: Record<string, { proof: Proof; at: number; isSpent?: true }>;
  endsAt: number;
  /** The code that was sent last for each factor and not typed yet. */
  challenges: Partial<Record<Delivered, { code: string; factor: string; endsAt: number }>>;
}

export interface User {
  /** The application's record: which of a user's addresses counts now. */
  addresses: Record<Delivered, number>;
  /** The factors whose codes are sent, and the addresses at which they were set up. */
  delivered: Partial<Record<Delivered, { name: string; to: number }>>;
  codeSetups: Partial<Record<Delivered, SentSetUp>>;
  /** Messages of this window; `attempts` are codes that were wrong. */
  messages: Counted | null;
  /** The app, by the name of its secret, and the last time step of which a code was accepted. */
  totp: { secret: string; lastStep: number } | null;
  /** The names of the keys. */
  keys: string[];
  /** The set of recovery codes, and which of them are unused. */
  codes: { set: string; unused: number[] } | null;
  /** The names of the factors that were reported as lost. */
  lost: string[];
  /** An app that waits for its first code. */
  setup: { secret: string; session: string; endsAt: number } | null;
  attempts: Counted | null;
}

/** How many there were in a window, and since when it is open. */
export interface Counted {
  count: number;
  since: number;
}

/** A browser that may skip the second factor. Its token changes with each use. */
export interface Trust {
  user: UserName;
  token: string;
  former: string[];
  since: number;
}

/** How many wrong codes a user has within {@link LIMITS.window}, and how many messages within {@link LIMITS.messages}. */
export interface Budget {
  attempts: number;
  messages: number;
}

export interface State {
  now: number;
  budget: Budget;
  users: Record<UserName, User>;
  sessions: Record<string, Session>;
  /** The tokens that browsers send. */
  cookies: Partial<Record<BrowserName, string>>;
  /** Trusted browsers, by name. */
  trust: Record<string, Trust>;
  /** The tokens of trust that browsers send, the newest first. */
  trustCookies: Partial<Record<BrowserName, string[]>>;
  /** The app whose set-up a browser has begun on its page, by its secret. */
  setupCookies: Partial<Record<BrowserName, string>>;
  /** All codes that were sent, in that order. */
  sent: Sent[];
  /** What was told of each user, in the order in which it happened. */
  told: Record<UserName, string[]>;
}

const newUser = (): User => ({
  addresses: { email_code: 0, sms_code: 0 },
  delivered: {},
  codeSetups: {},
  messages: null,
  totp: null,
  keys: [],
  codes: null,
  lost: [],
  setup: null,
  attempts: null,
});

export const initialState = (now: number, budget: Budget): State => ({
  now,
  budget,
  users: { ann: newUser(), bob: newUser() },
  sessions: {},
  cookies: {},
  trust: {},
  trustCookies: {},
  setupCookies: {},
  sent: [],
  told: { ann: [], bob: [] },
});

/** What the model says of an answer. */
export interface Outcome {
  /** The status, or that it is any refusal. */
  answer: number | 'refused';
  /** The code of a refusal, where it matters which. */
  code?: string;
  /** The name of the secret that is shown, where one is. */
  shows?: string;
  state: State;
}

export const stepOf = (now: number): number => Math.floor(now / 30);

/** What a user has and makes them owe a second factor, whether it works now or not. */
export const hasFactor = ({ totp, keys, delivered }: User): boolean =>
  totp !== null || keys.length > 0 || Object.keys(delivered).length > 0;

/** The factor whose codes would be taken in this session; null where there is none, or nothing is sent to who it was set up by. */
export function workingCodes(
  state: State,
  session: Session,
  kind: Delivered,
): { name: string; to: number } | null {
  const { delivered, addresses, lost } = state.users[session.user];
  const factor = delivered[kind];
  const works = factor && factor.to === addresses[kind] && !lost.includes(factor.name);
  return works && !isSameChannel(session, kind) ? factor : null;
}

/** Whether the user was recognized over the channel of these codes, which then prove nothing more. */
export const isSameChannel = ({ first }: Session, kind: Delivered): boolean =>
  first?.method === CHANNEL[kind];

/** What the user could prove in this session now. */
export function usableIn(state: State, session: Session): string[] {
  const user = state.users[session.user];
  const { totp, keys, lost, codes } = user;
  return [
    ...(totp && !lost.includes(totp.secret) ? ['totp'] : []),
    ...(keys.some((key) => !lost.includes(key)) ? ['webauthn'] : []),
    ...(hasFactor(user) && codes && codes.unused.length > 0 ? ['recovery_codes'] : []),
    ...DELIVERED.filter((kind) => workingCodes(state, session, kind) !== null),
  ].sort();
}

/** The living session of that token, with its name. */
export function sessionOf(state: State, token: string | undefined): [string, Session] | null {
  const found = Object.entries(state.sessions).find(([, session]) => session.token === token);
  return found && found[1].endsAt > state.now ? found : null;
}

const isFresh = (at: number, now: number): boolean => now - at <= LIMITS.proof;

/** Whether the session shows what a change of factors needs: the strongest that the user has, or a recovery code. */
export function mayChange(state: State, { user: name, isPending, first, proven }: Session): boolean {
  if (isPending) return false;
  const user = state.users[name];
  if (!hasFactor(user)) return first !== null && isFresh(first.at, state.now);
  const strongest: Proof[] = user.keys.length === 0 ? ['totp', ...DELIVERED] : ['webauthn'];
  return Object.values(proven).some(
    ({ proof, at, isSpent }) =>
      [...strongest, 'recovery_code'].includes(proof) && !isSpent && isFresh(at, state.now),
  );
}

/**
 * Whether a route with `@RequireMfa()` lets it pass.
 *
 * @param once whether the route wants a proof of its own
 */
export function isVerified(state: State, { isPending, proven }: Session, once = false): boolean {
  return (
    !isPending &&
    Object.values(proven).some(
      ({ proof, at, isSpent }) => proof !== 'trusted_device' && isFresh(at, state.now) && !(once && isSpent),
    )
  );
}

/** The user's browsers whose trust has not expired, the newest first. */
export function trustedOf(state: State, user: UserName): [string, Trust][] {
  return Object.entries(state.trust)
    .filter(([, trust]) => trust.user === user && trust.since + LIMITS.trust > state.now)
    .sort(([, one], [, other]) => other.since - one.since);
}

/** No browser of the user is trusted any more. Sessions that came of it go on. */
export function distrust(state: State, user: UserName): void {
  for (const [name, trust] of Object.entries(state.trust)) if (trust.user === user) delete state.trust[name];
}

/** Ends all sessions of the user but that one. */
export function endOthers(state: State, user: UserName, kept: string | null): void {
  for (const [name, session] of Object.entries(state.sessions)) {
    if (session.user === user && name !== kept) delete state.sessions[name];
  }
}

/** No session holds what this authenticator had proven. */
export function forgetProofs(state: State, user: UserName, authenticator: string): void {
  for (const session of Object.values(state.sessions)) {
    if (session.user === user) delete session.proven[authenticator];
  }
}
