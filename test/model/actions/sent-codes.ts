import type { Delivered, Outcome, Session, State } from '../state.js';
import { LIMITS, isSameChannel, sessionOf, workingCodes } from '../state.js';
import type { Action, Bound } from './action.js';
import { countMessage, hasMessage } from './budgets.js';
import { ok, refused } from './outcomes.js';
import type { Proven } from './proofs.js';

/** Sends a code to somebody who is half signed in or signed in. It takes the place of the one before it. */
export function sendCode(state: State, bound: Bound, { kind }: Action & { type: 'send a code' }): Outcome {
  const found = sessionOf(state, bound.cookie);
  const factor = found && workingCodes(state, found[1], kind);
  if (!factor) return refused(state);
  const [name, session] = found;
  if (!hasMessage(state, session.user)) return refused(state, 'too_many_messages');
  noteSent(state, bound, [name, session], { kind, isForSetUp: false });
  session.challenges[kind] = { code: bound.name, factor: factor.name, endsAt: state.now + LIMITS.code };
  return ok(state);
}

/** The message is on its way, whatever comes of what has sent it. */
export function noteSent(
  state: State,
  { name }: Bound,
  [session, { user }]: [string, Session],
  { kind, isForSetUp }: { kind: Delivered; isForSetUp: boolean },
): void {
  countMessage(state, user);
  state.sent.push({ name, kind, user, session, isForSetUp });
}

/** The code that was sent last in this session, as long as it can be typed: nobody moved, and its factor is there still. */
export function answerable(
  state: State,
  session: Session,
  kind: Delivered,
): { code: string; factor: string } | null {
  const { delivered, addresses } = state.users[session.user];
  const challenge = session.challenges[kind];
  const factor = delivered[kind];
  const isWaiting = challenge && factor && challenge.factor === factor.name && challenge.endsAt > state.now;
  return isWaiting && factor.to === addresses[kind] && !isSameChannel(session, kind) ? challenge : null;
}

/** A code that was sent counts once, in the session that had it sent. */
export function useSentCode(state: State, session: Session, { sent }: Bound): Proven | null {
  const { lost } = state.users[session.user];
  for (const kind of ['email_code', 'sms_code'] as const) {
    const waiting = answerable(state, session, kind);
    if (!waiting || waiting.code !== sent || lost.includes(waiting.factor)) continue;
    delete session.challenges[kind];
    return { proof: kind, of: waiting.factor };
  }
  return null;
}
