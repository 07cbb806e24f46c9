import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import { isSecondFactorRow, newAuthenticator } from '../engine/rows/authenticator.entity.js';
import type { Authenticator } from '../engine/rows/authenticator.entity.js';
import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { FactorState, PlannedChange } from '../engine/changes/factor-change.js';
import { FactorChange } from '../engine/changes/factor-change.js';
import type { NewMfaEvent } from '../engine/journal/mfa-event.js';
import { nameAuthenticator } from '../engine/journal/mfa-journal.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { MfaType } from '../core/policy/methods.js';
import { RecoveryCodeSet } from '../factors/recovery-codes/recovery-code-set.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type { Write } from '../storage/mfa-storage.js';
import { FactorData } from '../engine/factors/factor-judge.js';
import { writeParameters } from '../factors/totp/totp.factor.js';
import type { CheckedRecord, CheckedTotp } from './check-record.js';
import type { MfaImportSkip } from './import-problem.js';
import { RowProblem } from './import-problem.js';

/** Stops the import of a user who already has this. */
export class AlreadyThere extends Error {
  constructor(readonly reason: MfaImportSkip) {
    super(reason);
  }
}

type PlannedTypes = ReadonlyMap<string, ReadonlySet<MfaType>>;

/** Imports one user's factors from another system: all in one transaction, or nothing. */
@Injectable()
export class ImportUserFlow {
  constructor(
    @Inject(FactorChange) private readonly change: FactorChange,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(RecoveryCodeSet) private readonly recoveryCodes: RecoveryCodeSet,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
  ) {}

  /**
   * Checks whether the record could be written now.
   *
   * @param planned the types that earlier rows of the same dry run would have written, by user
   * @throws {RowProblem | AlreadyThere}
   */
  async check(record: CheckedRecord, planned: PlannedTypes = new Map()): Promise<MfaUser> {
    const { supportedTypes } = this.options;
    if (typesOf(record).some((type) => !supportedTypes.includes(type)))
      throw new RowProblem('type_not_offered');
    // No verified address is required: without the import this user would have no second factor at all.
    const user = await this.adapter.findUser(record.userId);
    if (!user) throw new RowProblem('unknown_user');
    const userId = userIdOf(user);
    decide(record, await this.authenticators.find(userId), planned.get(userId));
    return user;
  }

  /** @throws {RowProblem | AlreadyThere} without writing anything */
  async import(record: CheckedRecord): Promise<void> {
    // Checked first without touching anything, so that repeating an import leaves no trace.
    const user = await this.check(record);
    const isFirst = await this.change.run(user, {}, (state) => this.plan(user, record, state));
    // Also ends sessions that another connection started with just a password during the write.
    if (isFirst) await this.sessions.revokeAll(user);
  }

  private async plan(
    user: MfaUser,
    record: CheckedRecord,
    { userId, authenticators }: FactorState,
  ): Promise<PlannedChange<boolean>> {
    // Checked again, because a concurrent import may have been faster.
    decide(record, authenticators);
    const added: Authenticator[] = [];
    const writes: Write[] = [];
    if (record.totp) {
      const row = await this.newTotp(user, userId, record.totp);
      added.push(row);
      writes.push(this.authenticators.planInsertion(row));
    }
    if (record.codes.length > 0) {
      const set = await this.recoveryCodes.planImport(user, record.codes);
      added.push(set.authenticator);
      writes.push(...set.writes);
    }
    const isFirst = !authenticators.some(isSecondFactorRow);
    const events = added.map((row): NewMfaEvent => {
      const data = { authenticator: nameAuthenticator(row), isFirst: isFirst && row.type === 'totp' };
      return { type: 'mfa.authenticator.added', data };
    });
    // Existing sessions have proven only a password.
    if (isFirst) {
      writes.push(this.sessions.planEndingOthers(userId, ''));
      events.push({ type: 'mfa.session.ended', data: { scope: 'all', reason: 'factors_changed' } });
    }
    // No notifications: users don't need one about a factor they have had for years.
    return { writes, events, result: isFirst, silent: true };
  }

  private async newTotp(user: MfaUser, userId: string, totp: CheckedTotp): Promise<Authenticator> {
    const { parameters, name, createdAt, lastUsedAt } = totp;
    const id = randomUUID();
    return newAuthenticator({
      id,
      userId,
      type: 'totp',
      name: name ?? (await this.adapter.generateAuthenticatorName(user, 'totp')),
      data: await this.data.encrypt(writeParameters(parameters), { id, userId, type: 'totp' }),
      createdAt,
      lastUsedAt,
      // The last code accepted by the other system is not accepted again here (RFC 6238, section 5.2).
      lastStep: lastUsedAt && Math.floor(lastUsedAt.getTime() / 1000 / parameters.period),
    });
  }
}

function typesOf({ totp, codes }: CheckedRecord): MfaType[] {
  return [...(totp ? ['totp' as const] : []), ...(codes.length > 0 ? ['recovery_codes' as const] : [])];
}

/**
 * Decides whether the record may be written for a user who already has these rows.
 *
 * @param planned the types that earlier rows of the same dry run would have written
 */
function decide(
  record: CheckedRecord,
  rows: readonly Authenticator[],
  planned: ReadonlySet<MfaType> = new Set(),
): void {
  const types = new Set([...rows.map(({ type }) => type), ...planned]);
  if (record.totp && types.has('totp')) throw new AlreadyThere('has_authenticator_app');
  if (record.codes.length > 0 && types.has('recovery_codes')) throw new AlreadyThere('has_recovery_codes');
  // A passkey that only signs in is no second factor, although its type is one.
  const hasFactor = record.totp !== null || rows.some(isSecondFactorRow) || planned.has('totp');
  if (!hasFactor) throw new RowProblem('codes_alone');
}
