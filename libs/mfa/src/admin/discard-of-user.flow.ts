import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { isOwnBackup } from '../core/policy/methods.js';
import { findExactUser } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { AuthenticatorsService, REMOVAL_CLAIM } from '../engine/authenticators/authenticators.service.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import { nameAuthenticator } from '../engine/journal/mfa-journal.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { valueOf } from '../engine/keys/secret-table.js';
import { isSecondFactorRow } from '../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { RecoveryCodeSet } from '../factors/recovery-codes/recovery-code-set.js';
import { AUTHENTICATORS, SecretTables } from '../secrets/secret-tables.js';
import { UnreadableRows } from '../secrets/unreadable-rows.js';
import type { HasLostKey } from './lost-code-keys.js';

/** The authenticators of a user that are removed, and those that the adapter refuses to delete. */
export interface Discarded {
  removed: Authenticator[];
  refused: Authenticator[];
}

const REASON = 'unreadable: no configured secret opens it';

/** Removes a user's authenticators that no longer work. */
@Injectable()
export class DiscardOfUserFlow {
  constructor(
    @Inject(SecretTables) private readonly tables: SecretTables,
    @Inject(UnreadableRows) private readonly unreadable: UnreadableRows,
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(RecoveryCodeSet) private readonly recoveryCodes: RecoveryCodeSet,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** Removes them, emits an event, and ends the user's sessions. A dry run only returns which ones it would be. */
  async discard(
    userId: string,
    { hasLostKey, reseal, dryRun }: { hasLostKey: HasLostKey; reseal: boolean; dryRun: boolean },
    source: MfaEventSource,
  ): Promise<Discarded> {
    const select = (all: readonly Authenticator[]) => this.select(userId, all, hasLostKey, reseal);
    if (dryRun) return select((await this.accounts.find(userId)).authenticators);
    // Users whom the application has deleted lose them as well.
    const user = (await findExactUser(this.adapter, userId)) ?? { id: userId };
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
          // What a factor has proven is removed with it.
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

  /** Selects the user's authenticators that don't work; if the last second factor is among them, also what stands in for it. */
  private async select(
    userId: string,
    all: readonly Authenticator[],
    hasLostKey: HasLostKey,
    reseal: boolean,
  ): Promise<Discarded> {
    const judging = await Promise.all(
      this.tables.judging.map(async (table) => ({ table, rows: await this.unreadable.of(table, userId) })),
    );
    const selected: Discarded = { removed: [], refused: [] };
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
        // One broken row is enough: it is unknown how the factor treats the others.
        for (const one of rows.filter((of) => hangsOn(table, of, row)))
          isGood = isGood && (await works(table, one));
      }
      if (!isGood) await take(row);
    }
    const keepsFactor = all.some((row) => isSecondFactorRow(row) && !selected.removed.includes(row));
    const working = all.filter((row) => !selected.removed.includes(row) && !selected.refused.includes(row));
    for (const row of working) if (!keepsFactor && isOwnBackup(row)) await take(row);
    const codes = all.find(({ type }) => type === this.recoveryCodes.type);
    if (codes && (!keepsFactor || (await hasLostKey(codes)))) await take(codes);
    return selected;
  }
}

/** Whether the row belongs to this authenticator. */
export function hangsOn({ authenticatorId }: SecretTable, row: SecretRow, { id }: Authenticator): boolean {
  return authenticatorId !== undefined && valueOf(row, authenticatorId) === id;
}
