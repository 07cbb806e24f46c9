import type { BrowserName, Delivered, Outcome, Session, State, User } from '../state.js';
import {
  DELIVERED,
  LIMITS,
  distrust,
  endOthers,
  forgetProofs,
  hasFactor,
  isSameChannel,
  mayChange,
  sessionOf,
} from '../state.js';
import type { Action, Bound } from './action.js';
import { countAttempt, hasMessage, hasRoom } from './budgets.js';
import { ok, refused } from './outcomes.js';
import type { Proven } from './proofs.js';
import { gain } from './proofs.js';
import { noteSent } from './sent-codes.js';

/** The session of the request, where it shows what a change of factors needs. */
export function changing(state: State, { cookie }: Bound): [string, Session] | null {
  const found = sessionOf(state, cookie);
  return found && mayChange(state, found[1]) ? found : null;
}

export function setUp(state: State, bound: Bound, { by, how }: Action & { type: 'set up an app' }): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || user.totp) return refused(state);
  if (how === 'page') showSetUp(state, found, bound, by);
  else begin(state, found, bound);
  return { ...ok(state, 201), shows: user.setup?.secret ?? '' };
}

function begin(state: State, [name, { user }]: [string, Session], bound: Bound): void {
  state.users[user].setup = { secret: bound.name, session: name, endsAt: state.now + LIMITS.setup };
}

/** The page shows a set-up that this browser has begun on it once more, and begins another one in place of any other. */
function showSetUp(state: State, found: [string, Session], bound: Bound, by: BrowserName): void {
  const { setup } = state.users[found[1].user];
  const isOwn = setup && setup.session === found[0] && setup.endsAt > state.now;
  if (isOwn && state.setupCookies[by] === setup.secret) return;
  begin(state, found, bound);
  state.setupCookies[by] = bound.name;
}

/** A page that refuses the code is shown once more, with what is to be set up. */
export function activate(state: State, bound: Bound, action: Action & { type: 'activate' }): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || user.totp) return refused(state);
  const refusal = refuseFirstCode(state, found, bound, action);
  if (refusal === null) return ok(state, 201);
  if (action.how === 'page') showSetUp(state, found, bound, action.by);
  return refused(state, refusal);
}

/** Why the code activates nothing; null when it does. */
function refuseFirstCode(
  state: State,
  found: [string, Session],
  bound: Bound,
  { by, isRight }: Action & { type: 'activate' },
): string | null {
  const [name, session] = found;
  const user = state.users[session.user];
  const { setup } = user;
  if (!setup || setup.session !== name || setup.endsAt <= state.now) return 'no_pending_setup';
  if (!hasRoom(state, session.user)) return 'too_many_attempts';
  if (!isRight || setup.secret !== bound.secret) {
    countAttempt(state, session.user);
    return 'incorrect_code';
  }
  user.totp = { secret: setup.secret, lastStep: bound.step };
  user.setup = null;
  added(state, found, bound, by, { proof: 'totp', of: setup.secret });
  return null;
}

/** One whose address has changed since makes room for another, which replaces it. */
const hasRoomForCodes = ({ delivered, addresses }: User, kind: Delivered): boolean =>
  delivered[kind]?.to !== addresses[kind];

/** Sends the code with which such codes are set up. It takes the place of the one before it, whoever's session that was of. */
export function setUpCodes(state: State, bound: Bound, { kind }: Action & { type: 'set up codes' }): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || isSameChannel(found[1], kind) || !hasRoomForCodes(user, kind)) return refused(state);
  if (!hasMessage(state, found[1].user)) return refused(state, 'too_many_messages');
  noteSent(state, bound, found, { kind, isForSetUp: true });
  user.codeSetups[kind] = {
    code: bound.name,
    session: found[0],
    to: user.addresses[kind],
    endsAt: state.now + LIMITS.code,
  };
  return ok(state, 201);
}

export function activateCodes(
  state: State,
  bound: Bound,
  { by, kind }: Action & { type: 'activate codes' },
): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || isSameChannel(found[1], kind)) return refused(state);
  const setup = user.codeSetups[kind];
  if (!setup || setup.session !== found[0] || setup.endsAt <= state.now) return refused(state);
  if (!hasRoom(state, found[1].user)) return refused(state, 'too_many_attempts');
  if (setup.code !== bound.sent || setup.to !== user.addresses[kind]) {
    countAttempt(state, found[1].user);
    return refused(state, 'incorrect_code');
  }
  if (!hasRoomForCodes(user, kind)) return refused(state, 'already_enabled');
  const replaced = user.delivered[kind];
  user.delivered[kind] = { name: bound.name, to: setup.to };
  if (replaced) {
    forgetFactor(state, found, replaced.name);
    endOthers(state, found[1].user, found[0]);
  }
  delete user.codeSetups[kind];
  added(state, found, bound, by, { proof: kind, of: bound.name });
  return ok(state, 201);
}

export function registerKey(state: State, bound: Bound, by: BrowserName): Outcome {
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

/** The user's own factor of that kind that an action is about, as it was when it was sent; null: it is not there, or somebody else's. */
function ownFactor(user: User | null, { action, factor }: Bound): string | null {
  if (!user || factor === null || !('what' in action)) return null;
  const { totp, keys, delivered } = user;
  const own = [...(totp ? [totp.secret] : []), ...keys, ...Object.values(delivered).map(({ name }) => name)];
  return own.includes(factor) ? factor : null;
}

/** What a factor had proven goes with it; the last one takes the recovery codes along, and all that the session shows but the first factor. The user's other sessions are over. */
export function remove(state: State, bound: Bound): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  const factor = ownFactor(user, bound);
  if (!user || factor === null) return refused(state);
  const name = found[1].user;
  user.keys = user.keys.filter((key) => key !== factor);
  if (user.totp?.secret === factor) user.totp = null;
  for (const kind of DELIVERED) if (user.delivered[kind]?.name === factor) delete user.delivered[kind];
  forgetFactor(state, found, factor);
  if (!hasFactor(user)) {
    user.codes = null;
    found[1].proven = {};
  }
  endOthers(state, name, found[0]);
  distrust(state, name);
  return ok(state, 204);
}

/** Nothing is left of a factor that was removed or replaced. */
function forgetFactor(state: State, [, { user: name }]: [string, Session], factor: string): void {
  const user = state.users[name];
  user.lost = user.lost.filter((one) => one !== factor);
  forgetProofs(state, name, factor);
  state.told[name].push('mfa.authenticator.removed');
}

/** Half a sign-in is enough. What was reported stays as it is when it is reported again. */
export function reportLost(state: State, bound: Bound): Outcome {
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
export function found(state: State, bound: Bound): Outcome {
  const own = changing(state, bound);
  const user = own && state.users[own[1].user];
  const factor = ownFactor(user, bound);
  if (!user || factor === null) return refused(state);
  if (!user.lost.includes(factor)) return ok(state);
  user.lost = user.lost.filter((one) => one !== factor);
  state.told[own[1].user].push('mfa.authenticator.resumed');
  return ok(state);
}

export function newCodes(state: State, bound: Bound): Outcome {
  const found = changing(state, bound);
  const user = found && state.users[found[1].user];
  if (!user || !hasFactor(user)) return refused(state);
  user.codes = { set: bound.name, unused: Array.from({ length: 10 }, (_, index) => index) };
  distrust(state, found[1].user);
  state.told[found[1].user].push('mfa.recovery_codes.regenerated');
  return ok(state, 201);
}
