import type { OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { NewMfaEvent } from './mfa-event.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import { UnderWay } from '../jobs/under-way.js';
import { MfaJournal } from './mfa-journal.js';

/** How many reports are remembered. Beyond that, the oldest may be reported again. */
const MAX_REMEMBERED = 10_000;

/**
 * Reports refusals that no budget bounds: once per kind, user and window (`rateLimit.windowSeconds`). What was reported is
 * remembered in the process, so a flood of refusals costs no statements. Each instance reports once.
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

  /** Records this event, unless the same one was recorded for this user within the window. Returns without waiting. */
  tellOnce(user: MfaUser, source: MfaEventSource, event: NewMfaEvent): void {
    const key = JSON.stringify([userIdOf(user), event.type, event.data]);
    if (!this.isFirst(key)) return;
    this.later(async () => {
      try {
        await this.journal.record({ user, source, events: [event] });
      } catch (error) {
        // The storage has logged why. The next refusal will be reported instead.
        this.told.delete(key);
        throw error;
      }
    });
  }

  /** Whether this is the first of its kind within the window. */
  isFirst(key: string): boolean {
    const now = this.clock.now();
    const before = this.told.get(key) ?? Infinity;
    const window = this.options.rateLimit.windowSeconds * 1000;
    if (Math.abs(now - before) < window) return false;
    // A map iterates in insertion order.
    this.told.delete(key);
    this.told.set(key, now);
    const [oldest] = this.told.keys();
    if (this.told.size > MAX_REMEMBERED) this.told.delete(oldest as string);
    return true;
  }

  /** Does work that no request waits for and that can't fail one. */
  later(work: () => Promise<void>): void {
    const done = work().catch((error: unknown) => {
      this.logger.warn(`A refusal could not be recorded: ${messageOf(error)}`);
    });
    this.underWay.add(done);
  }

  /** Finishes pending reports before the application closes. */
  async onModuleDestroy(): Promise<void> {
    await this.underWay.ended();
  }
}
