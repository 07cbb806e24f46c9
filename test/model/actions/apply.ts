// What can happen, each with what must come of it. An action is bound to the moment in which it is sent: to the cookie that goes with it and
// the code that is typed. What it finds when it gets there may be another state.
import type { BrowserName, Outcome, Proof, Session, State, Trust, User, UserName } from './state.js';
import {
  LIMITS,
  OWNER,
  distrust,
  endOthers,
  forgetProofs,
  hasFactor,
  isVerified,
  mayChange,
  sessionOf,
  stepOf,
  trustedOf,
} from './state.js';

/** What is proven with: a code of the app (now, the last one again, one before it, a wrong one), a recovery code (new, used), a key. */
export type Attempt =
  'app' | 'app, ahead' | 'app, again' | 'wrong' | 'recovery code' | 'recovery code, used' | 'key';

export type Action =
  | { type: 'login'; by: BrowserName }
  | { type: 'sign in with a passkey'; by: BrowserName }
  | { type: 'look'; by: BrowserName }
  | { type: 'spend'; by: BrowserName }
  | { type: 'set up an app'; by: BrowserName }
  | { type: 'activate'; by: BrowserName; isRight: boolean }
  | { type: 'register a key'; by: BrowserName }
  | { type: 'prove'; by: BrowserName; with: Attempt; trusts: boolean }
  | { type: 'remove'; by: BrowserName; of: UserName; what: 'totp' | 'key' }
  | { type: 'report lost'; by: BrowserName; of: UserName; what: 'totp' | 'key' }
  | { type: 'found'; by: BrowserName; of: UserName; what: 'totp' | 'key' }
  | { type: 'new codes'; by: BrowserName }
  | { type: 'trust no browser'; by: BrowserName }
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
    key: user?.keys.at(-1) ?? null,
    factor: null,
    trusted: by === null ? [] : (state.trustCookies[by] ?? []),
  };
  // Whoever has seen the secret that waits can tell its code, in whichever browser.
  if (action.type === 'activate') bound.secret = user?.setup?.secret ?? null;
  if ('what' in action) {
    const { totp, keys } = state.users[action.of];
    bound.factor = (action.what === 'key' ? keys[0] : totp?.secret) ?? null;
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
      return logIn(state, bound, action.by, true);
    case 'look': {
      const session = sessionOf(state, bound.cookie)?.[1];
      return session && isVerified(state, session) ? ok(state) : refused(state);
    }
    case 'sign in with a passkey':
      return signInWithPasskey(state, bound, action.by);
    case 'spend':
      return spend(state, bound);
    case 'set up an app':
      return setUp(state, bound);
    case 'activate':
      return activate(state, bound, action);
    case 'register a key':
      return registerKey(state, bound, action.by);
    case 'prove':
      return prove(state, bound, action);
    case 'remove':
      return remove(state, bound);
    case 'report lost':
      return reportLost(state, bound);
    case 'found':
      return found(state, bound);
    case 'new codes':
      return newCodes(state, bound);
    case 'trust no browser': {
      const own = changing(state, bound);
      if (!own) return refused(state);
      distrust(state, own[1].user);
      return ok(state, 204);
    }
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
      state.trustCookies.copy = state.trustCookies.home;
      return ok(state);
    case 'wait':
      state.now += action.seconds;
      return ok(state);
    case 'reset': {
      const user = state.users[action.of];
      Object.assign(user, { totp: null, keys: [], codes: null, lost: [], setup: null, attempts: null });
      endOthers(state, action.of, null);
      distrust(state, action.of);
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
      distrust(state, action.of);
      return ok(state);
    case 'unlock':
      state.users[action.of].attempts = null;
      state.told[action.of].push('mfa.admin.unlocked');
      return ok(state);
  }
}

/**
 * What may be left of an action to which another one at the same time put an end: nothing, but for the session that a sign-in ends
 * first, and the trust that it has found in two hands.
 */
export function giveWay(before: State, bound: Bound): State[] {
  const { action, cookie } = bound;
  if (action.type !== 'login' && action.type !== 'sign in with a passkey') return [before];
  const former = sessionOf(before, cookie);
  const without = structuredClone(before);
  if (former) delete without.sessions[former[0]];
  const wary = structuredClone(without);
  if (action.type === 'login') endReusedTrust(wary, bound, OWNER[action.by]);
  return [before, without, wary];
}

