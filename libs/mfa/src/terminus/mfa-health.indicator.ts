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
  /** How long the database may take to answer, in milliseconds. Default: 1000. */
  timeoutMs?: number;
}

/**
 * Why an instance can't do its work. `database`: it does not answer, or not in time. `tables`: migrations have not run. `secret`: another instance writes with a
 * secret that this one does not have, so that what it wrote can't be read here.
 */
export type MfaHealthProblem = 'database' | 'tables' | 'secret';

/**
 * A health indicator for `@nestjs/terminus`: whether this instance could sign somebody in now. One small query each time; it says nothing of users, and
 * needs no second look at what was once found to be there.
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
   * Never throws: what is wrong is `down`, with a {@link MfaHealthProblem} as its `problem`. The log says more, once for each new problem.
   *
   * @param key what the answer calls it
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

  /** Whoever asks meanwhile is told the same: however often it is asked, and however long the database takes, there is one look at it. */
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
      // The storage gives up on a statement that hangs, so that the next look is a new one.
      const missing = await missingTables(storage.dataSource, all, (query) => storage.read(query));
      if (missing.length > 0) return this.tell('tables', `the database lacks ${missing.join(', ')}`);
      this.hasTables = true;
    }
    const lacking = await this.modules.get(SecretRegistry, { strict: false }).lacking();
    return lacking.length > 0
      ? this.tell('secret', `\`secret\` lacks the key ids ${lacking.join(', ')}`)
      : null;
  }

  /** To the log, since anybody may see the answer; and once, since it is asked every few seconds. */
  private tell(problem: MfaHealthProblem, why: unknown): MfaHealthProblem {
    const text = `${problem}: ${why instanceof Error ? why.message : String(why)}`;
    if (this.told !== text) this.logger.error(text);
    this.told = text;
    return problem;
  }
}

/** What the storage was refused with, rather than what it answers requests. */
function causeOf(error: unknown): unknown {
  return error instanceof MfaException ? (error.cause ?? error) : error;
}
