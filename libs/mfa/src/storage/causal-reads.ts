import type { DataSource, QueryRunner } from 'typeorm';

/** Bits of Galera's `wsrep_sync_wait`: before reads (1), before UPDATE and DELETE (2), before INSERT and REPLACE (4). */
const BEFORE_ALL = 7;

const clusters = new WeakMap<DataSource, Promise<boolean>>();
const causal = new WeakSet<object>();

/**
 * Lets the connection of that runner see all that any node of a Galera cluster has committed before: without it a node answers from
 * what it has applied so far, and a session that was ended at another one would be alive for some milliseconds. Set once for each
 * connection; other databases are asked once whether they are such a cluster.
 */
export async function waitForOtherNodes(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  const { type } = dataSource.options;
  if (type !== 'mysql' && type !== 'mariadb') return;
  if (!(await isCluster(dataSource, runner))) return;
  const connection = (await runner.connect()) as object;
  if (causal.has(connection)) return;
  await runner.query(`SET SESSION wsrep_sync_wait = @@wsrep_sync_wait | ${BEFORE_ALL}`);
  causal.add(connection);
}

async function isCluster(dataSource: DataSource, runner: QueryRunner): Promise<boolean> {
  let asked = clusters.get(dataSource);
  if (!asked) {
    asked = ask(runner);
    clusters.set(dataSource, asked);
    // Not known is not no: the next one asks again.
    asked.catch(() => clusters.delete(dataSource));
  }
  return asked;
}

/** MySQL and servers without the provider have no such variable, or have it off. */
async function ask(runner: QueryRunner): Promise<boolean> {
  const rows = (await runner.query("SHOW VARIABLES LIKE 'wsrep_on'")) as { Value?: unknown }[];
  return rows.some(({ Value }) => Value === 'ON');
}
