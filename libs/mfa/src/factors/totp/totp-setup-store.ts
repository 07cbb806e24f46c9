import { Inject, Injectable, Logger } from '@nestjs/common';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { messageOf } from '../../core/errors/message-of.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/columns.js';
import { TOTP_TRAITS } from './traits/totp.traits.js';
import { readParameters } from './totp.factor.js';

/** A TOTP secret that waits for its first code. A user has at most one; a new one replaces it. */
@Entity({ name: 'mfa_totp_setup' })
@Index('idx_mfa_totp_setup_expiry', ['expiresAt'])
export class TotpSetup {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** A random UUID, which becomes the authenticator's ID. */
  @Column({ type: 'varchar', length: 36 })
  id!: string;

  /** Secret and parameters as JSON, encrypted by the adapter. */
  @Column({ type: 'text' })
  data!: string;

  /** The session that began the set-up; only it may see and complete it. Null if application code began it without a session. */
  @Column({ name: 'session_id', type: 'varchar', length: 36, nullable: true })
  sessionId!: string | null;

  /** The authenticator app that it replaces when completed; null for none. */
  @Column({ name: 'replaces_id', type: 'varchar', length: 36, nullable: true })
  replacesId!: string | null;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}

/** The claim that fails if the set-up was completed or replaced after it was read. */
export const SETUP_CLAIM = 'totp-setup';

/** The table of unfinished set-ups. */
@Injectable()
export class TotpSetupStore {
  private readonly logger = new Logger(TotpSetupStore.name);

  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Finds the set-up that this session began, unless it has expired. Another session's set-up is never returned: whoever controls that
   * session has read the secret, and would hold the factor too.
   *
   * @param sessionId null for a set-up that the application began without a session
   */
  async find(userId: string, sessionId: string | null): Promise<TotpSetup | null> {
    const setup = await this.storage.read((dataSource) =>
      dataSource.createQueryBuilder(TotpSetup, 't').where('t.userId = :userId', { userId }).getOne(),
    );
    const isOwn = setup !== null && setup.sessionId === sessionId;
    return isOwn && setup.expiresAt.getTime() > this.clock.now() ? setup : null;
  }

  /**
   * Decrypts the set-up's data; null if it is unreadable, and a new set-up is needed.
   *
   * @throws {MfaException} if the key service can't be reached
   */
  async open(setup: TotpSetup): Promise<string | null> {
    try {
      const data = await this.data.decrypt(setup.data, { ...setup, type: TOTP_TRAITS.type });
      readParameters(data);
      return data;
    } catch (error) {
      if (error instanceof MfaException) throw error;
      this.logger.error(`The set-up ${setup.id} can't be read: ${messageOf(error)}`);
      return null;
    }
  }

  /**
   * Stores this set-up in place of any earlier one of the user.
   *
   * @param begun the set-up with its data not yet encrypted
   */
  async planReplacement(begun: TotpSetup): Promise<Write> {
    const setup = {
      ...begun,
      data: await this.data.encrypt(begun.data, { ...begun, type: TOTP_TRAITS.type }),
    };
    const query = this.storage.dataSource
      .createQueryBuilder()
      .insert()
      .into(TotpSetup)
      .values(setup)
      .orUpdate(['id', 'data', 'session_id', 'replaces_id', 'expires_at'], ['user_id']);
    return { query };
  }

  /** Deletes the user's set-up, if there is one. */
  planRemoval(userId: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(TotpSetup)
        .where('user_id = :userId', { userId }),
    };
  }

  claim({ userId, id }: TotpSetup): Write {
    return {
      claim: SETUP_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(TotpSetup)
        .where('user_id = :userId AND id = :id', { userId, id }),
    };
  }
}
