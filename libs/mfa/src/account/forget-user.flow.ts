import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

import type { MfaUser } from '../core/users/mfa-user.js';
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
  /** The id of the administrator who does this. Default: the application does. */
  actor?: string;
  /** Whether the user's audit entries are kept for the usual retention period. Default: false. */
  keepAuditTrail?: boolean;
}

type OwnedEntity = new () => ObjectLiteral & { userId: string };

const IN_PARTS = FACTORS.flatMap(({ tables }) => tables).filter(({ userId }) => userId !== undefined);

/**
 * The tables with rows of users. First come those whose rows any change by the user must claim: a change in progress then
 * either is waited for, and its rows are removed too, or loses its claim. The user's state comes again at the end, for a first
 * change that creates it while the previous statement waits for its session. So do the sessions, for a sign-in with a passkey
 * that is waited for at its key.
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

/** Removes everything stored for a user whom the application has deleted or is about to delete. */
@Injectable()
export class ForgetUserFlow {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(FactorTables) private readonly factorTables: FactorTables,
    @Inject(UserStateService) private readonly states: UserStateService,
    @Inject(MfaJournal) private readonly journal: MfaJournal,
  ) {}

  /** @returns whether anything was stored; if not, no event is emitted either */
  async forget(
    id: MfaUser['id'],
    { actor, keepAuditTrail = false }: MfaForgetUserOptions = {},
  ): Promise<boolean> {
    const userId = userIdOf({ id });
    const removed: readonly OwnedEntity[] = keepAuditTrail ? OWNED : [...OWNED, MfaAuditEntry];
    if (!(await this.isKept(userId, removed)) && !(await this.factorTables.keepAnythingOf(userId)))
      return false;
    // The adapter isn't asked whether authenticators may be deleted: without their user, nobody could use them.
    await this.journal.commit(
      [
        ...this.planWaiting(userId),
        ...removed.map((entity) => this.planRemoval(entity, userId)),
        // After the authenticators, where a proof or setup in progress was waited for.
        ...this.factorTables.planForgetting(userId),
      ],
      {
        user: { id: userId },
        source: sourceOf(actor),
        // It is up to the application to tell the account's owner: this module no longer has an address for them.
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
   * Creates the row of the user's state, which is then removed with the others, in order to wait for the user's first change:
   * in PostgreSQL, a DELETE doesn't see a row that the change has inserted and not committed. Skipped if that row needs one of
   * the application's, which is gone.
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

/** The user's rows, except the entry that an earlier call has left. */
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
