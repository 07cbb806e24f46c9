import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { LATEST_MOMENT } from '../../storage/columns.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import { UserStateService } from '../users/user-state.service.js';

/** How many messages are allowed per window. */
export interface MessageLimit {
  messages: number;
  windowSeconds: number;
}

/** A message that was counted. */
export interface TakenMessage {
  userId: string;
  /** When it was counted, in milliseconds since the epoch. */
  at: number;
  /** When the next one may be sent. */
  nextAt: Date;
}

/**
 * One budget of messages per user and window, whatever they are for. It is taken before a message is sent, so parallel requests
 * can't exceed it, and it belongs to the user, so signing in again doesn't renew it.
 */
@Injectable()
export class MessageBudget {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(UserStateService) private readonly users: UserStateService,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** @throws {MfaException} `too_many_messages` with the seconds to wait; `session_expired` when the user was forgotten */
  async take(userId: string, limit: MessageLimit): Promise<TakenMessage> {
    const at = this.clock.now();
    const windowMs = limit.windowSeconds * 1000;
    const taken = await this.storage.write(this.count(userId, at, limit).query);
    const state = await this.users.find(userId);
    // The row existed when the request began: every user with an authenticator or a setup in progress has one.
    if (!state) throw new MfaException('session_expired');
    const endsAt = (state.messagesFrom?.getTime() ?? at) + windowMs;
    if (taken === 0) {
      const retryAfter = Math.ceil((endsAt - at) / 1000);
      throw new MfaException('too_many_messages', { retryAfter });
    }
    const isSpent = (state.messages ?? 0) >= limit.messages;
    return { userId, at, nextAt: new Date(isSpent ? endsAt : at) };
  }

  /** Gives back this one message if its window is still the current one. */
  planGivingBack({ userId, at }: TakenMessage): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        .set({
          messagesFrom: () => 'CASE WHEN messages = 1 THEN NULL ELSE messages_from END',
          messages: () => 'messages - 1',
        })
        .where('user_id = :userId AND messages > 0 AND messages_from <= :at', { userId, at }),
    };
  }

  private count(userId: string, now: number, { messages, windowSeconds }: MessageLimit): Write {
    const cutoff = now - windowSeconds * 1000;
    // A window whose start is no time would never pass.
    const isNew = `messages IS NULL OR messages_from IS NULL OR messages_from <= :cutoff OR messages_from > ${LATEST_MOMENT}`;
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaUserState)
        // Order matters: MySQL evaluates from left to right, and the second expression must not see a new window.
        .set({
          messages: () => `CASE WHEN ${isNew} THEN 1 ELSE messages + 1 END`,
          messagesFrom: () => `CASE WHEN ${isNew} THEN :now ELSE messages_from END`,
        })
        .where(`user_id = :userId AND (${isNew} OR messages < :atMost)`, { userId, atMost: messages })
        .setParameters({ cutoff, now }),
    };
  }
}
