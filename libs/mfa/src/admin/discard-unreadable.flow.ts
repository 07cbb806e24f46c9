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
  /** Counts but writes nothing. Default: false. */
  dryRun?: boolean;
  /**
   * Reseals readable rows that were sealed with a secret that isn't configured, instead of discarding them. Only use this if
   * nobody but the application could write to the database since: whatever is in these rows is trusted from then on. Default:
   * false.
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
  /** Authenticators of factors in the option `factors`. */
  otherAuthenticators: number;
  /** Rows in the own tables of such factors that belong to no authenticator. */
  factorRows: number;
  /** Setups that were never finished. */
  setups: number;
  /** Rows that keep working under a new seal. */
  resealed: number;
  /** Authenticators that the adapter refuses to delete. They stay, but don't work. */
  refused: number;
}

/** Removes what no configured secret can decrypt, user by user, so that they can set up a factor again. What works is kept. */
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

  /** Setups expire by themselves and nobody loses anything, so there is no event. */
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
   * Discards rows of custom factors that aren't removed with an authenticator. Rows of an authenticator that stays, because the
   * adapter refuses to delete it, stay too.
   *
   * @param selected what was, or would be, removed of each user before
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

/** Whether the row is removed, or stays, together with an authenticator. */
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
