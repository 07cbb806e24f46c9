import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { isSecondFactorRow } from '../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AuthenticatorsService, REMOVAL_CLAIM } from '../engine/authenticators/authenticators.service.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { nameAuthenticator } from '../engine/journal/mfa-journal.js';
import { RecoveryCodeKeys, keyIdOf } from '../factors/recovery-codes/recovery-code-keys.js';
import { ReplaceRecoveryCodeKeyFlow } from './replace-recovery-code-key.flow.js';
import { SecretRegistry } from '../secrets/secret-registry.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { userIdOfRow, valueOf } from '../engine/keys/secret-table.js';
import { AUTHENTICATORS, SETUPS, SecretTables } from '../secrets/secret-tables.js';
import { UnreadableRows } from '../secrets/unreadable-rows.js';
import { RecoveryCodeSet } from '../factors/recovery-codes/recovery-code-set.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
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

/** Whether that is a set of recovery codes whose key is lost. */
type HasLostKey = (row: Authenticator) => Promise<boolean>;

const REASON = 'unreadable: no configured secret opens it';

interface Selected {
  removed: Authenticator[];
  refused: Authenticator[];
}

/** Removes what no configured secret opens, user by user, so that these can set up a factor again. What works stays. */
@Injectable()
export class DiscardUnreadableFlow {
  constructor(
    @Inject(SecretTables) private readonly tables: SecretTables,
    @Inject(UnreadableRows) private readonly unreadable: UnreadableRows,
    @Inject(RecoveryCodeKeys) private readonly codeKeys: RecoveryCodeKeys,
    @Inject(ReplaceRecoveryCodeKeyFlow) private readonly replacing: ReplaceRecoveryCodeKeyFlow,
    @Inject(SecretRegistry) private readonly registry: SecretRegistry,
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(RecoveryCodeSet) private readonly recoveryCodes: RecoveryCodeSet,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async discard(
    { dryRun = false, reseal = false }: MfaDiscardOptions,
    source: MfaEventSource,
  ): Promise<MfaDiscardReport> {
    const report = emptyReport();
    const isKeyLost = (await this.codeKeys.examine()) === 'lost';
    const hasLostKey = this.lostKeys();
    const selected = new Map<string, Selected>();
    for (const table of [AUTHENTICATORS, ...this.tables.judging]) {
      for await (const row of this.unreadable.all(table)) {
        const isOfLostKey = table === AUTHENTICATORS && (await hasLostKey(row as Authenticator));
        const state = await this.unreadable.examine(table, row);
        if (state === 'strange_seal' && reseal) report.resealed += await this.reseal(table, row, dryRun);
        else if ((state !== 'good' || isOfLostKey) && !selected.has(userIdOfRow(table, row))) {
          const userId = userIdOfRow(table, row);
          const of = await this.discardOf(userId, { hasLostKey, reseal, dryRun }, source);
          selected.set(userId, of);
          count(report, of);
        }
      }
    }
    await this.discardSetups(dryRun, report);
    await this.discardRows(dryRun, report, selected);
    if (dryRun) return report;
    await this.discardKeys(isKeyLost, source);
    await this.registry.forgetUnused();
    return report;
  }

  private async discardOf(
    userId: string,
    { hasLostKey, reseal, dryRun }: { hasLostKey: HasLostKey; reseal: boolean; dryRun: boolean },
    source: MfaEventSource,
  ): Promise<Selected> {
    const select = (all: readonly Authenticator[]) => this.select(userId, all, hasLostKey, reseal);
    if (dryRun) return select((await this.accounts.find(userId)).authenticators);
    const known = await this.adapter.findUser(userId);
    // Somebody who is gone from the application loses it as well.
    const user = known && userIdOf(known) === userId ? known : { id: userId };
    return this.change.run(user, { source }, async ({ authenticators }) => {
      const selected = await select(authenticators);
      const ids = selected.removed.map(({ id }) => id);
      const takesCodes = selected.removed.some(({ type }) => type === this.recoveryCodes.type);
      return {
        result: selected,
        onLost: { [REMOVAL_CLAIM]: 'not_found' },
        writes: [
          ...this.authenticators.planRemoval(userId, selected.removed, authenticators),
          ...(takesCodes ? this.recoveryCodes.planRemoval(userId) : []),
          // What a factor has proven goes with it.
          ...(ids.length > 0 ? [this.sessions.planEndingOthers(userId, '')] : []),
        ],
        events:
          ids.length > 0
            ? [
                {
                  type: 'mfa.admin.reset',
                  data: { reason: REASON, authenticators: selected.removed.map(nameAuthenticator) },
                },
                { type: 'mfa.session.ended', data: { scope: 'all', reason: 'admin' } },
              ]
            : [],
      };
    });
  }

  /** What of a user's authenticators does not work; the recovery codes too, when nothing else is left. */
  private async select(
    userId: string,
    all: readonly Authenticator[],
    hasLostKey: HasLostKey,
    reseal: boolean,
  ): Promise<Selected> {
    const judging = await Promise.all(
      this.tables.judging.map(async (table) => ({ table, rows: await this.unreadable.of(table, userId) })),
    );
    const selected: Selected = { removed: [], refused: [] };
    const take = async (row: Authenticator) => {
      const isAllowed = await this.adapter.canDeleteAuthenticator(row, { by: 'admin' });
      (isAllowed ? selected.removed : selected.refused).push(row);
    };
    const works = async (table: SecretTable, row: SecretRow) => {
      const state = await this.unreadable.examine(table, row);
      return state === 'good' || (reseal && state === 'strange_seal');
    };
    for (const row of all.filter(({ type }) => type !== this.recoveryCodes.type)) {
      let isGood = await works(AUTHENTICATORS, row);
      for (const { table, rows } of judging) {
        // One that does not work any more is reason enough: nobody knows what the factor makes of the others.
        for (const one of rows.filter((of) => hangsOn(table, of, row)))
          isGood = isGood && (await works(table, one));
      }
      if (!isGood) await take(row);
    }
    const keepsFactor = all.some((row) => isSecondFactorRow(row) && !selected.removed.includes(row));
    const codes = all.find(({ type }) => type === this.recoveryCodes.type);
    if (codes && (!keepsFactor || (await hasLostKey(codes)))) await take(codes);
    return selected;
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
    selected: ReadonlyMap<string, Selected>,
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

  /** With the codes that nobody's authenticator names. What the adapter lets nobody delete keeps its key. */
  private async discardKeys(isCurrentLost: boolean, source: MfaEventSource): Promise<void> {
    if (!isCurrentLost) {
      await this.replacing.removeUnused();
      return;
    }
    await this.recoveryCodes.removeOrphans();
    await this.replacing.replace(source);
  }

  /** Tells sets whose codes nobody can verify; of each key it is looked up once. */
  private lostKeys(): HasLostKey {
    const known = new Map<string, boolean>();
    return async (row) => {
      if (row.type !== this.recoveryCodes.type || row.remaining === 0) return false;
      const id = keyIdOf(row);
      const isLost = known.get(id) ?? (await this.codeKeys.isLost(id));
      known.set(id, isLost);
      return isLost;
    };
  }
}

function hangsOn({ authenticatorId }: SecretTable, row: SecretRow, { id }: Authenticator): boolean {
  return authenticatorId !== undefined && valueOf(row, authenticatorId) === id;
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

function count(report: MfaDiscardReport, { removed, refused }: Selected): void {
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
