import type { BrowserName, Outcome, Proof, Session, State, UserName } from '../state.js';
import { DELIVERED, LIMITS, hasFactor, isVerified, sessionOf, stepOf } from '../state.js';
import type { Action, Attempt, Bound } from './action.js';
import { isSentAttempt } from './action.js';
import { countAttempt, hasRoom } from './budgets.js';
import { ok, refused } from './outcomes.js';
import { answerable, useSentCode } from './sent-codes.js';

/** Whose proofs outlive a new set: nobody has lost the codes, and the new set may have been made by one. */
export const RECOVERY_CODES = 'recovery codes';

/** What is proven, and by which authenticator. */
export interface Proven {
  proof: Proof;
  of: string;
}

/** The session gains a proof, and its token is another one from then on. */
export function gain(
  state: State,
  session: Session,
  { name }: Bound,
  by: BrowserName,
  { proof, of }: Proven,
): void {
  session.proven[of] = { proof, at: state.now };
  session.token = name;
  state.cookies[by] = name;
}

export function prove(
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
  if (!isCode && isOfLostAlone(state, session)) return refused(state, 'authenticator_locked');
  const proven = isCode ? useCode(state, session.user, bound) : useDigits(state, session, bound, attempt);
  if (!proven) {
    countAttempt(state, session.user);
    return refused(state, 'incorrect_code');
  }
  complete(state, session, bound, by, proven);
  if (isCode) state.told[session.user].push('mfa.recovery_code.used');
  else if (trusts) trust(state, session, bound, by);
  return ok(state);
}

/** Whether all that judges a code of so many digits as apps show is lost: the app, and what has sent a code that waits. */
function isOfLostAlone(state: State, session: Session): boolean {
  const { totp, lost } = state.users[session.user];
  const judging = [
    ...(totp ? [totp.secret] : []),
    ...DELIVERED.flatMap((kind) => answerable(state, session, kind)?.factor ?? []),
  ];
  return judging.length > 0 && judging.every((one) => lost.includes(one));
}

/** What is typed may be a code of the app, or one that was sent. */
function useDigits(state: State, session: Session, bound: Bound, attempt: Attempt): Proven | null {
  if (attempt === 'wrong') return null;
  return isSentAttempt(attempt) ? useSentCode(state, session, bound) : useStep(state, session.user, bound);
}

function trust(state: State, { user }: Session, { name, trusted }: Bound, by: BrowserName): void {
  state.trust[name] = { user, token: name, former: [], since: state.now };
  state.trustCookies[by] = [name, ...trusted];
  state.told[user].push('mfa.trusted_device.added');
}

/** Whether this browser can be trusted anew: of two that began at once nobody could say which is the newer one. */
export function mayTrust(state: State, by: BrowserName): boolean {
  const tokens = state.trustCookies[by] ?? [];
  return !Object.values(state.trust).some(
    ({ token, since }) => tokens.includes(token) && since === state.now,
  );
}

/** A code counts once, and neither does one of a time step before it. */
function useStep(state: State, name: UserName, { secret, step }: Bound): Proven | null {
  const { totp, lost } = state.users[name];
  const isRight =
    totp !== null &&
    totp.secret === secret &&
    !lost.includes(secret) &&
    step > totp.lastStep &&
    Math.abs(step - stepOf(state.now)) <= 1;
  if (!isRight) return null;
  totp.lastStep = step;
  return { proof: 'totp', of: totp.secret };
}

function useCode(state: State, name: UserName, { code }: Bound): Proven | null {
  const { codes } = state.users[name];
  if (!codes || code?.set !== codes.set || !codes.unused.includes(code.index)) return null;
  codes.unused = codes.unused.filter((index) => index !== code.index);
  return { proof: 'recovery_code', of: RECOVERY_CODES };
}

function complete(state: State, session: Session, bound: Bound, by: BrowserName, proven: Proven): void {
  if (session.isPending) {
    session.isPending = false;
    session.endsAt = state.now + LIMITS.session;
  }
  gain(state, session, bound, by, proven);
}

export function spend(state: State, { cookie }: Bound): Outcome {
  const session = sessionOf(state, cookie)?.[1];
  if (!session || !isVerified(state, session, true)) return refused(state);
  for (const proven of Object.values(session.proven)) proven.isSpent = true;
  return ok(state);
}
