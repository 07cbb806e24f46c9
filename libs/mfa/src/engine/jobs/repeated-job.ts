import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

import { messageOf } from '../../core/errors/message-of.js';
import { findOptionalProvider } from '../../options/find-optional-provider.js';

interface Registry {
  addInterval(name: string, interval: NodeJS.Timeout): void;
}

/**
 * Work that every instance repeats at an interval. The module keeps its own timer; if the application has `@nestjs/schedule`,
 * the timer also appears in its registry like any other.
 */
export abstract class RepeatedJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(this.constructor.name);
  private interval?: NodeJS.Timeout;
  private isAtIt = false;

  /**
   * @param name the job's name in the registry
   * @param everySeconds the interval in seconds; 0 disables the job
   */
  protected constructor(
    private readonly name: string,
    private readonly everySeconds: number,
    private readonly modules: ModuleRef,
  ) {}

  /** Does one round of the work. */
  protected abstract work(): Promise<unknown>;
  /** The log message when a round fails. */
  protected abstract readonly failure: string;

  onApplicationBootstrap(): void {
    if (this.everySeconds === 0) return;
    this.interval = setInterval(() => void this.run(), this.everySeconds * 1000);
    this.interval.unref();
    const registry = findOptionalProvider<Registry>(this.modules, 'SchedulerRegistry', 'addInterval');
    registry?.addInterval(this.name, this.interval);
  }

  onModuleDestroy(): void {
    clearInterval(this.interval);
  }

  private async run(): Promise<void> {
    // Don't add load to a database that can't keep up with the interval.
    if (this.isAtIt) return;
    this.isAtIt = true;
    try {
      await this.work();
    } catch (error) {
      // The next round picks up what this one left.
      this.logger.warn(`${this.failure}: ${messageOf(error)}`);
    } finally {
      this.isAtIt = false;
    }
  }
}
