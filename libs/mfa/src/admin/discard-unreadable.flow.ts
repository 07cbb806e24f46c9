import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { AccountsService } from '../engine/authenticators/accounts.service.js';
import { isSecondFactorRow } from '../engine/rows/authenticator-role.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AuthenticatorsService, REMOVAL_CLAIM } from '../engine/authenticators/authenticators.service.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import type { MfaEventSource } from '../engine/journal/mfa-event.js';
import { nameAuthenticator } from '../engine/journal/mfa-event.js';
import { KeyStore } from '../engine/keys/key-store.js';
import { RECOVERY_CODE_KEY_ID, RecoveryCodeKey } from '../factors/recovery-codes/recovery-code-key.js';
import { SecretRegistry } from '../secrets/secret-registry.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { AUTHENTICATORS, secretTableOf } from '../secrets/secret-tables.js';
import { UnreadableRows } from '../secrets/unreadable-rows.js';
import { isSecondFactorType } from '../core/policy/factor-traits.js';
import { RecoveryCodeSet } from '../factors/recovery-codes/recovery-code-set.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TotpSetup, TotpSetupStore } from '../factors/totp/totp-setup-store.js';
import { WebAuthnCredential } from '../factors/webauthn/webauthn-credential.entity.js';
import { CredentialStore } from '../factors/webauthn/credential-store.js';

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
  /** Sets of recovery codes: all of them when their key is lost, and those of users without another factor. */
  recoveryCodeSets: number;
  /** Authenticator apps that were never finished. */
  setups: number;
  /** Rows that go on working under a new seal. */
  resealed: number;
  /** Authenticators that the adapter does not let anybody delete; they stay and do not work. */
  refused: number;
}

/** The tables that it names in its report. */
const CREDENTIALS = secretTableOf(WebAuthnCredential);
const SETUPS = secretTableOf(TotpSetup);

const REASON = 'unreadable: no configured secret opens it';

interface Selected {
  removed: Authenticator[];
  refused: Authenticator[];
}

/** Removes what no configured secret opens, user by user, so that these can set up a factor again. What works stays. */
@Injectable()
export class DiscardUnreadableFlow {
  constructor(
    @Inject(UnreadableRows) private readonly unreadable: UnreadableRows,
    @Inject(KeyStore) private readonly keys: KeyStore,
    @Inject(RecoveryCodeKey) private readonly codeKey: RecoveryCodeKey,
    @Inject(SecretRegistry) private readonly registry: SecretRegistry,
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AccountsService) private readonly accounts: AccountsService,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(CredentialStore) private readonly credentials: CredentialStore,
    @Inject(RecoveryCodeSet) private readonly recoveryCodes: RecoveryCodeSet,
    @Inject(TotpSetupStore) private readonly setups: TotpSetupStore,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  async discard(
    { dryRun = false, reseal = false }: MfaDiscardOptions,
    source: MfaEventSource,
  ): Promise<MfaDiscardReport> {
    const report = emptyReport();
    const isKeyLost = (await this.codeKey.examine()) === 'lost';
    const seen = new Set<string>();
    let keepsCodes = false;
    for (const table of [AUTHENTICATORS, CREDENTIALS]) {
      for await (const row of this.unreadable.all(table)) {
        const isOfLostKey = isKeyLost && (row as Partial<Authenticator>).type === 'recovery_codes';
        const state = await this.unreadable.examine(table, row);
        if (state === 'strange_seal' && reseal) report.resealed += await this.reseal(table, row, dryRun);
        else if ((state !== 'good' || isOfLostKey) && !seen.has(row.userId)) {
          seen.add(row.userId);
          const of = await this.discardOf(row.userId, { isKeyLost, reseal, dryRun }, source);
          count(report, of);
          keepsCodes ||= of.refused.some(({ type }) => type === 'recovery_codes');
        }
      }
    }
    await this.discardSetups(dryRun, report);
    if (dryRun) return report;
    if (isKeyLost && !keepsCodes) await this.discardKey();
    await this.registry.forgetUnused();
    return report;
  }

