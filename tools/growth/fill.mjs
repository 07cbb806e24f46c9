// Fills the tables with users by SQL. Ids, hashes and envelopes are as long as real ones, with made-up content. Seals
// are real, since a row without a valid one doesn't count.
import { createHash } from 'node:crypto';

import { rebuildIndexes, takeIndexesOff } from './indexes.mjs';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The id of the nth user, as the SQL generates it: spread over the whole index. */
export function userIdOf(n) {
  const hex = createHash('md5').update(`user ${n}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The session token (`fresh`, `old`) of the nth user. */
export function tokenOf(kind, n) {
  return createHash('sha256').update(`${kind} ${n}`).digest('base64url');
}

/** What the nth user has. One in twenty has no factor; three in ten have a key in addition to the app. */
export const isEnrolled = (n) => n % 20 !== 0 && !isForAdministrators(n);
export const isUnenrolled = (n) => n % 20 === 0;
export const isLocked = (n) => n % 1000 === 7;
/** Enrolled as well; separate, so that what administrators do to a user doesn't affect another flow's. */
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

/**
 * The library's seal (`sealRow`): HMAC-SHA-256 over the kind of row and its fields as JSON, each preceded by its
 * length.
 *
 * @param key its id and its bytes
 */
const sealFunction = ({ id, key }) => `
  CREATE FUNCTION seal_of(kind text, VARIADIC fields text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '${id}.' || rtrim(translate(encode(hmac(
      string_agg(int4send(octet_length(field)) || convert_to(field, 'UTF8'), ''::bytea ORDER BY place),
      decode('${key.toString('hex')}', 'hex'), 'sha256'), 'base64'), '+/', '-_'), '=')
    FROM unnest(kind || fields) WITH ORDINALITY AS part(field, place) $$`;

const json = (column) => `to_json(${column})::text`;

/**
 * Inserts rows with their seals.
 *
 * @param columns the SQL expression for each column
 * @param sealed the sealed columns, in the seal's order
 */
const insertSealed = (table, kind, columns, sealed, from) => `
  INSERT INTO ${table} (${Object.keys(columns).join(', ')}, seal)
  SELECT *, seal_of('${kind}', ${sealed.map((name) => `coalesce(${json(name)}, 'null')`).join(', ')})
  FROM (SELECT ${Object.entries(columns)
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(', ')} FROM ${from} OFFSET 0) AS made`;

const authenticators = (type, name, data, where, now) =>
  insertSealed(
    'mfa_authenticator',
    'authenticator',
    {
      id: authenticatorId(type),
      user_id: USER,
      type: `'${type}'`,
      name: `'${name}'`,
      data,
      created_at: `${now} - (random() * ${300 * DAY})::bigint`,
      last_used_at: `${now} - (random() * ${30 * DAY})::bigint`,
      failures: type === 'totp' ? `CASE WHEN n % 1000 = 7 THEN 100 ELSE 0 END` : '0',
      locked_at: type === 'totp' ? `CASE WHEN n % 1000 = 7 THEN ${now - DAY} END` : 'NULL::bigint',
      remaining: type === 'recovery_codes' ? '10' : 'NULL::int',
      last_step: 'NULL::bigint',
    },
    ['id', 'user_id', 'type', 'data', 'last_step'],
    `users WHERE ${where}`,
  );

const credentials = () =>
  insertSealed(
    'mfa_webauthn_credential',
    'webauthn_credential',
    {
      authenticator_id: authenticatorId('webauthn'),
      user_id: USER,
      credential_id_hash: HASH,
      credential_id: text(43),
      public_key: text(103),
      user_handle: text(86),
      rp_id: `'example.com'`,
      transports: `'["usb"]'`,
      sign_count: '1',
      aaguid: `'00000000-0000-0000-0000-000000000000'`,
      format: `'none'`,
      backup_eligible: 'false',
      backed_up: 'false',
      discoverable: 'true',
      uv_initialized: 'true',
      passwordless: 'false',
    },
    [
      'authenticator_id',
      'user_id',
      'credential_id',
      'public_key',
      'user_handle',
      'rp_id',
      'aaguid',
      'format',
      'backup_eligible',
      'discoverable',
      'passwordless',
    ],
    'users WHERE n % 10 IN (1, 2, 3)',
  );

const trustedDevices = (now) =>
  insertSealed(
    'mfa_trusted_device',
    'trusted_device',
    {
      id: UUID,
      user_id: USER,
      token_hash: HASH,
      user_agent: AGENT,
      ip: `'198.51.100.7'`,
      created_at: String(now - DAY),
      expires_at: `${now} + ((random() - 0.01) * ${14 * DAY})::bigint`,
    },
    ['id', 'user_id', 'token_hash', 'expires_at'],
    'users WHERE n % 5 = 2',
  );

const sessions = (kind, provenAt, expiresAt, now) =>
  insertSealed(
    'mfa_session',
    'session',
    {
      id: UUID,
      user_id: USER,
      token_hash: tokenHash(kind),
      status: `'authenticated'`,
      methods: `CASE WHEN n % 20 = 0 THEN '[{"method":"pwd","at":${provenAt}}]' ELSE
        '[{"method":"pwd","at":${provenAt}},{"method":"totp","at":${provenAt},"authenticatorId":"' ||
        ${authenticatorId('totp')} || '"}]' END`,
      ttl_seconds: 'NULL::int',
      created_at: String(now - 2 * HOUR),
      expires_at: expiresAt,
    },
    ['id', 'user_id', 'token_hash', 'status', 'methods', 'ttl_seconds', 'created_at', 'expires_at'],
    'users',
  );

/** The statements of each list run in order, on a connection of their own. */
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
      credentials(),
      trustedDevices(now),
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

/**
 * Fills the tables with this many users in their state at `now`, and updates the planner's statistics.
 *
 * @param key the application's key for seals
 */
export async function fill(pool, users, now, key) {
  await pool.query('CREATE EXTENSION IF NOT EXISTS pgcrypto');
  await pool.query(sealFunction(key));
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
  await pool.query('DROP FUNCTION seal_of');
  await rebuildIndexes(pool, definitions);
  await pool.query('VACUUM (ANALYZE)');
}
