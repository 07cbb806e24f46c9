import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { sortableId } from '../../core/crypto/tokens.js';
import type { CommitResult, Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaNotifier } from './mfa-notifier.js';
import type { MfaEventSource, MfaEvent, NewMfaEvent } from './mfa-event.js';
import { MfaEvents } from './mfa-events.js';
import { MfaAuditEntry } from './audit-entry.entity.js';

/** Writes events into the audit trail, in the transaction of the change that they tell of. */
@Injectable()
export class AuditLog {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /** The statements that keep these events: none unless the trail is kept. */
  plan(events: readonly MfaEvent[]): Write[] {
    if (!this.options.audit.enabled || events.length === 0) return [];
    const rows = events.map(({ actor, ...event }) => ({
      ...event,
      actorType: actor.type,
      actorId: actor.id,
    }));
    return [
      {
        query: this.storage.dataSource
          .createQueryBuilder()
          .insert()
          .into(MfaAuditEntry)
          .values(rows)
          .updateEntity(false),
      },
    ];
  }
}

/** What a change means for one user. */
export interface Happening {
  user: MfaUser;
  source: MfaEventSource;
  events: readonly NewMfaEvent[];
  /** Whether the owner of the account is not told: of what is no change to them. */
  silent?: boolean;
}

/** Commits changes together with their audit trail, and tells of them when they have happened: once, and never before. */
@Injectable()
export class MfaJournal {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(MfaEvents) private readonly events: MfaEvents,
    @Inject(MfaNotifier) private readonly notifier: MfaNotifier,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Runs the writes in one transaction. What it means is told only if they were committed. */
  async commit(writes: readonly Write[], happening: Happening): Promise<CommitResult> {
    const events = this.stamp(happening);
    const result = await this.storage.commit([...writes, ...this.audit.plan(events)]);
    if (result.committed) this.tell(happening, events);
    return result;
  }

  /** Records what happened without changing any of our rows. */
  async record(happening: Happening): Promise<void> {
    await this.commit([], happening);
  }

  private tell({ user, silent = false }: Happening, events: readonly MfaEvent[]): void {
    this.events.publish(events);
    if (silent) return;
    for (const event of events) this.notifier.notify(event, user);
  }

  private stamp({ user, source, events }: Happening): MfaEvent[] {
    const now = this.clock.now();
    const userId = userIdOf(user);
    return events.map((event) => ({ id: sortableId(now), at: new Date(now), userId, ...source, ...event }));
  }
}
