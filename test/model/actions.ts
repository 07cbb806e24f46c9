// What can happen, each with what must come of it. An action is bound to the moment in which it is sent: to the cookie that goes with it and
// the code that is typed. What it finds when it gets there may be another state.
import type { BrowserName, Outcome, Proof, Session, State, UserName } from './state.js';
import {
  LIMITS,
  OWNER,
  endOthers,
  forgetProofs,
  hasFactor,
  isVerified,
  mayChange,
  sessionOf,
  stepOf,
} from './state.js';

/** What is proven with: a code of the app (now, the last one again, one before it, a wrong one), a recovery code (new, used), a key. */
export type Attempt =
  'app' | 'app, ahead' | 'app, again' | 'wrong' | 'recovery code' | 'recovery code, used' | 'key';

export type Action =
  | { type: 'login'; by: BrowserName }
  | { type: 'look'; by: BrowserName }
  | { type: 'set up an app'; by: BrowserName }
  | { type: 'activate'; by: BrowserName; isRight: boolean }
  | { type: 'register a key'; by: BrowserName }
  | { type: 'prove'; by: BrowserName; with: Attempt }
  | { type: 'remove'; by: BrowserName; of: UserName; what: 'totp' | 'key' }
  | { type: 'new codes'; by: BrowserName }
  | { type: 'end the others'; by: BrowserName }
  | { type: 'sign out'; by: BrowserName }
  | { type: 'steal' }
  | { type: 'wait'; seconds: number }
  | { type: 'reset'; of: UserName }
  | { type: 'end all'; of: UserName }
  | { type: 'password changed'; of: UserName }
  | { type: 'unlock'; of: UserName };

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
  /** The key that answers, and the factor that is to be removed. */
  key: string | null;
  removed: string | null;
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
    key: user?.keys.at(-1) ?? null,
    removed: null,
  };
  // Whoever has seen the secret that waits can tell its code, in whichever browser.
  if (action.type === 'activate') bound.secret = user?.setup?.secret ?? null;
  if (action.type === 'remove') {
    const { totp, keys } = state.users[action.of];
    bound.removed = (action.what === 'key' ? keys[0] : totp?.secret) ?? null;
  }
  if (action.type === 'prove' && user) {
    bound.secret = user.totp?.secret ?? null;
    if (action.with === 'app, ahead') bound.step += 1;
    if (action.with === 'app, again') bound.step = user.totp?.lastStep ?? 0;
    const { codes } = user;
    const all = Array.from({ length: 10 }, (_, index) => index);
    const [unused] = codes?.unused ?? [];
    const used = all.find((index) => !codes?.unused.includes(index));
    const index = action.with === 'recovery code' ? unused : used;
    if (codes && index !== undefined) bound.code = { set: codes.set, index };
  }
  return bound;
}

/** Whose proofs outlive a new set: nobody has lost the codes, and the new set may have been made by one. */
const RECOVERY_CODES = 'recovery codes';

const ok = (state: State, answer = 200): Outcome => ({ answer, state });
const refused = (state: State, code?: string): Outcome => ({
  answer: 'refused',
  state,
  ...(code === undefined ? {} : { code }),
});

/** What must come of an action that finds this state; the state that is given stays as it is. */
export function apply(before: State, bound: Bound): Outcome {
  const state = structuredClone(before);
  const { action } = bound;
  switch (action.type) {
    case 'login':
      return logIn(state, bound, action.by);
    case 'look': {
      const session = sessionOf(state, bound.cookie)?.[1];
      return session && isVerified(state, session) ? ok(state) : refused(state);
    }
    case 'set up an app':
      return setUp(state, bound);
    case 'activate':
      return activate(state, bound, action);
    case 'register a key':
      return registerKey(state, bound, action.by);
    case 'prove':
      return prove(state, bound, action);
    case 'remove':
      return remove(state, bound, action);
    case 'new codes':
      return newCodes(state, bound);
    case 'end the others': {
      const found = changing(state, bound);
      if (!found) return refused(state);
      endOthers(state, found[1].user, found[0]);
      return ok(state, 204);
    }
    case 'sign out':
      return signOut(state, bound, action.by);
    case 'steal':
      state.cookies.copy = state.cookies.home;
      return ok(state);
    case 'wait':
      state.now += action.seconds;
      return ok(state);
    case 'reset': {
      const user = state.users[action.of];
      Object.assign(user, { totp: null, keys: [], codes: null, setup: null, attempts: null });
      endOthers(state, action.of, null);
      state.told[action.of].push('mfa.admin.reset');
      return ok(state);
    }
    case 'end all':
      endOthers(state, action.of, null);
      return ok(state);
    case 'password changed':
      for (const [name, { user, isPending }] of Object.entries(state.sessions)) {
        if (user === action.of && isPending) delete state.sessions[name];
      }
      return ok(state);
    case 'unlock':
      state.users[action.of].attempts = null;
      state.told[action.of].push('mfa.admin.unlocked');
      return ok(state);
  }
}

