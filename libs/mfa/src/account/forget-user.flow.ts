import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

import { userIdOf } from '../core/users/mfa-user.js';
import { MfaAuditEntry } from '../engine/journal/audit-entry.entity.js';
import { Authenticator } from '../engine/rows/authenticator.entity.js';
import type { MfaEventSource } from '../engine/rows/mfa-request.js';
import { APPLICATION_SOURCE } from '../engine/rows/mfa-request.js';
import { MfaJournal } from '../engine/journal/mfa-journal.js';
import { FactorTables } from '../engine/authenticators/factor-tables.js';
import { FACTORS } from '../factors/factors.js';
import { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { Write, PrimaryReader } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { tableOptions } from '../storage/table-options.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { MfaUserState } from '../engine/rows/mfa-user-state.entity.js';
import { UserStateService } from '../engine/users/user-state.service.js';

export interface MfaForgetUserOptions {
  /** The administrator who does it; default: the application. */
  actor?: string;
  /** Whether the user's entries of the audit trail stay for the time that the trail is kept. Default: false. */
  keepAuditTrail?: boolean;
}

type OwnedEntity = new () => ObjectLiteral & { userId: string };

const IN_PARTS = FACTORS.flatMap(({ tables }) => tables).filter(({ userId }) => userId !== undefined);

/**
 * The tables with rows of users. First those whose rows any change of the user's has to claim: a change that is under way is
 * then either waited for, and its rows go too, or finds its claim gone. The user's state once more at the end, for a first
 * change that makes it while the statement before waits for its session; and so the sessions, for a sign-in with a passkey that
 * is waited for at its key.
 */
const OWNED: readonly OwnedEntity[] = [
  MfaUserState,
  AuthenticationSession,
  ...IN_PARTS.filter(({ isClaimed }) => isClaimed === true).map(({ entity }) => entity),
  Authenticator,
  TrustedDevice,
  ...IN_PARTS.filter(({ isClaimed }) => isClaimed !== true).map(({ entity }) => entity),
  AuthenticationSession,
  MfaUserState,
];

const FORGOTTEN = 'mfa.user.forgotten';

/** Removes all that is kept of a user, whom the application has deleted or is about to. */
@Injectable()
export class ForgetUserFlow {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(FactorTables) private readonly factorTables: FactorTables,
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** @returns whether anything was kept; otherwise nothing is told either */
  async forget(
    id: string | number,
    { actor, keepAuditTrail = false }: MfaForgetUserOptions = {},
  ): Promise<boolean> {
    const userId = userIdOf({ id });
    const removed: readonly OwnedEntity[] = keepAuditTrail ? OWNED : [...OWNED, MfaAuditEntry];
    if (!(await this.isKept(userId, removed)) && !(await this.factorTables.keepAnythingOf(userId)))
      return false;
    // The adapter is not asked whether an authenticator may be deleted: without its user nobody could use it.
    await this.journal.commit(
      [
        ...this.planWaiting(userId),
        ...removed.map((entity) => this.planRemoval(entity, userId)),
        // After the authenticators, at which a proof or set-up that is under way was waited for.
        ...this.factorTables.planForgetting(userId),
      ],
      {
        user: { id: userId },
        source: sourceOf(actor),
        // The owner of the account is told by the application, if at all: this module has no address of theirs any more.
        silent: true,
        events: [{ type: FORGOTTEN, data: { auditTrail: keepAuditTrail ? 'kept' : 'removed' } }],
      },
    );
    return true;
  }

  private async isKept(userId: string, entities: readonly OwnedEntity[]): Promise<boolean> {
    for (const entity of new Set(entities)) {
      const row = await this.storage.read((reader) =>
        rowsOf(reader, entity, userId).limit(1).getRawOne<object>(),
      );
      if (row) return true;
    }
    return false;
  }

  /**
   * Makes the row of the user's state, which goes with the others, to wait for a first change of the user's: a row that it has
   * made and not committed is seen by no DELETE of PostgreSQL. Not where that row needs one of the application's, which is gone.
   */
  private planWaiting(userId: string): Write[] {
    return tableOptions().users ? [] : [this.states.planCreation(userId)];
  }

  private planRemoval(entity: OwnedEntity, userId: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(entity)
        .where('user_id = :userId', { userId }),
    };
  }
}

/** The user's rows, but the note that an earlier call has left. */
function rowsOf(
  reader: PrimaryReader,
  entity: OwnedEntity,
  userId: string,
): SelectQueryBuilder<ObjectLiteral> {
  const query = reader
    .createQueryBuilder(entity, 'r')
    .select('r.user_id', 'userId')
    .where('r.user_id = :userId', { userId });
  return entity === MfaAuditEntry ? query.andWhere('r.type <> :type', { type: FORGOTTEN }) : query;
}

function sourceOf(actor: string | undefined): MfaEventSource {
  return actor === undefined
    ? APPLICATION_SOURCE
    : { ...APPLICATION_SOURCE, actor: { type: 'admin', id: actor } };
}
