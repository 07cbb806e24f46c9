import { Inject, Injectable } from '@nestjs/common';

import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AuthenticationSession } from '../rows/authentication-session.entity.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';

/** So many users are remembered; the others are counted a little later. */
const MAX_REMEMBERED = 10_000;

/**
 * Keeps a user's sessions at `session.maxPerUser`: the oldest go. They are not counted at each sign-in, but when a tenth of the
 * limit has been started in this process since they were last, or the limit may be reached; under a limit below ten, each time.
 */
@Injectable()
export class SessionLimit {
  /** How many of each user's may start before they are counted again. */
  private readonly room = new Map<string, number>();

  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** To be told of each session that was started, when its commit is done. */
  async started({ session: { id, userId } }: MfaIssuedSession): Promise<void> {
    const uncounted = Math.floor(this.options.session.maxPerUser / 10);
    const room = this.room.get(userId) ?? uncounted;
    if (room > 0) return this.remember(userId, room - 1);
    try {
      this.remember(userId, Math.min(await this.trim(userId, id), uncounted));
    } catch {
      // The sign-in stands, and the storage has logged why. The next one counts again.
    }
  }

  /** Ends what is too many, a batch at most; returns how many more there may be. */
  private async trim(userId: string, startedId: string): Promise<number> {
    const { maxPerUser } = this.options.session;
    const { batchSize } = this.options.retention;
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .select('s.id', 'id')
        .where('s.user_id = :userId', { userId })
        .orderBy('s.created_at', 'DESC')
        .addOrderBy('s.id', 'DESC')
        .limit(maxPerUser + batchSize)
        .getRawMany<{ id: string }>(),
    );
    // Whatever the clocks of other instances say, the one that was just started stays.
    const surplus = rows
      .map(({ id }) => id)
      .filter((id) => id !== startedId)
      .slice(maxPerUser - 1);
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
    // The order of a map is that of insertion.
    this.room.delete(userId);
    this.room.set(userId, room);
    const [oldest] = this.room.keys();
    if (this.room.size > MAX_REMEMBERED && oldest !== undefined) this.room.delete(oldest);
  }
}
