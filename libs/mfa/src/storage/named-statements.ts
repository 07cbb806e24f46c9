import { createHash } from 'node:crypto';

import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import type { PostgresClient, PostgresPool } from './postgres-pools.js';
import { poolsOf } from './postgres-pools.js';
import { PreparedStatements } from './prepared-statements.js';

/**
 * SQLSTATEs with which PostgreSQL rejects a statement that it might accept without its name: the name is unknown, as behind a
 * pooler that assigns another connection; the name is taken; or a migration has changed the type of a column that the statement
 * writes or compares.
 */
const REFUSALS: readonly unknown[] = ['26000', '42P05', '42804', '42883'];

/** The same for a column that the statement returns. */
const isOutdated = (code: unknown, routine: unknown): boolean =>
  code === '0A000' && routine === 'RevalidateCachedQuery';

/** Such errors of statements that had a name. */
const refused = new WeakSet<object>();

/**
 * Whether the driver's error may be due to the statement's name, which is not used again. None of its transaction has happened.
 */
export function isNameRefused(driverError: unknown): boolean {
  return refused.has(driverError as object);
}

const named = new WeakSet<PostgresPool>();

/**
 * Names the statements that requests run repeatedly, so that PostgreSQL parses and plans them once per connection instead of
 * each time. `pg` takes a name next to the text, but TypeORM only passes the text, so the name is derived from the text on the
 * connections of its pool. Once a name is rejected, no statement is named any more.
 *
 * Other drivers need nothing: better-sqlite3 keeps what it has compiled, and mysql2 sends text.
 */
export function nameStatements(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres') return;
  const { master } = poolsOf(dataSource);
  // Several applications may share one DataSource.
  if (!master || named.has(master)) return;
  named.add(master);
  const names = new StatementNames(dataSource);
  const known = new WeakSet<PostgresClient>();
  master.on('acquire', (client) => {
    if (known.has(client)) return;
    known.add(client);
    const query = client.query.bind(client);
    client.query = (config, ...rest) => {
      const isAwaited = typeof rest.at(-1) !== 'function';
      const name = isAwaited && typeof config === 'string' ? names.of(config) : undefined;
      return name === undefined
        ? query(config, ...rest)
        : names.watch(query({ name, text: config }, ...rest));
    };
  });
}

class StatementNames {
  private readonly logger = new Logger('MfaStorage');
  private readonly names = new Map<string, string>();
  private areRefused = false;

  constructor(private readonly dataSource: DataSource) {}

  /** The name is derived from the text, so anyone else using it on the same server means the same statement. */
  of(sql: string): string | undefined {
    if (this.areRefused || !PreparedStatements.of(this.dataSource).isLasting(sql)) return undefined;
    let name = this.names.get(sql);
    if (name === undefined) {
      name = `mfa_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
      this.names.set(sql, name);
    }
    return name;
  }

  /** The result of a statement that had a name. */
  async watch(answer: unknown): Promise<unknown> {
    try {
      return await answer;
    } catch (error) {
      const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown };
      if (REFUSALS.includes(code) || isOutdated(code, routine)) this.giveUp(error as Error);
      throw error;
    }
  }

  private giveUp(error: Error): void {
    refused.add(error);
    if (this.areRefused) return;
    this.areRefused = true;
    this.logger.warn(
      `PostgreSQL rejected a prepared statement (${error.message}). Prepared statements are off until the next start; behind a pooler that does not support them, leave \`storage.preparedStatements\` off`,
    );
  }
}
