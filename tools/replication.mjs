// PostgreSQL with a streaming standby: the primary is killed while users sign in, and the standby takes over. Exits
// with 1 when a synchronous standby has lost anything that was confirmed; what an asynchronous one loses is printed.
//
//   npm run build && node tools/replication.mjs
import { Cluster } from './instances/cluster.mjs';
import { ROOM, enrollUsers, killUnder, printResults, resultsOf } from './instances/load.mjs';
import { ReplicatedPostgres } from './replication/servers.mjs';

async function failOver({ isSynchronous, lags = false }) {
  const servers = await ReplicatedPostgres.start(isSynchronous);
  let cluster;
  try {
    cluster = await Cluster.start(2, [servers.url], ROOM);
    const users = await enrollUsers(cluster);
    if (lags) await servers.holdBack();
    return await killUnder(cluster, users, () => servers.failOver());
  } finally {
    await cluster?.stop();
    servers.stop();
  }
}

const synchronous = await failOver({ isSynchronous: true });
const wrong = printResults(`Synchronous standby (${synchronous.answers})`, resultsOf(synchronous));
const asynchronous = await failOver({ isSynchronous: false });
printResults(`Asynchronous standby (${asynchronous.answers})`, resultsOf(asynchronous));
const lagging = await failOver({ isSynchronous: false, lags: true });
printResults(`Asynchronous standby that lags by five seconds (${lagging.answers})`, resultsOf(lagging));
process.stdout.write(
  wrong === 0 ? 'The synchronous standby has lost nothing.\n' : `${wrong} results are wrong.\n`,
);
process.exitCode = wrong === 0 ? 0 : 1;