/**
 * What else may come of an action beside others. Trust that something ends meanwhile spares a sign-in nothing, whenever that ends it. And
 * who signs out ends their session, also when it has got another token meanwhile: it is not to go on behind their back.
 *
 * @param begun the state in which they were all sent
 */
export function beside(before: State, bound: Bound, begun: State): Outcome[] {
  const { action, trusted, cookie } = bound;
  if (action.type === 'login' && trusted.length > 0)
    return [logIn(structuredClone(before), bound, action.by, false)];
  const session = action.type === 'sign out' && before.sessions[sessionOf(begun, cookie)?.[0] ?? ''];
  return session ? [signOut(structuredClone(before), { ...bound, cookie: session.token }, action.by)] : [];
}

/** The password is right. The session that the browser had is over, whoever's it was. */
function logIn(state: State, bound: Bound, by: BrowserName, usesTrust: boolean): Outcome {
  const user = OWNER[by];
  const session = begin(state, bound, by, { isPending: hasFactor(state.users[user]), passwordAt: state.now });
  if (!session.isPending) return ok(state);
  endReusedTrust(state, bound, user);
  const trusted = trustedOf(state, user).find(([, { token }]) => bound.trusted.includes(token));
  if (trusted && usesTrust) useTrust(state, session, trusted, bound, by);
  return ok(state);
}

/** A key that has verified its user signs in without a password, whatever it was registered for. */
function signInWithPasskey(state: State, bound: Bound, by: BrowserName): Outcome {
  const { key } = bound;
  const user = state.users[OWNER[by]];
  if (key === null || !user.keys.includes(key) || user.lost.includes(key)) return refused(state);
  const session = begin(state, bound, by, { isPending: false, passwordAt: null });
  session.proven[key] = { proof: 'webauthn', at: state.now };
  return ok(state);
}

function begin(
  state: State,
  { name, cookie }: Bound,
  by: BrowserName,
  { isPending, passwordAt }: Pick<Session, 'isPending' | 'passwordAt'>,
): Session {
  const former = sessionOf(state, cookie);
  if (former) delete state.sessions[former[0]];
  const session: Session = {
    user: OWNER[by],
    isPending,
    token: name,
    passwordAt,
    proven: {},
    endsAt: state.now + (isPending ? LIMITS.pending : LIMITS.session),
  };
  state.sessions[name] = session;
  state.cookies[by] = name;
  return session;
}

/** What a session shows of the trusted browser that it began in. */
const trustProof = (name: string): string => `trust ${name}`;

/** A token that was replaced is in two hands: the trust ends, and every session that came of it. Who sends a sign-in twice is forgiven. */
function endReusedTrust(state: State, { trusted }: Bound, user: UserName): void {
  for (const [name, { former, usedAt }] of trustedOf(state, user)) {
    const isReused = former.some((token) => trusted.includes(token)) && state.now - usedAt > LIMITS.resent;
    if (!isReused) continue;
    delete state.trust[name];
    for (const [other, session] of Object.entries(state.sessions))
      if (trustProof(name) in session.proven) delete state.sessions[other];
  }
}

/** The sign-in skips its second factor, and the browser's token is another one from then on. */
function useTrust(
  state: State,
  session: Session,
  [name, trust]: [string, Trust],
  bound: Bound,
  by: BrowserName,
): void {
  state.trustCookies[by] = [bound.name, ...bound.trusted.filter((token) => token !== trust.token)];
  trust.former.push(trust.token);
  trust.token = bound.name;
  trust.usedAt = state.now;
  session.isPending = false;
  session.endsAt = state.now + LIMITS.session;
  session.proven[trustProof(name)] = { proof: 'trusted_device', at: state.now };
  state.told[session.user].push('mfa.trusted_device.used');
}

/** Whether this browser can be trusted anew: of two that began at once nobody could say which is the newer one. */
export function mayTrust(state: State, by: BrowserName): boolean {
  const tokens = state.trustCookies[by] ?? [];
  return !Object.values(state.trust).some(
    ({ token, since }) => tokens.includes(token) && since === state.now,
  );
}

