import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { findOptionalProvider } from '../options/find-optional-provider.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { PurgeResult } from './expired-rows.js';
import { ExpiredRows } from './expired-rows.js';
import { Leases } from './leases.js';

interface Registry {
  addInterval(name: string, interval: NodeJS.Timeout): void;
}

const NAME = 'nestjs-mfa:purge';
const LEASE_MS = 60_000;

/**
 * Removes what has expired, every now and then, by one instance at a time. The interval is our own; where the application has
 * `@nestjs/schedule` it is in its registry, like any other.
 */
@Injectable()
export class RetentionJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RetentionJob.name);
  private interval: NodeJS.Timeout | null = null;
  private isAtIt = false;

  constructor(
    @Inject(ExpiredRows) private readonly expired: ExpiredRows,
    @Inject(Leases) private readonly leases: Leases,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  onApplicationBootstrap(): void {
    const { everySeconds } = this.options.retention;
    if (everySeconds === 0) return;
    this.interval = setInterval(() => void this.runQuietly(), everySeconds * 1000);
    this.interval.unref();
    const registry = findOptionalProvider<Registry>(this.modules, 'SchedulerRegistry', 'addInterval');
    registry?.addInterval(NAME, this.interval);
  }

  onModuleDestroy(): void {
    if (this.interval) clearInterval(this.interval);
    this.interval = null;
  }

  /** What was removed; null when another instance is at it, or this one still. */
  async run(): Promise<PurgeResult | null> {
    // The lease does not keep its own holder out.
    if (this.isAtIt) return null;
    this.isAtIt = true;
    try {
      if (!(await this.leases.take(NAME, LEASE_MS))) return null;
      try {
        return await this.expired.purge(() => this.leases.take(NAME, LEASE_MS));
      } finally {
        await this.leases.giveBack(NAME);
      }
    } finally {
      this.isAtIt = false;
    }
  }

  private async runQuietly(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      // The next round does what this one left.
      this.logger.warn(`Expired rows stay for now: ${error instanceof Error ? error.message : ''}`);
    }
  }
}
