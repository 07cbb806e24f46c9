// What is measured, what must be prepared before timing starts, and what must be true afterwards.

/** A browser that is visiting for the first time. */
function forget(_contender, user) {
  user.cookies.clear();
}

async function login({ flows }, user) {
  user.cookies.clear();
  await flows.login(user);
}

async function beforeTotp(contender, user) {
  await login(contender, user);
  return contender.codeFor(user);
}

async function signIn(contender, user) {
  await contender.flows.totp(user, await beforeTotp(contender, user));
}

async function beforeRecovery(contender, user) {
  if (user.codes.length === 0) {
    await signIn(contender, user);
    user.codes = [...(await contender.flows.renewCodes(user))];
  }
  await login(contender, user);
  return user.codes.pop();
}

async function beforeKey({ flows }, user) {
  user.cookies.clear();
  const { body } = await flows['key-options'](user);
  return user.key.get(body);
}

const guardedAnswers = (expected) => async (contender, user) => {
  const { status } = await contender.flows.guarded(user);
  if (status !== expected)
    throw new Error(`${contender.name}: the guarded route answered ${status}, not ${expected}`);
};
const isSignedIn = guardedAnswers(200);
const isNobody = guardedAnswers(401);
const nothing = () => undefined;

/**
 * `users`: who runs the flow; `passes`: how often they all do so in one round; `before`: returns the flow's argument;
 * `isKept`: whether the preparation serves all passes; `after`: rejects a flow that only looked right.
 */
export const FLOWS = {
  open: { users: 'users', passes: 8, before: forget, isKept: true, after: nothing },
  guarded: { users: 'users', passes: 8, before: signIn, isKept: true, after: isSignedIn },
  login: { users: 'users', passes: 4, before: forget, isKept: false, after: isNobody },
  totp: { users: 'users', passes: 4, before: beforeTotp, isKept: false, after: isSignedIn },
  recovery: { users: 'users', passes: 2, before: beforeRecovery, isKept: false, after: isSignedIn },
  'key-options': { users: 'keyUsers', passes: 4, before: forget, isKept: false, after: isNobody },
  'key-sign-in': { users: 'keyUsers', passes: 4, before: beforeKey, isKept: false, after: isSignedIn },
  status: { users: 'users', passes: 4, before: signIn, isKept: true, after: isSignedIn },
  page: { users: 'users', passes: 4, before: login, isKept: true, after: isNobody },
};

/** Whether this contender takes part: if it has no users of that kind, the guarded route only serves for checking. */
export const takesPart = ({ flows }, name) =>
  name in flows && (FLOWS[name].users === 'keyUsers' || 'login' in flows);