/** What may be left of an action to which another one at the same time put an end: nothing, but for the session that a sign-in ends first. */
export function giveWay(before: State, { action, cookie }: Bound): State[] {
  const former = action.type === 'login' ? sessionOf(before, cookie) : null;
  if (!former) return [before];
  const without = structuredClone(before);
  delete without.sessions[former[0]];
  return [before, without];
}

/** The password is right. The session that the browser had is over, whoever's it was. */
function logIn(state: State, { name, cookie }: Bound, by: BrowserName): Outcome {
  const former = sessionOf(state, cookie);
  if (former) delete state.sessions[former[0]];
  const isPending = hasFactor(state.users[OWNER[by]]);
  state.sessions[name] = {
    user: OWNER[by],
    isPending,
    token: name,
    passwordAt: state.now,
    proven: {},
    endsAt: state.now + (isPending ? LIMITS.pending : LIMITS.session),
  };
  state.cookies[by] = name;
  return ok(state);
}

function signOut(state: State, { cookie }: Bound, by: BrowserName): Outcome {
  const found = sessionOf(state, cookie);
  if (!found) return refused(state);
  delete state.sessions[found[0]];
  delete state.cookies[by];
  return ok(state, 204);
}

/** The session of the request, where it shows what a change of factors needs. */
function changing(state: State, { cookie }: Bound): [string, Session] | null {
  const found = sessionOf(state, cookie);
  return found && mayChange(state, found[1]) ? found : null;
}

function setUp(state: State, bound: Bound): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || user.totp) return refused(state);
  user.setup = { secret: bound.name, session: found[0], endsAt: state.now + LIMITS.setup };
  return ok(state, 201);
}

function activate(state: State, bound: Bound, { by, isRight }: Action & { type: 'activate' }): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  const setup = user?.setup;
  if (!user || !setup || setup.session !== found[0] || setup.endsAt <= state.now || user.totp)
    return refused(state);
  if (!hasRoom(state, found[1].user)) return refused(state, 'too_many_attempts');
  if (!isRight || setup.secret !== bound.secret) {
    countAttempt(state, found[1].user);
    return refused(state, 'incorrect_code');
  }
  user.totp = { secret: setup.secret, lastStep: bound.step };
  user.setup = null;
  added(state, found, bound, by, { proof: 'totp', of: setup.secret });
  return ok(state, 201);
}

function registerKey(state: State, bound: Bound, by: BrowserName): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user) return refused(state);
  // A ceremony that fails costs an attempt, so none begins without one.
  if (!hasRoom(state, found[1].user)) return refused(state, 'too_many_attempts');
  user.keys.push(bound.name);
  added(state, found, bound, by, { proof: 'webauthn', of: bound.name });
  return ok(state, 201);
}

/** With the first factor come recovery codes, and the user's other sessions, which have shown the password alone, are over. */
function added(
  state: State,
  [name, session]: [string, Session],
  bound: Bound,
  by: BrowserName,
  proven: Proven,
): void {
  const user = state.users[session.user];
  if (!user.codes) {
    user.codes = { set: bound.name, unused: Array.from({ length: 10 }, (_, index) => index) };
    endOthers(state, session.user, name);
  }
  gain(state, session, bound, by, proven);
  state.told[session.user].push('mfa.authenticator.added');
}

/** What is proven, and by which authenticator. */
interface Proven {
  proof: Proof;
  of: string;
}

