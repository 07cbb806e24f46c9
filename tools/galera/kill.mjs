// What ends on one node has ended on the others at once, and killing a node loses nothing that was confirmed.
import { Cluster } from '../instances/cluster.mjs';
import { ROOM, enrollUsers, killUnder, resultsOf } from '../instances/load.mjs';
import { Client } from '../support/client.mjs';
import { createDatabase } from '../support/databases.mjs';

const ENDED = 200;

/** Ends sessions on one instance and immediately uses each on another; returns how many were still alive there. */
async function aliveAtOthers(users, [one, other]) {
  let count = 0;
  for (let ended = 0; ended < ENDED; ended++) {
    const client = new Client(one);
    await client.post('/auth/login', {
      email: users[ended % users.length].email,
      password: 'correct horse battery',
    });
    const there = new Client(other);
    for (const [name, value] of client.cookies) there.cookies.set(name, value);
    await client.delete('/mfa/session');
    if ((await there.get('/mfa/session')).status === 200) count += 1;
  }
  return count;
}

export async function killUnderLoad() {
  const db = await createDatabase('galera');
  let cluster;
  try {
    cluster = await Cluster.start(3, db.urls, ROOM);
    const users = await enrollUsers(cluster);
    const alive = await aliveAtOthers(users, cluster.urls);
    // The last node: the checks are connected to the first.
    const kill = () => db.cluster.nodes[2].kill();
    const found = await killUnder(cluster, users, kill, cluster.urls.slice(0, 2));
    return {
      answers: found.answers,
      results: [
        {
          what: `sessions ended at one node and asked for at another at once, alive of ${ENDED}`,
          found: alive,
          isRight: alive === 0,
        },
        ...resultsOf(found),
      ],
    };
  } finally {
    await cluster?.stop();
    await db.drop();
  }
}
