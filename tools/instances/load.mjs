// Users who sign in and out on several instances while something is killed, and how much of what was confirmed still
// holds afterwards.
import { setTimeout as wait } from 'node:timers/promises';

import { Client } from '../support/client.mjs';
import { User } from './measure.mjs';

const USERS = 12;
/** Each user signs in at this pace, as long as there are codes: ten. */
const PACE_MS = 1_200;
const KILL_AFTER_MS = 5_000;
const PASSWORD = 'correct horse battery';

/** Enough room for attempts that no limit responds instead of the database. */
export const ROOM = { MFA_RATE_LIMIT_ATTEMPTS: '1000', MFA_RATE_LIMIT_LOCK_AFTER: '100' };

export async function enrollUsers(cluster) {
  const users = [];
  while (users.length < USERS) users.push(await User.enroll(cluster));
  return users;
}

function copyOf(client, url = '') {
  const copy = new Client(url);
  for (const [name, value] of client.cookies) copy.cookies.set(name, value);
  return copy;
}

/** Signs one user in repeatedly, on any instance, and records the responses. */
async function signInAgainAndAgain(user, urls, { statuses, used, alive, dead }) {
  const send = async (client, path, body) => {
    client.url = urls[Math.floor(Math.random() * urls.length)];
    const { status } = await client.post(path, body).catch(() => ({ status: 'no answer' }));
    statuses.push(status);
    return status;
  };
  await wait(Math.random() * PACE_MS);
  for (const [index, code] of user.codes.entries()) {
    const next = wait(PACE_MS);
    const client = new Client('');
    if ((await send(client, '/auth/login', { email: user.email, password: PASSWORD })) === 200) {
      if ((await send(client, '/mfa/authenticate', { code })) === 200) {
        used.push({ user, code, at: Date.now() });
        const copy = copyOf(client);
        if (index % 2 === 0) alive.push(copy);
        else if ((await send(client, '/auth/logout')) === 204) dead.push(copy);
      }
    }
    await next;
  }
}

/** How many of these clients get a response other than expected from the remaining instances. */
async function countOthers(clients, urls, expected) {
  let count = 0;
  for (const [index, client] of clients.entries()) {
    const { status } = await copyOf(client, urls[index % urls.length]).get('/me');
    if (status !== expected) count += 1;
  }
  return count;
}

async function countAccepted(used, urls) {
  let count = 0;
  for (const [index, { user, code }] of used.entries()) {
    const client = new Client(urls[index % urls.length]);
    await client.post('/auth/login', { email: user.email, password: PASSWORD });
    if ((await client.post('/mfa/authenticate', { code })).status === 200) count += 1;
  }
  return count;
}

/**
 * Calls `kill` in the middle of the load, and counts afterwards.
 *
 * @param left the instances to use afterwards
 */
export async function killUnder(cluster, users, kill, left = cluster.urls) {
  const kept = { statuses: [], used: [], alive: [], dead: [] };
  const load = Promise.all(users.map((user) => signInAgainAndAgain(user, cluster.urls, kept)));
  await wait(KILL_AFTER_MS);
  const killedAt = Date.now();
  await kill();
  await load;
  const { statuses, used, alive, dead } = kept;
  const before = used.filter(({ at }) => at <= killedAt).length;
  const counts = new Map();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return {
    answers: [...counts].map(([status, count]) => `${count} × ${status}`).join(', '),
    before,
    after: used.length - before,
    gone: `${await countOthers(alive, left, 200)} of ${alive.length}`,
    undone: `${await countOthers(dead, left, 401)} of ${dead.length}`,
    again: `${await countAccepted(used, left)} of ${used.length}`,
  };
}

/** The counts as pass or fail: nothing that was confirmed may be lost. */
export function resultsOf({ before, after, gone, undone, again }) {
  const none = (found) => found.startsWith('0 of ');
  return [
    {
      what: 'sign-ins answered before and after',
      found: `${before}, ${after}`,
      isRight: before > 0 && after > 0,
    },
    { what: 'answered sessions that are gone', found: gone, isRight: none(gone) },
    { what: 'answered sign-outs that are undone', found: undone, isRight: none(undone) },
    { what: 'used codes that are good again', found: again, isRight: none(again) },
  ];
}

export function printResults(title, results) {
  const lines = results.map(({ what, found, isRight }) => `  ${isRight ? 'ok ' : 'NOT'} ${what}: ${found}`);
  process.stdout.write(`${title}\n${lines.join('\n')}\n`);
  return results.filter(({ isRight }) => !isRight).length;
}
