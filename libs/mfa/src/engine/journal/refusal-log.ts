import type { OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { NewMfaEvent } from './mfa-event.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { UnderWay } from '../jobs/under-way.js';
import { MfaJournal } from './mfa-journal.js';

/** So many are remembered; with more of them at once the oldest may be told again. */
const MAX_REMEMBERED = 10_000;

/**
 * Tells of refusals that no budget bounds: each kind once a window (`rateLimit.windowSeconds`) and user. What was told is
 * remembered in the process, so that a flood costs no statement; of several instances each tells once.
 */
@Injectable()
export class RefusalLog implements OnModuleDestroy {
  private readonly logger = new Logger(RefusalLog.name);
  private readonly told = new Map<string, number>();
  private readonly underWay = new UnderWay();

  constructor(
    @Inject(MfaJournal) private readonly journal: MfaJournal,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Tells of this event, unless the same one was told of this user within the window. Nobody has to wait for it. */
  tellOnce(user: MfaUser, source: MfaEventSource, event: NewMfaEvent): void {
    const key = JSON.stringify([userIdOf(user), event.type, event.data]);
    if (!this.isFirst(key)) return;
    this.later(async () => {
      try {
        await this.journal.record({ user, source, events: [event] });
      } catch (error) {
        // The storage has logged why. The next refusal is told then.
        this.told.delete(key);
        throw error;
      }
    });
  }

  /** Whether this is the first of its kind within the window; those after it are not. */
  isFirst(key: string): boolean {
    const now = this.clock.now();
    const before = this.told.get(key);
    const window = this.options.rateLimit.windowSeconds * 1000;
    if (before !== undefined && Math.abs(now - before) < window) return false;
    // The order of a map is that of insertion.
    this.told.delete(key);
    this.told.set(key, now);
    const [oldest] = this.told.keys();
    if (this.told.size > MAX_REMEMBERED && oldest !== undefined) this.told.delete(oldest);
    return true;
  }

  /** Does something that no request waits for, and that fails none. */
  later(work: () => Promise<void>): void {
    const done = work().catch((error: unknown) => {
      this.logger.warn(`A refusal could not be recorded: ${error instanceof Error ? error.message : ''}`);
    });
    this.underWay.add(done);
  }

  /** Nothing is left half told when the application closes. */
  async onModuleDestroy(): Promise<void> {
    await this.underWay.ended();
  }
}
