import { Inject, Injectable } from '@nestjs/common';

import { firstIdAt } from '../../core/crypto/tokens.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaEventType } from './mfa-event.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { PrimaryReader } from '../../storage/mfa-storage.js';
import { removeInBatches } from '../../storage/remove-in-batches.js';
import { MfaAuditEntry } from './audit-entry.entity.js';

/** Which entries to read. */
export interface MfaAuditQuery {
  userId?: string;
  types?: readonly MfaEventType[];
  /** Only entries at or after this time. */
  from?: Date;
  /** Only entries before this time. */
  to?: Date;
  /** The `next` of the previous page. */
  cursor?: string | null;
  /** Entries per page, 1 to 1000. Default: 100. */
  limit?: number;
}

/** A page of entries, newest first. */
export interface MfaAuditPage {
  entries: MfaAuditEntry[];
  /** The cursor of the next page; null on the last one. */
  next: string | null;
}

const MAX_LIMIT = 1000;
const DAY_MS = 86_400_000;

/** Reads the audit trail, which is only written when the option `audit.enabled` is on. */
@Injectable()
export class MfaAuditService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Returns one page of the trail, newest first.
   *
   * @throws {RangeError} when `limit` is not 1 to 1000, or a date is invalid
   */
  async find({ types, limit = 100, ...query }: MfaAuditQuery = {}): Promise<MfaAuditPage> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new RangeError(`\`limit\` must be a whole number from 1 to ${MAX_LIMIT}`);
    }
    for (const name of ['from', 'to'] as const) {
      if (Number.isNaN(query[name]?.getTime())) throw new RangeError(`\`${name}\` must be a valid date`);
    }
    if (types?.length === 0) return { entries: [], next: null };
    // For several types at once, the database would scan the trail until the page is full; for a single type it is an index
    // look-up. One user's trail is short.
    const parts =
      types && query.userId === undefined
        ? [...new Set(types)].map((type) => ({ ...query, types: [type] }))
        : [{ ...query, ...(types && { types }) }];
    // One more than asked for, to tell whether there is another page.
    const found = await Promise.all(
      parts.map((part) => this.storage.read((reader) => newestFirst(reader, part, limit + 1))),
    );
    const entries = found.flat().sort((a, b) => (a.id < b.id ? 1 : -1));
    const page = entries.slice(0, limit);
    const last = entries.length > limit ? page.at(-1) : undefined;
    return { entries: page, next: last?.id ?? null };
  }

  /** Removes entries older than `audit.retentionDays`, `retention.batchSize` at a time. Returns how many were removed. */
  async purge(): Promise<number> {
    const cutoff = firstIdAt(this.clock.now() - this.options.audit.retentionDays * DAY_MS);
    return removeInBatches(
      this.storage,
      { entity: MfaAuditEntry, key: 'id', by: 'id', operator: '<', limit: cutoff },
      this.options.retention.batchSize,
    );
  }
}

/** Reads entries in page order. */
function newestFirst(
  reader: PrimaryReader,
  { userId, types, from, to, cursor }: Omit<MfaAuditQuery, 'limit'>,
  count: number,
): Promise<MfaAuditEntry[]> {
  const query = reader.createQueryBuilder(MfaAuditEntry, 'e').orderBy('e.id', 'DESC');
  if (userId !== undefined) query.andWhere('e.userId = :userId', { userId });
  if (types) query.andWhere('e.type IN (:...types)', { types });
  if (from) query.andWhere('e.id >= :from', { from: firstIdAt(from.getTime()) });
  if (to) query.andWhere('e.id < :to', { to: firstIdAt(to.getTime()) });
  if (cursor) query.andWhere('e.id < :cursor', { cursor });
  return query.take(count).getMany();
}
