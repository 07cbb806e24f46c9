import type { DataSource } from 'typeorm';

/** A connection of `pg`. */
export interface PostgresClient {
  on(event: 'error', listener: () => void): void;
  query(config: unknown, ...rest: unknown[]): unknown;
}

/** Emits each connection that it opens (`connect`), and each that is checked out (`acquire`). */
export interface PostgresPool {
  on(event: 'connect' | 'acquire', listener: (client: PostgresClient) => void): void;
}

/** The `pg` pools of an initialized DataSource, as TypeORM's driver names them. */
export function poolsOf({ driver }: DataSource): { master?: PostgresPool; slaves?: PostgresPool[] } {
  return driver as unknown as { master?: PostgresPool; slaves?: PostgresPool[] };
}
