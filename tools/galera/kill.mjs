// A node of the cluster is killed while people sign in: whatever an instance has answered must still be so at the others.
import { setTimeout as wait } from 'node:timers/promises';

import { Cluster } from '../instances/cluster.mjs';
import { User } from '../instances/measure.mjs';
import { Client } from '../support/client.mjs';
import { createDatabase } from '../support/databases.mjs';

const USERS = 12;
const ENDED = 200;
const KILL_AFTER_MS = 4_000;
const ENDS_AFTER_MS = 12_000;
const PASSWORD = 'correct horse battery';

/** What has come of all requests, by status; `lost`: none came. */
class Tally {
  counts = new Map();

  note(status) {
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1);
  }

  toString() {
    return [...this.counts]
      .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1))
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ');
  }
}

/** Signs one user in again and again, at any instance, and keeps what was answered. */
async function signInAgainAndAgain(user, { cluster, tally, until, kept }) {
  const send = async (client, method, path, body) => {
    client.url = cluster.urls[Math.floor(Math.random() * cluster.urls.length)];
    const answer = await client[method](path, body).catch(() => ({ status: 'lost', body: {} }));
    tally.note(answer.status);
    return answer;
  };
  const codes = [...user.codes];
  while (Date.now() < until && codes.length > 0) {
    const client = new Client('');
    const login = await send(client, 'post', '/auth/login', { email: user.email, password: PASSWORD });
    if (login.status !== 200) continue;
    const code = codes.pop();
    const proof = await send(client, 'post', '/mfa/authenticate', { code });
    if (proof.status !== 200) continue;
    kept.used.push({ user, code });
    if (Math.random() < 0.5) {
      kept.alive.push(client);
      continue;
    }
    const copy = new Client('');
    for (const [name, value] of client.cookies) copy.cookies.set(name, value);
    const logout = await send(client, 'post', '/auth/logout');
    if (logout.status === 204) kept.dead.push(copy);
    await wait(Math.random() * 200);
  }
}

/** How many of these answer with another status at one of the instances that are left. */
async function wrong(clients, urls, path, expected) {
  let count = 0;
  for (const [index, client] of clients.entries()) {
    client.url = urls[index % urls.length];
    const { status } = await client.get(path);
    if (status !== expected) count += 1;
  }
  return count;
}

/** Ends sessions at one instance and asks for each at another at once; returns how many were alive there. */
async function aliveAtOthers(users, urls) {
  let count = 0;
  for (let ended = 0; ended < ENDED; ended++) {
    const client = new Client(urls[0]);
    const { email } = users[ended % users.length];
    await client.post('/auth/login', { email, password: PASSWORD });
    const other = new Client(urls[1]);
    for (const [name, value] of client.cookies) other.cookies.set(name, value);
    await client.delete('/mfa/session');
    const { status } = await other.get('/mfa/session');
    if (status === 200) count += 1;
  }
  return count;
}

async function acceptedAgain(used, urls) {
  let count = 0;
  for (const [index, { user, code }] of used.entries()) {
    const client = new Client(urls[index % urls.length]);
    await client.post('/auth/login', { email: user.email, password: PASSWORD });
    const { status } = await client.post('/mfa/authenticate', { code });
    if (status === 200) count += 1;
  }
  return count;
}

export async function killUnderLoad() {
  const db = await createDatabase('galera');
  let cluster;
  try {
    cluster = await Cluster.start(3, db.urls, {
      MFA_RATE_LIMIT_ATTEMPTS: '1000',
      MFA_RATE_LIMIT_LOCK_AFTER: '100',
    });
    const users = [];
    while (users.length < USERS) users.push(await User.enroll(cluster));
    const alive = await aliveAtOthers(users, cluster.urls);
    const kept = { used: [], alive: [], dead: [] };
    const tally = new Tally();
    const until = Date.now() + ENDS_AFTER_MS;
    const load = Promise.all(users.map((user) => signInAgainAndAgain(user, { cluster, tally, until, kept })));
    await wait(KILL_AFTER_MS);
    const before = kept.used.length;
    // The last: what looks into the database is connected to the first.
    await db.cluster.nodes[2].kill();
    await load;
    const left = cluster.urls.slice(0, 2);
    const results = [
      {
        what: `sessions ended at one and asked for at another at once, of ${ENDED}: alive`,
        found: alive,
        expected: 0,
      },
      {
        what: 'sign-ins answered before and after',
        found: `${before}, ${kept.used.length - before}`,
        isRight: before > 0 && kept.used.length > before,
      },
      {
        what: `answered sessions that are gone, of ${kept.alive.length}`,
        found: await wrong(kept.alive, left, '/me', 200),
        expected: 0,
      },
      {
        what: `answered sign-outs that are undone, of ${kept.dead.length}`,
        found: await wrong(kept.dead, left, '/me', 401),
        expected: 0,
      },
      {
        what: `used codes that are good again, of ${kept.used.length}`,
        found: await acceptedAgain(kept.used, left),
        expected: 0,
      },
    ];
    return {
      server: await db.describe(),
      answers: tally.toString(),
      results: results.map(({ expected, isRight = undefined, ...rest }) => ({
        ...rest,
        isRight: isRight ?? rest.found === expected,
      })),
    };
  } finally {
    await cluster?.stop();
    await db.drop();
  }
}