/** The session gains a proof, and its token is another one from then on. */
function gain(state: State, session: Session, { name }: Bound, by: BrowserName, { proof, of }: Proven): void {
  session.proven[of] = { proof, at: state.now };
  session.token = name;
  state.cookies[by] = name;
}

function prove(state: State, bound: Bound, { by, with: attempt }: Action & { type: 'prove' }): Outcome {
  const found = sessionOf(state, bound.cookie);
  const user = found && state.users[found[1].user];
  if (!user || !hasFactor(user)) return refused(state);
  const [, session] = found;
  if (attempt === 'key') {
    if (bound.key === null || !user.keys.includes(bound.key)) return refused(state);
    if (!hasRoom(state, session.user)) return refused(state, 'too_many_attempts');
    complete(state, session, bound, by, { proof: 'webauthn', of: bound.key });
    return ok(state);
  }
  if (!hasRoom(state, session.user)) return refused(state, 'too_many_attempts');
  const isCode = attempt === 'recovery code' || attempt === 'recovery code, used';
  const isRight = isCode
    ? useCode(state, session.user, bound)
    : attempt !== 'wrong' && useStep(state, session.user, bound);
  if (!isRight) {
    countAttempt(state, session.user);
    return refused(state, 'incorrect_code');
  }
  const proven: Proven = isCode
    ? { proof: 'recovery_code', of: RECOVERY_CODES }
    : { proof: 'totp', of: user.totp?.secret ?? '' };
  complete(state, session, bound, by, proven);
  if (isCode) state.told[session.user].push('mfa.recovery_code.used');
  return ok(state);
}

/** A code counts once, and neither does one of a time step before it. */
function useStep(state: State, name: UserName, { secret, step }: Bound): boolean {
  const { totp } = state.users[name];
  const isRight =
    totp !== null &&
    totp.secret === secret &&
    step > totp.lastStep &&
    Math.abs(step - stepOf(state.now)) <= 1;
  if (isRight) totp.lastStep = step;
  return isRight;
}

function useCode(state: State, name: UserName, { code }: Bound): boolean {
  const { codes } = state.users[name];
  if (!codes || code?.set !== codes.set || !codes.unused.includes(code.index)) return false;
  codes.unused = codes.unused.filter((index) => index !== code.index);
  return true;
}

function complete(state: State, session: Session, bound: Bound, by: BrowserName, proven: Proven): void {
  if (session.isPending) {
    session.isPending = false;
    session.endsAt = state.now + LIMITS.session;
  }
  gain(state, session, bound, by, proven);
}

/** One budget for all that a user tries; right codes cost nothing. */
function hasRoom({ users, now, budget }: State, name: UserName): boolean {
  const { attempts } = users[name];
  return !attempts || now - attempts.since >= LIMITS.window || attempts.count < budget;
}

function countAttempt({ users, now }: State, name: UserName): void {
  const user = users[name];
  const isOver = !user.attempts || now - user.attempts.since >= LIMITS.window;
  user.attempts = isOver
    ? { count: 1, since: now }
    : { count: (user.attempts?.count ?? 0) + 1, since: user.attempts?.since ?? now };
}

/** What a factor had proven goes with it; the last one takes the recovery codes along. The user's other sessions are over. */
function remove(state: State, bound: Bound, { what }: Action & { type: 'remove' }): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  const own = what === 'key' ? user?.keys : user?.totp && [user.totp.secret];
  if (!user || bound.removed === null || !own?.includes(bound.removed)) return refused(state);
  const name = found[1].user;
  if (what === 'key') user.keys = user.keys.filter((key) => key !== bound.removed);
  else user.totp = null;
  forgetProofs(state, name, bound.removed);
  if (!hasFactor(user)) {
    user.codes = null;
    forgetProofs(state, name, RECOVERY_CODES);
  }
  endOthers(state, name, found[0]);
  state.told[name].push('mfa.authenticator.removed');
  return ok(state, 204);
}

function newCodes(state: State, bound: Bound): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || !hasFactor(user)) return refused(state);
  user.codes = { set: bound.name, unused: Array.from({ length: 10 }, (_, index) => index) };
  state.told[found[1].user].push('mfa.recovery_codes.regenerated');
  return ok(state, 201);
}
