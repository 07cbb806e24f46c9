import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { HealthIndicatorService } from '@nestjs/terminus';

import { MfaException } from '../core/errors/mfa-exception.js';
import { FactorTables } from '../engine/authenticators/factor-tables.js';
import { SecretRegistry } from '../secrets/secret-registry.js';
import { missingTables } from '../schema/migrations/missing-tables.js';
import { within } from '../storage/bounded-wait.js';
import { MfaStorage } from '../storage/mfa-storage.js';

export interface MfaHealthOptions {
  /** How long to wait for the database, in milliseconds. Default: 1000. */
  timeoutMs?: number;
}

/**
 * Why an instance can't work. `database`: no response, or not in time. `tables`: migrations haven't run. `secret`:
 * another instance writes with a secret that this one doesn't have, so this one can't read what it writes.
 */
export type MfaHealthProblem = 'database' | 'tables' | 'secret';

/**
 * A health indicator for `@nestjs/terminus`: whether this instance could sign someone in right now. Each check runs one
 * small query. It reveals nothing about users, and checks the tables only until they have been found.
 */
@Injectable()
export class MfaHealthIndicator {
  private readonly logger = new Logger(MfaHealthIndicator.name);
  private hasTables = false;
  private told: string | null = null;
  private looking: Promise<MfaHealthProblem | null> | null = null;

  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  /**
   * Never throws: problems are reported as `down`, with a {@link MfaHealthProblem} as `problem`. The log has the
   * details, once for each new problem.
   *
   * @param key its name in the response
   */
  async isHealthy<const Key extends string = 'mfa'>(
    key: Key = 'mfa' as Key,
    { timeoutMs = 1000 }: MfaHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.indicators.check(key);
    const problem = await within(timeoutMs, this.look()).catch((error: unknown) =>
      this.tell('database', causeOf(error)),
    );
    if (problem) return indicator.down({ problem });
    this.told = null;
    return indicator.up();
  }

  /**
   * Concurrent checks share one result: no matter how often it is called or how slow the database is, only one check
   * runs.
   */
  private look(): Promise<MfaHealthProblem | null> {
    this.looking ??= this.findProblem().finally(() => {
      this.looking = null;
    });
    return this.looking;
  }

  private async findProblem(): Promise<MfaHealthProblem | null> {
    if (!this.hasTables) {
      const storage = this.modules.get(MfaStorage, { strict: false });
      const { all } = this.modules.get(FactorTables, { strict: false });
      // The storage times out on a hanging statement, so that the next check starts afresh.
      const missing = await missingTables(storage.dataSource, all, (query) => storage.read(query));
      if (missing.length > 0) return this.tell('tables', `the database lacks ${missing.join(', ')}`);
      this.hasTables = true;
    }
    const lacking = await this.modules.get(SecretRegistry, { strict: false }).lacking();
    return lacking.length > 0
      ? this.tell('secret', `\`secret\` lacks the key ids ${lacking.join(', ')}`)
      : null;
  }

  /** Logged, since the response may be public, and only once, since checks run every few seconds. */
  private tell(problem: MfaHealthProblem, why: unknown): MfaHealthProblem {
    const text = `${problem}: ${why instanceof Error ? why.message : String(why)}`;
    if (this.told !== text) this.logger.error(text);
    this.told = text;
    return problem;
  }
}

/** The underlying database error, rather than the one sent to clients. */
function causeOf(error: unknown): unknown {
  return error instanceof MfaException ? (error.cause ?? error) : error;
}
