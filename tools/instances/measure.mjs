// The checks of several instances, and their results.
import { randomUUID } from 'node:crypto';

import { generateSync } from 'otplib';

import { createDatabase } from '../support/databases.mjs';
import { SecurityKey } from '../support/security-key.mjs';
import { Cluster, ORIGIN } from './cluster.mjs';

const PASSWORD = 'correct horse battery';
const ATTEMPTS = 5;
const LOCK_AFTER = 20;
const GUESSES = 60;

export const codeOf = (secret, steps) =>
  generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });
export const times = (count, make) => Promise.all(Array.from({ length: count }, (_, index) => make(index)));
export const withStatus = (answers, status) => answers.filter((answer) => answer.status === status).length;

function copyOf(client, cluster) {
  const copy = cluster.client();
  for (const [name, value] of client.cookies) copy.cookies.set(name, value);
  return copy;
}

export async function must(answer, status) {
  const { status: found, body } = await answer;
  if (found !== status) throw new Error(`${found} instead of ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** A user of the cluster, each of whose requests goes to a different instance than the last. */
export class User {
  constructor(cluster) {
    this.cluster = cluster;
    this.email = `${randomUUID()}@example.com`;
  }

  static async register(cluster) {
    const user = new User(cluster);
    const { email } = user;
    const { id } = await must(cluster.client().post('/auth/register', { email, password: PASSWORD }), 201);
    return Object.assign(user, { id });
  }

  async login(client = this.cluster.client()) {
    await must(client.post('/auth/login', { email: this.email, password: PASSWORD }), 200);
    return client;
  }

  /** Enrolls a user with TOTP, set up on one instance and activated on the next. */
  static async enroll(cluster) {
    const user = await User.register(cluster);
    user.client = await user.login();
    const { secret } = await must(user.client.post('/mfa/totp'), 201);
    const body = await must(user.client.post('/mfa/totp/activate', { code: codeOf(secret, 0) }), 201);
    // The activation has used this time step; the next one is already accepted.
    return Object.assign(user, { secret, codes: body.recoveryCodes, totpId: body.authenticator.id });
  }
}

const CHECKS = {
  'a session of one is known to all': async ({ cluster }) => {
    const { client } = await User.enroll(cluster);
    const answers = await times(cluster.urls.length * 2, () => client.get('/reports'));
    return [withStatus(answers, 200), answers.length];
  },
  'a pending session of one is finished at another': async ({ cluster }) => {
    const { secret, ...user } = await User.enroll(cluster);
    const half = await User.prototype.login.call({ ...user, cluster });
    const { status } = await half.post('/mfa/authenticate', { code: codeOf(secret, 1) });
    return [status, 200];
  },
  'one TOTP code in as many sign-ins as there are requests: successes': async ({ cluster, requests }) => {
    const user = await User.enroll(cluster);
    const halves = await times(requests, () => user.login());
    const code = codeOf(user.secret, 1);
    const answers = await Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code })));
    return [withStatus(answers, 200), 1];
  },
  'one recovery code likewise: successes': async ({ cluster, requests }) => {
    const user = await User.enroll(cluster);
    const halves = await times(requests, () => user.login());
    const code = user.codes[0];
    const answers = await Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code })));
    return [withStatus(answers, 200), 1];
  },
  'one pending session, with different right codes at once: successes, and codes used up': async ({
    cluster,
    db,
  }) => {
    const user = await User.enroll(cluster);
    const half = await user.login();
    const answers = await times(5, (index) =>
      copyOf(half, cluster).post('/mfa/authenticate', { code: user.codes[index] }),
    );
    const [{ used }] = await db.rows(
      'SELECT COUNT(used_at) AS used FROM mfa_recovery_code WHERE user_id = ?',
      [user.id],
    );
    return [`${withStatus(answers, 200)}, ${used}`, '1, 1'];
  },
  'one activation at all of them: successes, and authenticators': async ({ cluster, db, requests }) => {
    const user = await User.register(cluster);
    const client = await user.login();
    const { secret } = await must(client.post('/mfa/totp'), 201);
    const code = codeOf(secret, 0);
    const answers = await times(requests, () => copyOf(client, cluster).post('/mfa/totp/activate', { code }));
    const [{ count }] = await db.rows(
      "SELECT COUNT(*) AS count FROM mfa_authenticator WHERE user_id = ? AND type = 'totp'",
      [user.id],
    );
    return [`${withStatus(answers, 201)}, ${count}`, '1, 1'];
  },
  'a key registered and used with challenges of another instance; one answer sent many times: successes':
    async ({ cluster, requests }) => {
      const user = await User.register(cluster);
      const client = await user.login();
      const key = new SecurityKey(ORIGIN);
      const creation = await must(client.post('/mfa/webauthn/options', {}), 200);
      await must(client.post('/mfa/webauthn', { credential: key.create(creation) }), 201);
      const half = await user.login();
      const request = await must(half.post('/mfa/authenticate/webauthn/options'), 200);
      const credential = key.get(request);
      const answers = await times(requests, () =>
        copyOf(half, cluster).post('/mfa/authenticate/webauthn', { credential }),
      );
      return [withStatus(answers, 200), 1];
    },
  [`${GUESSES} wrong codes at once with ${ATTEMPTS} attempts: verified`]: async ({ cluster }) => {
    const user = await User.enroll(cluster);
    const half = await user.login();
    const answers = await times(GUESSES, () =>
      copyOf(half, cluster).post('/mfa/authenticate', { code: '000000' }),
    );
    return [
      `${withStatus(answers, 400)} (refused: ${withStatus(answers, 429)})`,
      `5 (refused: ${GUESSES - 5})`,
    ];
  },
  'a session that was ended at one is dead at all': async ({ cluster }) => {
    const { client } = await User.enroll(cluster);
    const thief = copyOf(client, cluster);
    await must(client.post('/auth/logout'), 204);
    const answers = await times(cluster.urls.length, () => thief.get('/me'));
    return [withStatus(answers, 401), cluster.urls.length];
  },
  'sessions that a removed factor has proven are dead at all': async ({ cluster }) => {
    const user = await User.enroll(cluster);
    const elsewhere = await user.login();
    await must(elsewhere.post('/mfa/authenticate', { code: user.codes[0] }), 200);
    await must(user.client.delete(`/mfa/authenticators/${user.totpId}`), 204);
    const answers = await times(cluster.urls.length, () => copyOf(elsewhere, cluster).get('/me'));
    return [withStatus(answers, 401), cluster.urls.length];
  },
  'a browser trusted at one is trusted at another, and no more once that is revoked at a third': async ({
    cluster,
  }) => {
    const user = await User.enroll(cluster);
    const browser = await user.login();
    await must(browser.post('/mfa/authenticate', { code: codeOf(user.secret, 1), trustDevice: true }), 200);
    const statusOf = async () =>
      (await browser.post('/auth/login', { email: user.email, password: PASSWORD })).body.status;
    const before = await statusOf();
    await must(user.client.delete('/mfa/trusted-devices'), 204);
    return [`${before}, ${await statusOf()}`, 'authenticated, mfa_required'];
  },
};

/** With room for many attempts, so that the lock is what stops them. */
const LOCK_CHECKS = {
  [`${GUESSES} wrong codes at once with a lock after ${LOCK_AFTER}: failures counted, and the right code`]:
    async ({ cluster, db }) => {
      const user = await User.enroll(cluster);
      const half = await user.login();
      await times(GUESSES, () => copyOf(half, cluster).post('/mfa/authenticate', { code: '000000' }));
      const sql = "SELECT failures FROM mfa_authenticator WHERE user_id = ? AND type = 'totp'";
      const [{ failures }] = await db.rows(sql, [user.id]);
      const right = await half.post('/mfa/authenticate', { code: codeOf(user.secret, 1) });
      return [`${failures}, ${right.body.code}`, `${LOCK_AFTER}, authenticator_locked`];
    },
};

async function run(checks, setting) {
  const results = [];
  for (const [what, check] of Object.entries(checks)) {
    const [found, expected] = await check(setting).catch((error) => [error.message, null]);
    results.push({ what, found, isRight: found === expected });
  }
  return results;
}

/** Starts this many processes on an empty database, and runs all checks. */
export async function measure(engine, count) {
  const startedAt = Date.now();
  const db = await createDatabase(engine);
  const results = [];
  const withCluster = async (checks, options) => {
    const cluster = await Cluster.start(count, db.urls ?? [db.url], options);
    try {
      results.push(...(await run(checks, { cluster, db, requests: count * 10 })));
    } finally {
      await cluster.stop();
    }
  };
  try {
    const started = async ({ cluster }) => {
      const rows = await db.rows('SELECT name, COUNT(*) AS times FROM migrations GROUP BY name');
      const twice = rows.filter(({ times: number }) => number !== 1).length;
      return [`${cluster.urls.length}, ${twice}`, `${count}, 0`];
    };
    const first = { 'started at once on an empty database, and migrations that ran twice': started };
    await withCluster({ ...first, ...CHECKS }, { MFA_RATE_LIMIT_ATTEMPTS: String(ATTEMPTS) });
    await withCluster(LOCK_CHECKS, {
      MFA_RATE_LIMIT_ATTEMPTS: '1000',
      MFA_RATE_LIMIT_LOCK_AFTER: String(LOCK_AFTER),
    });
    return { server: await db.describe(), seconds: Math.round((Date.now() - startedAt) / 1000), results };
  } finally {
    await db.drop();
  }
}
