import { Inject, Injectable } from '@nestjs/common';

import type { MfaEvent } from './mfa-event.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { AuditEntry } from './audit-entry.entity.js';

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
          .into(AuditEntry)
          .values(rows)
          .updateEntity(false),
      },
    ];
  }
}
