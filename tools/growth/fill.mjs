// Fills the tables with users by SQL. Ids, hashes and envelopes have the length of real ones; only their content is made up.
import { createHash } from 'node:crypto';

import { rebuildIndexes, takeIndexesOff } from './indexes.mjs';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The nth user, as SQL makes the id: spread over the whole index, whatever n is. */
export function userIdOf(n) {
  const hex = createHash('md5').update(`user ${n}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The token of a session (`fresh`, `old`) of the nth user. */
export function tokenOf(kind, n) {
  return createHash('sha256').update(`${kind} ${n}`).digest('base64url');
}

/** How the nth user stands. One in twenty has no factor; three in ten have a key besides the app. */
export const isEnrolled = (n) => n % 20 !== 0 && !isForAdministrators(n);
export const isUnenrolled = (n) => n % 20 === 0;
export const isLocked = (n) => n % 1000 === 7;
/** Enrolled too; what administrators do to a user must not hit another flow's. */
export const isForAdministrators = (n) => n % 20 === 19;
export const hasKey = (n) => [1, 2, 3].includes(n % 10);

const USER = `md5('user ' || n)::uuid::text`;
const UUID = 'gen_random_uuid()::text';
const HASH = `encode(sha256(gen_random_uuid()::text::bytea), 'hex')`;
const AGENT = `'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'`;
const tokenHash = (kind) =>
  `encode(sha256(rtrim(translate(encode(sha256(('${kind} ' || n)::bytea), 'base64'), '+/', '-_'), '=')::bytea), 'hex')`;
const text = (length) => `substr(repeat(md5(n::text), ${Math.ceil(length / 32)}), 1, ${length})`;
const authenticatorId = (type) => `md5('${type} ' || n)::uuid::text`;

const authenticators = (type, name, data, where, now) => `
  INSERT INTO mfa_authenticator (id, user_id, type, name, data, created_at, last_used_at, failures, locked_at, remaining)
  SELECT ${authenticatorId(type)}, ${USER}, '${type}', '${name}', ${data},
    ${now} - (random() * ${300 * DAY})::bigint, ${now} - (random() * ${30 * DAY})::bigint,
    ${type === 'totp' ? `CASE WHEN n % 1000 = 7 THEN 100 ELSE 0 END` : '0'},
    ${type === 'totp' ? `CASE WHEN n % 1000 = 7 THEN ${now - DAY} END` : 'NULL'},
    ${type === 'recovery_codes' ? '10' : 'NULL'}
  FROM users WHERE ${where}`;

const sessions = (kind, provenAt, expiresAt, now) => `
  INSERT INTO mfa_session (id, user_id, token_hash, status, methods, created_at, expires_at)
  SELECT ${UUID}, ${USER}, ${tokenHash(kind)}, 'authenticated',
    CASE WHEN n % 20 = 0 THEN '[{"method":"pwd","at":${provenAt}}]' ELSE
      '[{"method":"pwd","at":${provenAt}},{"method":"totp","at":${provenAt},"authenticatorId":"' ||
      ${authenticatorId('totp')} || '"}]' END, ${now - 2 * HOUR}, ${expiresAt} FROM users`;

/** Each list is run in order, on a connection of its own. */
function statements(now) {
  const ms = `lpad(to_hex(${now} - (random() * ${366 * DAY})::bigint), 12, '0')`;
  return [
    [
      `INSERT INTO mfa_recovery_code (user_id, code_hash, created_at)
       SELECT ${USER}, ${HASH}, ${now - 100 * DAY} FROM users, generate_series(1, 10) WHERE n % 20 <> 0`,
    ],
    [
      `INSERT INTO mfa_user_state (user_id, version, second_factors, window_started_at, user_handle, enrollment_required_from)
       SELECT ${USER}, 1, (n % 20 <> 0)::int + (n % 10 IN (1, 2, 3))::int, CASE WHEN n % 7 = 0 THEN ${now - DAY} END, CASE WHEN n % 10 IN (1, 2, 3) THEN ${text(86)} END,
         CASE WHEN n % 1000 = 0 THEN ${now - DAY} END FROM users`,
      authenticators('totp', 'Master key', text(184), 'n % 20 <> 0', now),
      authenticators('recovery_codes', 'Recovery codes', `'{}'`, 'n % 20 <> 0', now),
      authenticators('webauthn', 'Backup key', `'{}'`, 'n % 10 IN (1, 2, 3)', now),
      `INSERT INTO mfa_webauthn_credential (authenticator_id, user_id, credential_id_hash, credential_id, public_key,
         user_handle, rp_id, transports, sign_count, aaguid, format, backup_eligible, backed_up, discoverable,
         uv_initialized, passwordless)
       SELECT ${authenticatorId('webauthn')}, ${USER}, ${HASH}, ${text(43)}, ${text(103)}, ${text(86)}, 'example.com',
         '["usb"]', 1, '00000000-0000-0000-0000-000000000000', 'none', false, false, true, true, false
       FROM users WHERE n % 10 IN (1, 2, 3)`,
      `INSERT INTO mfa_trusted_device (id, user_id, token_hash, user_agent, ip, created_at, expires_at)
       SELECT ${UUID}, ${USER}, ${HASH}, ${AGENT}, '198.51.100.7', ${now - DAY},
         ${now} + ((random() - 0.01) * ${14 * DAY})::bigint FROM users WHERE n % 5 = 2`,
      `INSERT INTO mfa_totp_setup (user_id, id, data, expires_at)
       SELECT ${USER}, ${UUID}, ${text(190)}, ${now} + ((random() - 0.5) * 600000)::bigint FROM users WHERE n % 100 = 5`,
      `INSERT INTO mfa_webauthn_challenge (hash, expires_at)
       SELECT ${HASH}, ${now} + ((random() - 0.1) * 600000)::bigint FROM users WHERE n % 1000 = 0`,
    ],
    [
      sessions('fresh', now, `${now} + (random() * ${11 * HOUR})::bigint + ${HOUR}`, now),
      sessions('old', now - 2 * HOUR, `${now} + (CASE WHEN n % 50 = 1 THEN -1 ELSE 10 END) * ${HOUR}`, now),
    ],
    [
      `INSERT INTO mfa_audit_entry (id, type, created_at, user_id, actor_type, actor_id, ip, user_agent, session_id, data)
       SELECT substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || '-7' || substr(random, 16, 21), type,
         ('x' || ms)::bit(48)::bigint, ${USER}, 'user', ${USER}, '198.51.100.7', ${AGENT}, random,
         '{"methods":["pwd","totp"]}'
       FROM (SELECT n, ${ms} AS ms, ${UUID} AS random, CASE
           WHEN n % 10000 = 11 AND k = 1 THEN 'mfa.admin.reset' WHEN k < 3 THEN 'mfa.session.started'
           WHEN k < 5 THEN 'mfa.session.verified' ELSE 'mfa.authenticator.used' END AS type
         FROM generate_series(1, 5) AS k, users OFFSET 0) AS entry`,
    ],
  ];
}

/** Fills the tables with so many users, as they stand at `now`, and tells the planner. */
export async function fill(pool, users, now) {
  const definitions = await takeIndexesOff(pool);
  await Promise.all(
    statements(now).map(async (list) => {
      const client = await pool.connect();
      try {
        await client.query(`SET synchronous_commit = off`);
        for (const sql of list) {
          await client.query(sql.replaceAll(/\busers\b/g, `generate_series(1, ${users}) AS users(n)`));
        }
      } finally {
        client.release(true);
      }
    }),
  );
  await rebuildIndexes(pool, definitions);
  await pool.query('VACUUM (ANALYZE)');
}
