import type { OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';

/**
 * How far the stored time of last use may lag behind. Less where sessions end by being idle, so that a use is written several
 * times before then.
 */
const WRITTEN_EVERY_MS = 60_000;
const WRITTEN_BEFORE_IDLE = 4;

/** How long after the first unwritten use the batch is written; sooner where sessions end by being idle. */
const WAITS_MS = 30_000;
const WAITS_BEFORE_IDLE_MS = 1_000;

/** How many sessions are remembered. For others, the database's value counts. */
const MAX_REMEMBERED = 10_000;

/**
 * When sessions were last used: exact in this process, and to the minute in the database. Uses are collected and written
 * together a little later, so that no request executes another statement for this or waits for one.
 */
@Injectable()
export class SessionActivity implements OnModuleDestroy {
  /** The last use of each session, in milliseconds since the epoch. */
  private readonly seen = new Map<string, number>();
  /** Uses to be written, in whole seconds: all uses in the same second take one statement. */
  private readonly due = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** When the session was last used. */
  lastSeen(session: AuthenticationSession): Date {
    return new Date(Math.max(writtenAt(session), this.seen.get(session.id) ?? 0));
  }

  /** Whether the session has ended because it was idle for too long. A pending sign-in has an expiry of its own. */
  isIdle(session: AuthenticationSession): boolean {
    const { idleTtlSeconds } = this.options.session;
    if (idleTtlSeconds === null || session.status === 'pending') return false;
    return this.clock.now() - this.lastSeen(session).getTime() > idleTtlSeconds * 1000;
  }

  /** Records that the session is used now. */
  note(session: AuthenticationSession): void {
    const now = this.clock.now();
    // A map iterates in insertion order.
    this.seen.delete(session.id);
    this.seen.set(session.id, now);
    const [oldest] = this.seen.keys();
    if (this.seen.size > MAX_REMEMBERED && oldest !== undefined) this.seen.delete(oldest);
    if (now - writtenAt(session) <= this.writtenEvery) return;
    this.due.set(session.id, Math.floor(now / 1000));
    if (this.due.size >= this.options.retention.batchSize) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.waits).unref();
  }

  /** Writes the recorded uses. It never fails: what isn't written is recorded again by the next request. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const noted = [...this.due];
    this.due.clear();
    // Chained, so that waiting for this also waits for the write in progress.
    this.writing = this.writing.then(() => this.write(noted));
    await this.writing;
  }

  private async write(noted: readonly [id: string, second: number][]): Promise<void> {
    const bySecond = new Map<number, string[]>();
    for (const [id, second] of noted) {
      const ids = bySecond.get(second);
      if (ids) ids.push(id);
      else bySecond.set(second, [id]);
    }
    for (const [second, ids] of bySecond) {
      const seen = second * 1000;
      const query = this.storage.dataSource
        .createQueryBuilder()
        .update(AuthenticationSession)
        .set({ lastSeenAt: new Date(seen) })
        .where('id IN (:...ids) AND (last_seen_at IS NULL OR last_seen_at < :seen)', { ids, seen });
      // The storage has logged why.
      await this.storage.write(query).catch(() => undefined);
    }
  }

  /** Writes the last uses before the application closes. */
  async onModuleDestroy(): Promise<void> {
    await this.flush();
  }

  /** Other instances only know the uses that are written, and end sessions accordingly. */
  private get writtenEvery(): number {
    const idleMs = (this.options.session.idleTtlSeconds ?? Infinity) * 1000;
    return Math.min(WRITTEN_EVERY_MS, idleMs / WRITTEN_BEFORE_IDLE);
  }

  private get waits(): number {
    return this.options.session.idleTtlSeconds === null ? WAITS_MS : WAITS_BEFORE_IDLE_MS;
  }
}

function writtenAt({ lastSeenAt, createdAt }: AuthenticationSession): number {
  return (lastSeenAt ?? createdAt).getTime();
}
