// What must come of each action.
import type { Outcome, State } from '../state.js';
import { OWNER, distrust, endOthers, hasFactor, isVerified, sessionOf } from '../state.js';
import type { Bound, Shown } from './action.js';
import {
  activate,
  activateCodes,
  changing,
  found,
  newCodes,
  registerKey,
  remove,
  reportLost,
  setUp,
  setUpCodes,
} from './factors.js';
import { ok, refused } from './outcomes.js';
import { prove, spend } from './proofs.js';
import { noteSent, sendCode } from './sent-codes.js';
import { endReusedTrust, logIn, signInWithPasskey, signOut } from './sign-in.js';

/** What must come of an action that finds this state; the state that is given stays as it is. */
export function apply(before: State, bound: Bound): Outcome {
  const state = structuredClone(before);
  const { action } = bound;
  // What no page of this session has made changes nothing.
  if ('how' in action && action.how === 'forged form') return refused(state);
  switch (action.type) {
    case 'login':
      return logIn(state, bound, action);
    case 'look': {
      const session = sessionOf(state, bound.cookie)?.[1];
      return session && isVerified(state, session) ? ok(state) : refused(state);
    }
    case 'sign in with a passkey':
      return signInWithPasskey(state, bound, action.by);
    case 'spend':
      return spend(state, bound);
    case 'set up an app':
      return setUp(state, bound, action);
    case 'activate':
      return activate(state, bound, action);
    case 'register a key':
      return registerKey(state, bound, action.by);
    case 'set up codes':
      return setUpCodes(state, bound, action);
    case 'activate codes':
      return activateCodes(state, bound, action);
    case 'send a code':
      return sendCode(state, bound, action);
    case 'read':
      return read(state, bound, action.page);
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
      state.setupCookies.copy = state.setupCookies.home;
      return ok(state);
    case 'wait':
      state.now += action.seconds;
      return ok(state);
    case 'move': {
      const { addresses } = state.users[action.of];
      addresses[action.kind] = 1 - addresses[action.kind];
      return ok(state);
    }
    case 'reset': {
      const user = state.users[action.of];
      const nothing = {
        totp: null,
        keys: [],
        delivered: {},
        codes: null,
        lost: [],
        setup: null,
        codeSetups: {},
      };
      Object.assign(user, nothing, { attempts: null });
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

/** A page that only shows: half signed in nobody sees any but the one that asks for the second factor. */
function read(state: State, { cookie }: Bound, page: Shown): Outcome {
  const session = sessionOf(state, cookie)?.[1];
  if (!session) return refused(state);
  const isShown = page === 'authenticate' ? hasFactor(state.users[session.user]) : !session.isPending;
  return isShown ? ok(state) : refused(state);
}

/**
 * What may be left of an action to which another one at the same time put an end: nothing, but for the session that a sign-in ends
 * first, and the trust that it has found in two hands. Or all of it, where the trust was found in two hands
 * before it was answered.
 */
export function giveWay(before: State, bound: Bound): State[] {
  const { action, cookie } = bound;
  if (action.type !== 'login' && action.type !== 'sign in with a passkey') return [before];
  const former = sessionOf(before, cookie);
  const without = structuredClone(before);
  if (former) delete without.sessions[former[0]];
  const wary = structuredClone(without);
  if (action.type !== 'login') return [before, without, wary];
  endReusedTrust(wary, bound, OWNER[action.by]);
  const over = logIn(structuredClone(before), bound, action).state;
  return [before, without, wary, over];
}

/**
 * What else may come of an action beside others. Trust that something ends meanwhile spares a sign-in nothing, whenever that ends it. A
 * token found in two hands stays so, and what came of the trust meanwhile ends as well, even if its browser has just used it; of two that have both found it valid one uses it, and nothing ends. And
 * who signs out ends their session, also when it has got another token meanwhile: it is not to go on behind their back. A code may be on its
 * way before what has sent it comes to nothing. And a form belongs to the session that it was shown to, even one that signs in.
 *
 * @param begun the state in which they were all sent
 */
export function beside(before: State, bound: Bound, begun: State): Outcome[] {
  const { action, trusted, cookie } = bound;
  if (action.type === 'login' && trusted.length > 0) {
    const wary = structuredClone(before);
    endReusedTrust(wary, bound, OWNER[action.by], begun);
    return [
      logIn(structuredClone(before), bound, action, 'not used'),
      logIn(wary, bound, action),
      logIn(structuredClone(before), bound, action, 'lost'),
    ];
  }
  if (action.type === 'send a code' || action.type === 'set up codes') {
    const found = sessionOf(begun, cookie);
    if (!found || apply(begun, bound).answer === 'refused') return [];
    const sent = structuredClone(before);
    noteSent(sent, bound, found, { kind: action.kind, isForSetUp: action.type === 'set up codes' });
    return [refused(sent)];
  }
  if (action.type === 'sign in with a passkey' && action.how === 'page') {
    const isOutdated = sessionOf(begun, cookie) !== null && sessionOf(before, cookie) === null;
    return isOutdated ? [refused(structuredClone(before))] : [];
  }
  const session = action.type === 'sign out' && before.sessions[sessionOf(begun, cookie)?.[0] ?? ''];
  return session ? [signOut(structuredClone(before), { ...bound, cookie: session.token }, action.by)] : [];
}
