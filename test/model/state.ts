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

/** How long things count, in seconds; the options of the application are made of it. */
export const LIMITS = {
  proof: 300,
  pending: 900,
  session: 43_200,
  setup: 600,
  window: 300,
} as const;

export type Proof = 'totp' | 'webauthn' | 'recovery_code';

export interface Session {
  user: UserName;
  isPending: boolean;
  /** Changes with each proof that the session gains: who has the former one has nothing. */
  token: string;
  passwordAt: number;
  /** What was proven last by each authenticator, by its name; recovery codes of all sets are one. */
  proven: Record<string, { proof: Proof; at: number }>;
  endsAt: number;
}

export interface User {
  /** The app, by the name of its secret, and the last time step of which a code was accepted. */
  totp: { secret: string; lastStep: number } | null;
  /** The names of the keys. */
  keys: string[];
  /** The set of recovery codes, and which of them are unused. */
  codes: { set: string; unused: number[] } | null;
  /** An app that waits for its first code. */
  setup: { secret: string; session: string; endsAt: number } | null;
  attempts: { count: number; since: number } | null;
}

export interface State {
  now: number;
  /** How many wrong codes a user has within {@link LIMITS.window}. */
  budget: number;
  users: Record<UserName, User>;
  sessions: Record<string, Session>;
  /** The tokens that browsers send. */
  cookies: Partial<Record<BrowserName, string>>;
  /** What was told of each user, in the order in which it happened. */
  told: Record<UserName, string[]>;
}

const newUser = (): User => ({ totp: null, keys: [], codes: null, setup: null, attempts: null });

export const initialState = (now: number, budget: number): State => ({
  now,
  budget,
  users: { ann: newUser(), bob: newUser() },
  sessions: {},
  cookies: {},
  told: { ann: [], bob: [] },
});

/** What the model says of an answer. */
export interface Outcome {
  /** The status, or that it is any refusal. */
  answer: number | 'refused';
  /** The code of a refusal, where it matters which. */
  code?: string;
  state: State;
}

export const stepOf = (now: number): number => Math.floor(now / 30);

export const hasFactor = ({ totp, keys }: User): boolean => totp !== null || keys.length > 0;

/** The living session of that token, with its name. */
export function sessionOf(state: State, token: string | undefined): [string, Session] | null {
  const found = Object.entries(state.sessions).find(([, session]) => session.token === token);
  return found && found[1].endsAt > state.now ? found : null;
}

const isFresh = (at: number, now: number): boolean => now - at <= LIMITS.proof;

/** Whether the session shows what a change of factors needs: the strongest that the user has, or a recovery code. */
export function mayChange(state: State, { user: name, isPending, passwordAt, proven }: Session): boolean {
  if (isPending) return false;
  const user = state.users[name];
  if (!hasFactor(user)) return isFresh(passwordAt, state.now);
  const strongest: Proof = user.keys.length === 0 ? 'totp' : 'webauthn';
  return Object.values(proven).some(
    ({ proof, at }) => (proof === strongest || proof === 'recovery_code') && isFresh(at, state.now),
  );
}

/** Whether a route with `@RequireMfa()` lets it pass. */
export function isVerified(state: State, { isPending, proven }: Session): boolean {
  return !isPending && Object.values(proven).some(({ at }) => isFresh(at, state.now));
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
