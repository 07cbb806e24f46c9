import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { AuthenticationSessionStatus } from '../rows/authentication-session.entity.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';

/** How many users are remembered; the others are counted a little later. */
const MAX_REMEMBERED = 10_000;

/** What the limit needs to know about a session. */
interface Counted {
  id: string;
  status: AuthenticationSessionStatus;
  isOver: boolean;
}

/**
 * Keeps a user's sessions at `session.maxPerUser`: pending sign-ins are ended first, then the oldest complete sessions. A
 * pending sign-in only displaces another one, never a complete session: the password alone must not end what the owner opened
 * with more.
 *
 * Sessions are not counted at each sign-in, but once a tenth of the limit has been started in this process since the last
 * count, or the limit may be reached; under a limit below ten, each time.
 */
@Injectable()
export class SessionLimit {
  /** How many sessions each user may start before they are counted again. */
  private readonly room = new Map<string, number>();

  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Call it for each session that was started and each sign-in that was completed, after the commit. */
  async started({ session }: Pick<MfaIssuedSession, 'session'>): Promise<void> {
    const { userId } = session;
    const uncounted = Math.floor(this.options.session.maxPerUser / 10);
    const room = this.room.get(userId) ?? uncounted;
    if (room > 0) return this.remember(userId, room - 1);
    try {
      this.remember(userId, Math.min(await this.trim(session), uncounted));
    } catch {
      // The sign-in stands, and the storage has logged why this failed. The next one counts again.
    }
  }

  /** Ends surplus sessions, one batch at most. Returns how many more there may be. */
  private async trim(started: AuthenticationSession): Promise<number> {
    const { userId } = started;
    const { maxPerUser } = this.options.session;
    const { batchSize } = this.options.retention;
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .select('s.id', 'id')
        .addSelect('s.status', 'status')
        .addSelect('s.expires_at', 'expiresAt')
        .where('s.user_id = :userId', { userId })
        .orderBy('s.created_at', 'DESC')
        .addOrderBy('s.id', 'DESC')
        .limit(maxPerUser + batchSize)
        .getRawMany<{ id: string; status: AuthenticationSessionStatus; expiresAt: number | string }>(),
    );
    // The session that was just started stays, whatever the clocks of other instances say.
    const others = rows
      .filter(({ id }) => id !== started.id)
      .map(({ id, status, expiresAt }) => ({ id, status, isOver: Number(expiresAt) <= this.clock.now() }));
    const surplus = surplusOf(others, started.status, maxPerUser).map(({ id }) => id);
    if (surplus.length === 0) return maxPerUser - rows.length;
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(AuthenticationSession)
        .where('user_id = :userId AND id IN (:...surplus)', { userId, surplus }),
    );
    return 0;
  }

  private remember(userId: string, room: number): void {
    // A map iterates in insertion order.
    this.room.delete(userId);
    this.room.set(userId, room);
    const [oldest] = this.room.keys();
    if (this.room.size > MAX_REMEMBERED && oldest !== undefined) this.room.delete(oldest);
  }
}

/** Which of the others, newest first, are too many next to the session that was started. */
function surplusOf(
  others: readonly Counted[],
  status: AuthenticationSessionStatus,
  maxPerUser: number,
): readonly Counted[] {
  const over = others.filter(({ isOver }) => isOver);
  const living = others.filter(({ isOver }) => !isOver);
  const complete = living.filter((one) => one.status === 'authenticated');
  const pending = living.filter((one) => one.status === 'pending');
  if (status === 'authenticated') return [...complete, ...pending, ...over].slice(maxPerUser - 1);
  return [...pending, ...over].slice(Math.max(0, maxPerUser - 1 - complete.length));
}
