import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

import { findOptionalProvider } from '../../options/find-optional-provider.js';

interface Registry {
  addInterval(name: string, interval: NodeJS.Timeout): void;
}

/**
 * Work that every instance does every now and then. The interval is our own; where the application has `@nestjs/schedule` it is
 * in its registry, like any other.
 */
export abstract class RepeatedJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(this.constructor.name);
  private interval: NodeJS.Timeout | null = null;
  private isAtIt = false;

  /**
   * @param name what the registry calls it
   * @param everySeconds 0: never
   */
  protected constructor(
    private readonly name: string,
    private readonly everySeconds: number,
    private readonly modules: ModuleRef,
  ) {}

  /** One round. */
  protected abstract work(): Promise<unknown>;
  /** What the log says when a round fails. */
  protected abstract readonly failure: string;

  onApplicationBootstrap(): void {
    if (this.everySeconds === 0) return;
    this.interval = setInterval(() => void this.run(), this.everySeconds * 1000);
    this.interval.unref();
    const registry = findOptionalProvider<Registry>(this.modules, 'SchedulerRegistry', 'addInterval');
    registry?.addInterval(this.name, this.interval);
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
      await this.work();
    } catch (error) {
      // The next round does what this one left.
      this.logger.warn(`${this.failure}: ${error instanceof Error ? error.message : ''}`);
    } finally {
      this.isAtIt = false;
    }
  }
}
