import { TABLES } from './tables.mjs';

/** Rows that only record a question: an interrupted ceremony leaves its challenge, which expires. */
const PASSING = ['mfa_webauthn_challenge', 'mfa_factor_challenge', 'mfa_key'];

/**
 * What stays the same however often a flow runs: no ids, times or secrets. Counters of attempts and failures count
 * every try.
 */
const COLUMNS = {
  mfa_authenticator: (row) => [
    row.type,
    row.name,
    row.remaining,
    row.locked_at !== null,
    row.suspended_at !== null,
  ],
  mfa_recovery_code: (row) => [row.used_at !== null],
  mfa_session: (row) => [row.status, JSON.parse(row.methods).map(({ method }) => method)],
  mfa_user_state: (row) => [row.version, row.enrolled_at !== null],
  mfa_audit_entry: (row) => [row.type],
};

/**
 * Rows that don't count: a pending sign-in whose token nobody received, and events that, according to the
 * documentation, are recorded just after the commit they report, and lost if the server dies in between
 * (docs/events.md).
 */
const SKIPPED = {
  mfa_session: ({ status }) => status === 'pending',
  mfa_audit_entry: ({ type }) => ['mfa.sign_in.new_browser', 'mfa.trusted_device.revoked'].includes(type),
};

/**
 * The comparable content of the database.
 *
 * @param isAgain whether an action was repeated: events recorded twice count once
 */
export async function shapeOf(db, { isAgain = false } = {}) {
  const shape = [];
  for (const name of TABLES.filter((table) => !PASSING.includes(table))) {
    const rows = (await db.rows(`SELECT * FROM ${name}`)).filter((row) => !SKIPPED[name]?.(row));
    const lines = rows.map((row) => JSON.stringify(COLUMNS[name]?.(row) ?? [])).sort();
    shape.push([name, isAgain && name === 'mfa_audit_entry' ? [...new Set(lines)] : lines]);
  }
  return JSON.stringify(shape);
}
