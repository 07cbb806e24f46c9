import Database from 'better-sqlite3';

/** Rows that say only what was asked: a ceremony that was cut off leaves its challenge, which is dead after its time. */
const PASSING = ['mfa_webauthn_challenge', 'mfa_factor_challenge', 'mfa_key'];

/** What is the same however often a flow is run: no ids, times and secrets. Counters of attempts and failures count every try. */
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

/** What the database holds, as far as it can be compared. */
export function shapeOf(file) {
  const db = new Database(file, { readonly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'mfa_%'")
    .all()
    .map(({ name }) => name)
    .filter((name) => !PASSING.includes(name));
  const shape = tables.sort().map((name) => {
    const rows = db.prepare(`SELECT * FROM ${name}`).all();
    return [name, rows.map((row) => JSON.stringify(COLUMNS[name]?.(row) ?? [])).sort()];
  });
  db.close();
  return JSON.stringify(shape);
}
