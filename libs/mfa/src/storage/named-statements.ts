import { createHash } from 'node:crypto';

import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';

import type { PostgresClient, PostgresPool } from './postgres-pools.js';
import { poolsOf } from './postgres-pools.js';
import { PreparedStatements } from './prepared-statements.js';

/**
 * How PostgreSQL refuses a statement that it might take without its name (SQLSTATE): it does not know the name, as behind a pooler that
 * deals out another connection; the name is taken; or a migration has changed the type of a column that it writes or compares.
 */
const REFUSALS: readonly unknown[] = ['26000', '42P05', '42804', '42883'];

/** The same of a column that it returns. */
const isOutdated = (code: unknown, routine: unknown): boolean =>
  code === '0A000' && routine === 'RevalidateCachedQuery';

/** Such errors of statements that had a name. */
const refused = new WeakSet<object>();

/** Whether that error of the driver may be one of the statement's name, which it will not have again. Nothing of its transaction has happened. */
export function isNameRefused(driverError: unknown): boolean {
  return refused.has(driverError as object);
}

const named = new WeakSet<PostgresPool>();

/**
 * Sends what requests do over and over under a name, so that PostgreSQL parses and plans it once for each connection, and not
 * each time. `pg` takes the name beside the text, and TypeORM only the text: so the name is added on the connections of its
 * pool, by the text. When a name is refused, all go without from there on.
 *
 * Elsewhere there is nothing to do: better-sqlite3 keeps what it has compiled, and mysql2 sends texts.
 */
export function nameStatements(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres') return;
  const { master } = poolsOf(dataSource);
  // Several applications may be on one DataSource.
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

  /** The answer to a statement that had a name. */
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
      `PostgreSQL refused a prepared statement (${error.message}). They are not used any more until the next start; behind a pooler that does not keep them, leave \`storage.preparedStatements\` off`,
    );
  }
}
