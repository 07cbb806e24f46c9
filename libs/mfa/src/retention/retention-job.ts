import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { findOptionalProvider } from '../options/find-optional-provider.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { ExpiredRows } from './expired-rows.js';

interface Registry {
  addInterval(name: string, interval: NodeJS.Timeout): void;
}

const NAME = 'nestjs-mfa:purge';

/**
 * Removes what has expired, every now and then; all instances do, whenever their time comes. The interval is our own; where the
 * application has `@nestjs/schedule` it is in its registry, like any other.
 */
@Injectable()
export class RetentionJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RetentionJob.name);
  private interval: NodeJS.Timeout | null = null;
  private isAtIt = false;

  constructor(
    @Inject(ExpiredRows) private readonly expired: ExpiredRows,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  onApplicationBootstrap(): void {
    const { everySeconds } = this.options.retention;
    if (everySeconds === 0) return;
    this.interval = setInterval(() => void this.run(), everySeconds * 1000);
    this.interval.unref();
    const registry = findOptionalProvider<Registry>(this.modules, 'SchedulerRegistry', 'addInterval');
    registry?.addInterval(NAME, this.interval);
  }

  onModuleDestroy(): void {
    if (this.interval) clearInterval(this.interval);
    this.interval = null;
  }

  private async run(): Promise<void> {
    // A database that is too slow for the interval must not get more of the same.
    if (this.isAtIt) return;
    this.isAtIt = true;
    try {
      await this.expired.purge();
    } catch (error) {
      // The next round does what this one left.
      this.logger.warn(`Expired rows could not be removed: ${error instanceof Error ? error.message : ''}`);
    } finally {
      this.isAtIt = false;
    }
  }
}