  private async discardOf(
    userId: string,
    { isKeyLost, reseal, dryRun }: { isKeyLost: boolean; reseal: boolean; dryRun: boolean },
    source: MfaEventSource,
  ): Promise<Selected> {
    const select = (all: readonly Authenticator[]) => this.select(userId, all, isKeyLost, reseal);
    if (dryRun) return select((await this.accounts.find(userId)).authenticators);
    const known = await this.adapter.findUser(userId);
    // Somebody who is gone from the application loses it as well.
    const user = known && userIdOf(known) === userId ? known : { id: userId };
    return this.change.run(user, { source }, async ({ authenticators }) => {
      const selected = await select(authenticators);
      const ids = selected.removed.map(({ id }) => id);
      const takesCodes = selected.removed.some(({ type }) => type === 'recovery_codes');
      return {
        result: selected,
        onLost: { [REMOVAL_CLAIM]: 'not_found' },
        writes: [
          ...ids.map((id) => this.authenticators.planDeletion(userId, id)),
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
    isKeyLost: boolean,
    reseal: boolean,
  ): Promise<Selected> {
    const { credentials } = await this.credentials.findAccount(userId);
    const selected: Selected = { removed: [], refused: [] };
    const take = async (row: Authenticator) => {
      const isAllowed = await this.adapter.canDeleteAuthenticator(row, { by: 'admin' });
      (isAllowed ? selected.removed : selected.refused).push(row);
    };
    const works = async (table: SecretTable, row: SecretRow) => {
      const state = await this.unreadable.examine(table, row);
      return state === 'good' || (reseal && state === 'strange_seal');
    };
    for (const row of all.filter(({ type }) => isSecondFactorType(type))) {
      const credential = credentials.find(({ authenticatorId }) => authenticatorId === row.id);
      const isGood = credential ? await works(CREDENTIALS, credential) : await works(AUTHENTICATORS, row);
      if (!isGood) await take(row);
    }
    const keepsFactor = all.some((row) => isSecondFactorRow(row) && !selected.removed.includes(row));
    const codes = all.find(({ type }) => type === 'recovery_codes');
    if (codes && (isKeyLost || !keepsFactor)) await take(codes);
    return selected;
  }

  private async reseal(table: SecretTable, row: SecretRow, dryRun: boolean): Promise<number> {
    return dryRun ? 1 : this.storage.write(this.unreadable.planSeal(table, row).query);
  }

  /** These expire by themselves, and nobody has lost anything by them: they are no event. */
  private async discardSetups(dryRun: boolean, report: MfaDiscardReport): Promise<void> {
    for await (const row of this.unreadable.all(SETUPS)) {
      if ((await this.unreadable.examine(SETUPS, row)) === 'good') continue;
      report.setups += 1;
      if (!dryRun) await this.storage.commit([this.setups.planRemoval(row.userId)]);
    }
  }

  /** With the codes that nobody's authenticator names. The next codes have a new key. */
  private async discardKey(): Promise<void> {
    await this.recoveryCodes.removeAll();
    await this.keys.remove(RECOVERY_CODE_KEY_ID);
    this.codeKey.forget();
  }
}

function count(report: MfaDiscardReport, { removed, refused }: Selected): void {
  const of = (type: Authenticator['type']) => removed.filter((row) => row.type === type).length;
  report.users += removed.length > 0 ? 1 : 0;
  report.authenticatorApps += of('totp');
  report.securityKeys += of('webauthn');
  report.recoveryCodeSets += of('recovery_codes');
  report.refused += refused.length;
}

function emptyReport(): MfaDiscardReport {
  return {
    users: 0,
    authenticatorApps: 0,
    securityKeys: 0,
    recoveryCodeSets: 0,
    setups: 0,
    resealed: 0,
    refused: 0,
  };
}
