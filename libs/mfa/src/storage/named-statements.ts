import { createHash } from 'node:crypto';

import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import { PreparedStatements } from './prepared-statements.js';

/** A connection of `pg`. */
interface Client {
  query(config: unknown, ...rest: unknown[]): unknown;
}

interface Pool {
  on(event: 'acquire', listener: (client: Client) => void): void;
}

/** SQLSTATE of a name that the server does not know, as behind a pooler that deals out another connection, and of one that is taken. */
const UNKNOWN_OR_TAKEN: readonly unknown[] = ['26000', '42P05'];

/**
 * Whether PostgreSQL has refused a named statement because of its name: behind a pooler that does not keep them, after
 * `DEALLOCATE ALL`, or when a migration has changed the type of a column that it selects. Nothing of it has happened.
 */
export function isNameRefused(error: unknown): boolean {
  const { code, routine } = error as { code?: unknown; routine?: unknown };
  return UNKNOWN_OR_TAKEN.includes(code) || (code === '0A000' && routine === 'RevalidateCachedQuery');
}

/**
 * Sends what requests do over and over under a name, so that PostgreSQL parses and plans it once for each connection, and not
 * each time. `pg` takes the name beside the text, and TypeORM only the text: so the name is added on the connections of its
 * pool, to statements of this module and no others. When a name is refused, all go without from there on.
 *
 * Elsewhere there is nothing to do: better-sqlite3 keeps what it has compiled, and mysql2 sends texts.
 */
export function nameStatements(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres') return;
  const { master } = dataSource.driver as unknown as { master?: Pool };
  const names = new StatementNames(dataSource);
  const known = new WeakSet<Client>();
  master?.on('acquire', (client) => {
    if (known.has(client)) return;
    known.add(client);
    const query = client.query.bind(client);
    client.query = (config, ...rest) => {
      const isAwaited = typeof rest.at(-1) !== 'function';
      const name = isAwaited && typeof config === 'string' ? names.of(config) : undefined;
      if (name === undefined) return query(config, ...rest);
      const answer = query({ name, text: config }, ...rest) as Promise<unknown>;
      answer.catch((error: unknown) => isNameRefused(error) && names.giveUp(error as Error));
      return answer;
    };
  });
}

class StatementNames {
  private readonly logger = new Logger('MfaStorage');
  private readonly names = new Map<string, string>();
  private areRefused = false;

  constructor(private readonly dataSource: DataSource) {}

  /** The name goes by the text: whoever else has it on the same server means the same statement. */
  of(sql: string): string | undefined {
    if (this.areRefused || !PreparedStatements.of(this.dataSource).isLasting(sql)) return undefined;
    let name = this.names.get(sql);
    if (name === undefined) {
      name = `mfa_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
      this.names.set(sql, name);
    }
    return name;
  }

  giveUp({ message }: Error): void {
    if (this.areRefused) return;
    this.areRefused = true;
    this.logger.warn(
      `PostgreSQL has lost a prepared statement (${message}). They are not used any more until the next start; behind a pooler that does not keep them, leave \`storage.preparedStatements\` off`,
    );
  }
}
