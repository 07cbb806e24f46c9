import type { DataSource } from 'typeorm';

interface Pool {
  on(event: 'connect', listener: (client: { on(event: 'error', listener: () => void): void }) => void): void;
}

/**
 * Keeps the process alive when PostgreSQL ends a connection in the moment in which it is made, as when the server restarts.
 * `pg` tells of it by an event `error`, which ends the process if nobody listens; its pool has stopped listening then, and
 * TypeORM has not begun. Nothing else is to be done: the connection's next statement fails, and the pool drops it.
 */
export function surviveConnectionLoss(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres' && dataSource.options.type !== 'cockroachdb') return;
  const { master, slaves } = dataSource.driver as unknown as { master?: Pool; slaves?: Pool[] };
  for (const pool of [master, ...(slaves ?? [])]) {
    pool?.on('connect', (client) => client.on('error', () => undefined));
  }
}
