import { Inject, Injectable } from '@nestjs/common';

import { AccountsService } from '../engine/authenticators/accounts.service.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import type { Discarded } from './discard-of-user.flow.js';
import { DiscardOfUserFlow, hangsOn } from './discard-of-user.flow.js';
import { LostCodeKeys } from './lost-code-keys.js';
import { SecretRegistry } from '../secrets/secret-registry.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { userIdOfRow } from '../engine/keys/secret-table.js';
import { AUTHENTICATORS, SETUPS, SecretTables } from '../secrets/secret-tables.js';
import { UnreadableRows } from '../secrets/unreadable-rows.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { FACTORS } from '../factors/factors.js';

export interface MfaDiscardOptions {
  /** Counts and writes nothing. Default: false. */
  dryRun?: boolean;
  /**
   * Seals anew what can be read and was sealed with a secret that is not configured, instead of discarding it. Only when nobody
   * but the application could write to the database since: whatever is in these rows counts from then on. Default: false.
   */
  reseal?: boolean;
}

/** What was discarded, or in a dry run would be. */
export interface MfaDiscardReport {
  /** Users who lose something. */
  users: number;
  authenticatorApps: number;
  securityKeys: number;
  /** Sets of recovery codes: those whose key is lost, and those of users without another factor. */
  recoveryCodeSets: number;
  /** Authenticators of the option `factors`. */
  otherAuthenticators: number;
  /** Rows that such factors keep in tables of their own, and that hang on no authenticator. */
  factorRows: number;
  /** Set-ups that were never finished. */
  setups: number;
  /** Rows that go on working under a new seal. */
  resealed: number;
  /** Authenticators that the adapter does not let anybody delete; they stay and do not work. */
  refused: number;
}

/** Removes what no configured secret opens, user by user, so that these can set up a factor again. What works stays. */
@Injectable()
export class DiscardUnreadableFlow {
  constructor(
    @Inject(DiscardOfUserFlow) private readonly ofUser: DiscardOfUserFlow,
    @Inject(LostCodeKeys) private readonly codeKeys: LostCodeKeys,
    @Inject(SecretTables) private readonly tables: SecretTables,
    @Inject(UnreadableRows) private readonly unreadable: UnreadableRows,
    @Inject(SecretRegistry) private readonly registry: SecretRegistry,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
  ) {}

  async discard(
    { dryRun = false, reseal = false }: MfaDiscardOptions,
    source: MfaEventSource,
  ): Promise<MfaDiscardReport> {
    const report = emptyReport();
    const isKeyLost = await this.codeKeys.isCurrentLost();
    const hasLostKey = this.codeKeys.ofSets();
    const selected = new Map<string, Discarded>();
    for (const table of [AUTHENTICATORS, ...this.tables.judging]) {
      for await (const row of this.unreadable.all(table)) {
        const isOfLostKey = table === AUTHENTICATORS && (await hasLostKey(row as Authenticator));
        const state = await this.unreadable.examine(table, row);
        if (state === 'strange_seal' && reseal) report.resealed += await this.reseal(table, row, dryRun);
        else if ((state !== 'good' || isOfLostKey) && !selected.has(userIdOfRow(table, row))) {
          const userId = userIdOfRow(table, row);
          const of = await this.ofUser.discard(userId, { hasLostKey, reseal, dryRun }, source);
          selected.set(userId, of);
          count(report, of);
        }
      }
    }
    await this.discardSetups(dryRun, report);
    await this.discardRows(dryRun, report, selected);
    if (dryRun) return report;
    await this.codeKeys.discard(isKeyLost, source);
    await this.registry.forgetUnused();
    return report;
  }

  private async reseal(table: SecretTable, row: SecretRow, dryRun: boolean): Promise<number> {
    return dryRun ? 1 : this.storage.write(this.unreadable.planSeal(table, row).query);
  }

  /** These expire by themselves, and nobody has lost anything by them: they are no event. */
  private async discardSetups(dryRun: boolean, report: MfaDiscardReport): Promise<void> {
    for (const table of SETUPS) {
      for await (const row of this.unreadable.all(table)) {
        if ((await this.unreadable.examine(table, row)) === 'good') continue;
        report.setups += 1;
        if (!dryRun) await this.storage.commit([this.unreadable.planRemoval(table, row)]);
      }
    }
  }

  /**
   * Rows of factors of the application's own that go with no authenticator. What hangs on one that stays, because the adapter says
   * so, stays too.
   *
   * @param selected what went, or would go, of users before
   */
  private async discardRows(
    dryRun: boolean,
    report: MfaDiscardReport,
    selected: ReadonlyMap<string, Discarded>,
  ): Promise<void> {
    for (const table of this.tables.ofOwnFactors) {
      for await (const row of this.unreadable.all(table)) {
        if ((await this.unreadable.examine(table, row)) === 'good') continue;
        const userId = userIdOfRow(table, row);
        const { authenticators } = await this.accounts.find(userId);
        const gone = selected.get(userId)?.removed ?? [];
        if (goesAlong(table, row, authenticators, gone)) continue;
        report.factorRows += 1;
        if (!dryRun) await this.storage.commit([this.unreadable.planRemoval(table, row)]);
      }
    }
  }
}

/** Whether an authenticator takes the row along, or keeps it. */
function goesAlong(
  table: SecretTable,
  row: SecretRow,
  authenticators: readonly Authenticator[],
  gone: readonly Authenticator[],
): boolean {
  if (table.authenticatorId !== undefined) return authenticators.some((one) => hangsOn(table, row, one));
  const ofType = authenticators.filter(({ type }) => type === table.type);
  return ofType.length > 0 && ofType.every(({ id }) => gone.some((one) => one.id === id));
}

function count(report: MfaDiscardReport, { removed, refused }: Discarded): void {
  report.users += removed.length > 0 ? 1 : 0;
  for (const { type, countedAs } of FACTORS) {
    if (countedAs === undefined) continue;
    report[countedAs as keyof MfaDiscardReport] += removed.filter((row) => row.type === type).length;
  }
  const isCounted = (row: Authenticator) =>
    FACTORS.some(({ type, countedAs }) => type === row.type && countedAs);
  report.otherAuthenticators += removed.filter((row) => !isCounted(row)).length;
  report.refused += refused.length;
}

function emptyReport(): MfaDiscardReport {
  return {
    users: 0,
    authenticatorApps: 0,
    securityKeys: 0,
    recoveryCodeSets: 0,
    otherAuthenticators: 0,
    factorRows: 0,
    setups: 0,
    resealed: 0,
    refused: 0,
  };
}
