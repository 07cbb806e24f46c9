import type { BrowserName, Outcome, Session, State, Trust, UserName } from '../state.js';
import { LIMITS, OWNER, hasFactor, sessionOf, trustedOf } from '../state.js';
import type { Action, Bound } from './action.js';
import { ok, refused } from './outcomes.js';

/**
 * The first factor is right. The session that the browser had is over, whoever's it was.
 *
 * @param trust what becomes of the browser's trust; `lost`: something at the same moment has used or ended it
 */
export function logIn(
  state: State,
  bound: Bound,
  { by, first }: Action & { type: 'login' },
  trust: 'used' | 'not used' | 'lost' = 'used',
): Outcome {
  const user = OWNER[by];
  const session = begin(state, bound, by, {
    isPending: hasFactor(state.users[user]),
    first: { method: first ?? 'pwd', at: state.now },
  });
  if (!session.isPending) return ok(state);
  if (trust === 'lost') return ok(state);
  endReusedTrust(state, bound, user);
  const trusted = trustedOf(state, user).find(([, { token }]) => bound.trusted.includes(token));
  if (trusted && trust === 'used') useTrust(state, session, trusted, bound, by);
  return ok(state);
}

/** A key that has verified its user signs in without a password, whatever it was registered for. */
export function signInWithPasskey(state: State, bound: Bound, by: BrowserName): Outcome {
  const { key } = bound;
  const user = state.users[OWNER[by]];
  if (key === null || !user.keys.includes(key) || user.lost.includes(key)) return refused(state);
  const session = begin(state, bound, by, { isPending: false, first: null });
  session.proven[key] = { proof: 'webauthn', at: state.now };
  return ok(state);
}

function begin(
  state: State,
  { name, cookie }: Bound,
  by: BrowserName,
  { isPending, first }: Pick<Session, 'isPending' | 'first'>,
): Session {
  const former = sessionOf(state, cookie);
  if (former) delete state.sessions[former[0]];
  const session: Session = {
    user: OWNER[by],
    isPending,
    token: name,
    first,
    proven: {},
    challenges: {},
    endsAt: state.now + (isPending ? LIMITS.pending : LIMITS.session),
  };
  state.sessions[name] = session;
  state.cookies[by] = name;
  return session;
}

/** What a session shows of the trusted browser that it began in. */
const trustProof = (name: string): string => `trust ${name}`;

/**
 * A token that was replaced is in two hands: the trust ends, and every session that came of it.
 *
 * @param seen the state in which that was found out
 */
export function endReusedTrust(state: State, { trusted }: Bound, user: UserName, seen = state): void {
  for (const [name, { former }] of trustedOf(seen, user)) {
    if (!former.some((token) => trusted.includes(token))) continue;
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
  session.isPending = false;
  session.endsAt = state.now + LIMITS.session;
  session.proven[trustProof(name)] = { proof: 'trusted_device', at: state.now };
  state.told[session.user].push('mfa.trusted_device.used');
}

export function signOut(state: State, { cookie }: Bound, by: BrowserName): Outcome {
  const found = sessionOf(state, cookie);
  if (!found) return refused(state);
  delete state.sessions[found[0]];
  delete state.cookies[by];
  return ok(state, 204);
}
