import type { DataSource } from 'typeorm';

/** A connection of `pg`. */
export interface PostgresClient {
  on(event: 'error', listener: () => void): void;
  query(config: unknown, ...rest: unknown[]): unknown;
}

/** It tells of each connection that it makes (`connect`), and of each that somebody gets (`acquire`). */
export interface PostgresPool {
  on(event: 'connect' | 'acquire', listener: (client: PostgresClient) => void): void;
}

/** The pools of `pg` of a DataSource that is initialized, as TypeORM's driver names them. */
export function poolsOf({ driver }: DataSource): { master?: PostgresPool; slaves?: PostgresPool[] } {
  return driver as unknown as { master?: PostgresPool; slaves?: PostgresPool[] };
}
