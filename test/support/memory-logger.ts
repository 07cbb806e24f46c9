import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'typeorm';

/** Keeps what Nest and TypeORM log. */
export class MemoryLogger implements LoggerService, Logger {
  readonly lines: string[] = [];
  queries: { sql: string; parameters: unknown[] }[] = [];

  logQuery(sql: string, parameters: unknown[] = []): void {
    this.queries.push({ sql, parameters });
  }

  logQueryError(error: string | Error): void {
    this.lines.push(String(error));
  }

  logQuerySlow(): void {
    this.lines.push('slow query');
  }

  logSchemaBuild(): void {
    // Irrelevant to tests.
  }

  logMigration(): void {
    // Irrelevant to tests.
  }

  log(...message: unknown[]): void {
    this.lines.push(message.map(String).join(' '));
  }

  warn = this.log.bind(this);
  error = this.log.bind(this);
  fatal = this.log.bind(this);

  /** The statements executed by `run`, except those that begin or end a transaction. */
  async statementsOf(run: () => Promise<unknown>): Promise<string[]> {
    const before = this.queries.length;
    await run();
    return this.queries
      .slice(before)
      .map(({ sql }) => sql)
      .filter((sql) => !/^(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SET SESSION|SET TRANSACTION)/.test(sql));
  }
}
