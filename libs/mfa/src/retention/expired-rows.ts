import { Inject, Injectable } from '@nestjs/common';

import { MfaAuditService } from '../engine/journal/mfa-audit.service.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { FactorTables } from '../engine/authenticators/factor-tables.js';
import type { PartTable } from '../engine/factors/factor-parts.js';
import { FACTORS } from '../factors/factors.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { removeInBatches } from '../storage/remove-in-batches.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';

/** The number of rows removed, by kind. */
export interface MfaPurgeResult {
  sessions: number;
  totpSetups: number;
  challenges: number;
  trustedDevices: number;
  factorSetups: number;
  factorChallenges: number;
  /** Rows in the tables of the application's own factors. */
  factorRows: number;
  auditEntries: number;
}

type ExpiringTable = Pick<PartTable, 'entity' | 'key' | 'keptMs'> & {
  purgedAs: keyof MfaPurgeResult;
  expiresAt: string;
};

const OF_PARTS = FACTORS.flatMap(({ tables }) => tables)
  .filter(({ expiresAt }) => expiresAt !== undefined)
  .map((table) => table as ExpiringTable);

const EXPIRING: readonly ExpiringTable[] = [
  { purgedAs: 'sessions', entity: AuthenticationSession, expiresAt: 'expiresAt' },
  ...OF_PARTS,
  { purgedAs: 'trustedDevices', entity: TrustedDevice, expiresAt: 'expiresAt' },
];

/** Column types that store milliseconds as plain numbers. */
const NUMBERS: readonly unknown[] = [
  Number,
  'bigint',
  'int8',
  'integer',
  'double',
  'double precision',
  'float8',
  'numeric',
  'decimal',
];

/** Removes expired rows in small batches. They no longer have any effect: this only keeps the tables small. */
@Injectable()
export class ExpiredRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(FactorTables) private readonly factorTables: FactorTables,
    @Inject(MfaAuditService) private readonly audit: MfaAuditService,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  async purge(): Promise<MfaPurgeResult> {
    const removed = Object.fromEntries(
      [...EXPIRING.map(({ purgedAs }) => purgedAs), 'factorRows', 'auditEntries'].map((name) => [name, 0]),
    ) as unknown as MfaPurgeResult;
    for (const table of [...EXPIRING, ...this.ofOwnFactors()]) {
      removed[table.purgedAs] += await removeInBatches(
        this.storage,
        {
          entity: table.entity,
          key: this.factorTables.keyOf(table),
          by: table.expiresAt,
          operator: '<=',
          limit: this.cutoffOf(table),
        },
        this.options.retention.batchSize,
      );
    }
    removed.auditEntries = await this.audit.purge();
    return removed;
  }

  private ofOwnFactors(): ExpiringTable[] {
    return this.factorTables.all.flatMap((table) =>
      table.expiresAt === undefined
        ? []
        : [{ ...table, expiresAt: table.expiresAt, purgedAs: 'factorRows' as const }],
    );
  }

  /** The time up to which rows have expired, in the property's type: a date or a plain number. */
  private cutoffOf({ entity, expiresAt, keptMs = 0 }: ExpiringTable): Date | number {
    const cutoff = this.clock.now() - keptMs;
    const column = this.storage.dataSource.getMetadata(entity).findColumnWithPropertyName(expiresAt);
    const isPlainNumber = column?.transformer === undefined && NUMBERS.includes(column?.type);
    return isPlainNumber ? cutoff : new Date(cutoff);
  }
}
