import type { OnModuleDestroy } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';

/** A session's use is written down when this is later than what stands there, or sooner: several times before it would end. */
const WRITTEN_EVERY_MS = 60_000;
const WRITTEN_BEFORE_IDLE = 4;

/** How soon after the first use that is to be written; sooner where a session ends by not being used. */
const WAITS_MS = 30_000;
const WAITS_BEFORE_IDLE_MS = 1_000;

/** So many sessions are remembered; of the others it is known as the database has it. */
const MAX_REMEMBERED = 10_000;

/**
 * When sessions were last used: exactly in this process, and to the minute in the database. Uses are collected and written together a
 * little later, so that no request takes a statement more for it, and waits for none.
 */
@Injectable()
export class SessionActivity implements OnModuleDestroy {
  /** The last use of each session, in milliseconds since the epoch. */
  private readonly seen = new Map<string, number>();
  /** What is to be written, in whole seconds: those of one second take one statement. */
  private readonly due = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
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

  /** Whether the session is over because it was not used for so long. A sign-in that is half done has an end of its own. */
  isIdle(session: AuthenticationSession): boolean {
    const { idleTtlSeconds } = this.options.session;
    if (idleTtlSeconds === null || session.status === 'pending') return false;
    return this.clock.now() - this.lastSeen(session).getTime() > idleTtlSeconds * 1000;
  }

  /** Notes that the session is used now. */
  note(session: AuthenticationSession): void {
    const now = this.clock.now();
    // The order of a map is that of insertion.
    this.seen.delete(session.id);
    this.seen.set(session.id, now);
    const [oldest] = this.seen.keys();
    if (this.seen.size > MAX_REMEMBERED && oldest !== undefined) this.seen.delete(oldest);
    if (now - writtenAt(session) <= this.writtenEvery) return;
    this.due.set(session.id, Math.floor(now / 1000));
    if (this.due.size >= this.options.retention.batchSize) void this.flush();
    else this.timer ??= setTimeout(() => void this.flush(), this.waits).unref();
  }

  /** Writes down what was noted. It fails nobody: what is not written is noted again by the next request. */
  async flush(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const noted = [...this.due];
    this.due.clear();
    // After what is being written: who waits for this waits for that too.
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

  /** What was noted last is not lost when the application closes. */
  async onModuleDestroy(): Promise<void> {
    await this.flush();
  }

  /** Other instances know of a use only what is written, and end the session by that. */
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
