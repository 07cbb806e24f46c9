import type { DataSource, QueryRunner } from 'typeorm';

/** Bits of Galera's `wsrep_sync_wait`: before reads (1), before UPDATE and DELETE (2), before INSERT and REPLACE (4). */
const BEFORE_ALL = 7;

/** Keyed by the metadata, which changes when a DataSource is initialized again. */
const clusters = new WeakMap<DataSource['entityMetadatas'], boolean>();
const causal = new WeakSet<object>();

/**
 * Makes the runner's connection see everything that any node of a Galera cluster has committed before. Otherwise a node answers
 * from what it has applied so far, and a session that was ended on another node would stay alive for some milliseconds. This is
 * set once per connection; other databases are asked once whether they are such a cluster.
 */
export async function waitForOtherNodes(dataSource: DataSource, runner: QueryRunner): Promise<void> {
  const { type } = dataSource.options;
  if (type !== 'mysql' && type !== 'mariadb') return;
  if (!(await isCluster(dataSource, runner))) return;
  const connection = (await runner.connect()) as object;
  if (causal.has(connection)) return;
  await runner.query(`SET SESSION wsrep_sync_wait = @@wsrep_sync_wait | ${BEFORE_ALL}`);
  if (!forgets(dataSource)) causal.add(connection);
}

/** Each caller asks on its own connection until one was answered, so nobody waits for another connection's answer. */
async function isCluster({ entityMetadatas }: DataSource, runner: QueryRunner): Promise<boolean> {
  const known = clusters.get(entityMetadatas);
  if (known !== undefined) return known;
  // MySQL and servers without the provider have no such variable, or have it off.
  const rows = (await runner.query("SHOW VARIABLES LIKE 'wsrep_on'")) as { Value?: unknown }[];
  const answer = rows.some(({ Value }) => Value === 'ON');
  clusters.set(entityMetadatas, answer);
  return answer;
}

/** Whether the pool resets connections to the server's defaults whenever they are released (`resetOnRelease` of mysql2). */
function forgets(dataSource: DataSource): boolean {
  const { pool } = dataSource.driver as { pool?: { config?: { resetOnRelease?: boolean } } };
  return pool?.config?.resetOnRelease === true;
}