function spend(state: State, { cookie }: Bound): Outcome {
  const session = sessionOf(state, cookie)?.[1];
  if (!session || !isVerified(state, session, true)) return refused(state);
  for (const proven of Object.values(session.proven)) proven.isSpent = true;
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

/**
 * With the first factor come recovery codes, and the user's other sessions, which have shown the password alone, are over. With each no
 * browser is trusted any more.
 */
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
  distrust(state, session.user);
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

function prove(
  state: State,
  bound: Bound,
  { by, with: attempt, trusts }: Action & { type: 'prove' },
): Outcome {
  const found = sessionOf(state, bound.cookie);
  const user = found && state.users[found[1].user];
  if (!user || !hasFactor(user)) return refused(state);
  const [, session] = found;
  if (attempt === 'key') {
    if (bound.key === null || !user.keys.includes(bound.key) || user.lost.includes(bound.key))
      return refused(state);
    if (!hasRoom(state, session.user)) return refused(state, 'too_many_attempts');
    complete(state, session, bound, by, { proof: 'webauthn', of: bound.key });
    if (trusts) trust(state, session, bound, by);
    return ok(state);
  }
  if (!hasRoom(state, session.user)) return refused(state, 'too_many_attempts');
  const isCode = attempt === 'recovery code' || attempt === 'recovery code, used';
  // What was lost verifies nothing, right or wrong: that is no attempt.
  if (!isCode && user.totp && user.lost.includes(user.totp.secret))
    return refused(state, 'authenticator_locked');
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
  else if (trusts) trust(state, session, bound, by);
  return ok(state);
}

function trust(state: State, { user }: Session, { name, trusted }: Bound, by: BrowserName): void {
  state.trust[name] = { user, token: name, former: [], since: state.now, usedAt: -Infinity };
  state.trustCookies[by] = [name, ...trusted];
  state.told[user].push('mfa.trusted_device.added');
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

/** The user's own factor of that kind that an action is about, as it was when it was sent; null: it is not there, or somebody else's. */
function ownFactor(user: User | null, { action, factor }: Bound): string | null {
  if (!user || factor === null || !('what' in action)) return null;
  const own = action.what === 'key' ? user.keys : user.totp && [user.totp.secret];
  return own?.includes(factor) ? factor : null;
}

/** What a factor had proven goes with it; the last one takes the recovery codes along. The user's other sessions are over. */
function remove(state: State, bound: Bound): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  const factor = ownFactor(user, bound);
  if (!user || factor === null) return refused(state);
  const name = found[1].user;
  user.keys = user.keys.filter((key) => key !== factor);
  if (user.totp?.secret === factor) user.totp = null;
  user.lost = user.lost.filter((one) => one !== factor);
  forgetProofs(state, name, factor);
  if (!hasFactor(user)) {
    user.codes = null;
    forgetProofs(state, name, RECOVERY_CODES);
  }
  endOthers(state, name, found[0]);
  distrust(state, name);
  state.told[name].push('mfa.authenticator.removed');
  return ok(state, 204);
}

/** Half a sign-in is enough. What was reported stays as it is when it is reported again. */
function reportLost(state: State, bound: Bound): Outcome {
  const found = sessionOf(state, bound.cookie);
  const user = found && state.users[found[1].user];
  const factor = ownFactor(user, bound);
  if (!user || factor === null) return refused(state);
  if (user.lost.includes(factor)) return ok(state);
  const name = found[1].user;
  user.lost.push(factor);
  forgetProofs(state, name, factor);
  endOthers(state, name, found[0]);
  distrust(state, name);
  state.told[name].push('mfa.authenticator.suspended');
  return ok(state);
}

/** It takes a proof of another factor, which what was lost can't give. */
function found(state: State, bound: Bound): Outcome {
  const own = changing(state, bound);
  const user = own && state.users[own[1].user];
  const factor = ownFactor(user, bound);
  if (!user || factor === null) return refused(state);
  if (!user.lost.includes(factor)) return ok(state);
  user.lost = user.lost.filter((one) => one !== factor);
  state.told[own[1].user].push('mfa.authenticator.resumed');
  return ok(state);
}

function newCodes(state: State, bound: Bound): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || !hasFactor(user)) return refused(state);
  user.codes = { set: bound.name, unused: Array.from({ length: 10 }, (_, index) => index) };
  distrust(state, found[1].user);
  state.told[found[1].user].push('mfa.recovery_codes.regenerated');
  return ok(state, 201);
}
