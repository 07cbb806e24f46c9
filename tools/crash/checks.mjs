// Invariants of the database that hold at any moment, whatever was interrupted. Pure functions of rows.
const CODES_PER_SET = 10;
const CHANGES = ['mfa.authenticator.added', 'mfa.authenticator.removed', 'mfa.recovery_codes.regenerated'];

const TABLES = {
  states: 'mfa_user_state',
  authenticators: 'mfa_authenticator',
  codes: 'mfa_recovery_code',
  credentials: 'mfa_webauthn_credential',
  setups: 'mfa_totp_setup',
  sessions: 'mfa_session',
  devices: 'mfa_trusted_device',
  audit: 'mfa_audit_entry',
};

const isSecondFactor = ({ type }) => type === 'totp' || type === 'webauthn';
const METHODS = { totp: 'totp', webauthn: 'webauthn', recovery_codes: 'recovery_code' };

/** The rows of these users, grouped by user; without a list, of all users. */
export async function readUsers(db, ids) {
  const users = new Map();
  for (const [name, table] of Object.entries(TABLES)) {
    const where = ids ? ` WHERE user_id IN (${ids.map(() => '?').join(', ')})` : '';
    for (const row of await db.rows(`SELECT * FROM ${table}${where}`, ids)) {
      const none = Object.fromEntries(Object.keys(TABLES).map((one) => [one, []]));
      const user = users.get(row.user_id) ?? none;
      user[name].push(row);
      users.set(row.user_id, user);
    }
  }
  for (const user of users.values()) {
    user.sessions.forEach((row) => (row.methods = JSON.parse(row.methods)));
    user.audit.forEach((row) => (row.data = JSON.parse(row.data)));
    user.audit.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  return users;
}

/** The violations of one user. */
export function violationsOf(user) {
  return [...ofCodes(user), ...ofFactors(user), ...ofSessions(user), ...ofChanges(user)];
}

function* ofCodes({ authenticators, codes, audit }) {
  const sets = authenticators.filter(({ type }) => type === 'recovery_codes');
  const [set] = sets;
  if (sets.length > 1) yield `${sets.length} sets of recovery codes`;
  const hasFactor = authenticators.some(isSecondFactor);
  if (hasFactor && !set) yield 'a second factor without recovery codes';
  if (!hasFactor && (set || codes.length > 0)) yield 'recovery codes without a second factor';
  if (!set) {
    if (codes.length > 0) yield `${codes.length} recovery codes without a set`;
    return;
  }
  if (codes.length !== CODES_PER_SET) yield `a set of ${codes.length} recovery codes`;
  if (codes.some((code) => code.created_at !== set.created_at)) yield 'recovery codes of several sets';
  const used = codes.filter(({ used_at: usedAt }) => usedAt !== null).length;
  if (set.remaining !== codes.length - used) yield `${set.remaining} codes remain, and ${used} are used`;
  const told = audit.filter(
    ({ type, data }) => type === 'mfa.recovery_code.used' && data.authenticator.id === set.id,
  ).length;
  if (told !== used) yield `${used} codes are used, and the audit trail tells of ${told}`;
}

function* ofFactors({ authenticators, credentials, setups }) {
  const ofType = (type) => authenticators.filter((row) => row.type === type);
  if (ofType('totp').length > 1) yield 'several authenticator apps';
  const keys = ofType('webauthn').map(({ id }) => id);
  const held = credentials.map(({ authenticator_id: id }) => id);
  if (keys.sort().join() !== held.sort().join())
    yield 'a security key without its credential, or the reverse';
  if (setups.some(({ id }) => authenticators.some((row) => row.id === id)))
    yield 'a set-up that was activated is still there';
}

function* ofSessions({ authenticators, sessions, codes, audit }) {
  for (const { id, status, methods } of sessions) {
    const proofs = methods.filter(({ method }) => Object.values(METHODS).includes(method));
    if (status === 'pending' && proofs.length > 0) yield `a pending session that holds ${proofs[0].method}`;
    for (const { method, at, authenticatorId } of proofs) {
      const isTold = audit.some(
        (entry) =>
          entry.type === 'mfa.session.verified' && entry.session_id === id && entry.data.method === method,
      );
      if (!isTold) yield `a session holds ${method}, and the audit trail does not tell of it`;
      const row = authenticators.find((one) => one.id === authenticatorId);
      // A previous set of codes is gone, but what it proved stays.
      if (!row && method !== 'recovery_code') yield `a session holds ${method} of a factor that is gone`;
      if (!row) continue;
      if (METHODS[row.type] !== method) yield `a session holds ${method} of a ${row.type}`;
      if (row.last_used_at === null || row.last_used_at < at - CLOCK_SLACK_MS)
        yield `a session holds ${method}, and its factor was not used`;
      const isUsedCode = ({ used_at: usedAt }) => usedAt !== null && Math.abs(usedAt - at) < CLOCK_SLACK_MS;
      if (method === 'recovery_code' && !codes.some(isUsedCode))
        yield 'a session was proven by a recovery code that is not used up';
    }
  }
}

/** The maximum difference between two clock readings within one request: a second, in accelerated time. */
const CLOCK_SLACK_MS = 30_000;

function* ofChanges({ states, authenticators, sessions, devices, audit }) {
  const changes = audit.filter(({ type }) => CHANGES.includes(type));
  const version = states[0]?.version ?? 0;
  if (version !== changes.length)
    yield `${version} changes of factors, and ${changes.length} in the audit trail`;
  const last = changes.at(-1);
  if (!last) return;
  if (devices.some(({ created_at: createdAt }) => createdAt < last.created_at))
    yield 'a browser is still trusted after a change of factors';
  const present = new Set(authenticators.filter(isSecondFactor).map(({ id }) => id));
  const expected = new Set();
  for (const { type, data } of changes) {
    if (type === 'mfa.authenticator.added') expected.add(data.authenticator.id);
    if (type === 'mfa.authenticator.removed') expected.delete(data.authenticator.id);
  }
  if ([...present].sort().join() !== [...expected].sort().join())
    yield 'the factors are not those of the audit trail';
  const ending = changes.findLast(
    ({ type, data }) => type === 'mfa.authenticator.removed' || (type === CHANGES[0] && data.isFirst),
  );
  if (sessions.some((row) => row.created_at < ending?.created_at && row.id !== ending.session_id))
    yield 'another session has outlived a change of factors';
}
