import { Inject, Injectable, Logger } from '@nestjs/common';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MAX_USER_ID_LENGTH } from '../../core/users/mfa-user.js';
import { MomentColumn } from '../../storage/columns.js';
import { TOTP_TRAITS } from './traits/totp.traits.js';
import { readParameters } from './totp.factor.js';

/** A TOTP secret that waits for its first code. A user has one at most; a new one takes its place. */
@Entity({ name: 'mfa_totp_setup' })
@Index('idx_mfa_totp_setup_expiry', ['expiresAt'])
export class TotpSetup {
  @PrimaryColumn({ name: 'user_id', type: 'varchar', length: MAX_USER_ID_LENGTH })
  userId!: string;

  /** A random UUID; the id of the authenticator that it becomes. */
  @Column({ type: 'varchar', length: 36 })
  id!: string;

  /** Secret and parameters as JSON, encrypted by the adapter. */
  @Column({ type: 'text' })
  data!: string;

  /** The session that began it, and that alone may see and finish it; null: code of the application, without a session. */
  @Column({ name: 'session_id', type: 'varchar', length: 36, nullable: true })
  sessionId!: string | null;

  /** The authenticator app whose place it takes when it is finished; null: none. */
  @Column({ name: 'replaces_id', type: 'varchar', length: 36, nullable: true })
  replacesId!: string | null;

  @MomentColumn('expires_at')
  expiresAt!: Date;
}

/** The claim that is lost when a set-up was finished or replaced after it was read. */
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
   * The set-up that this session began, unless it has expired. What another session began is nobody's business here: whoever
   * sits in it has read the secret, and would hold the factor too.
   *
   * @param sessionId null: what the application began without a session
   */
  async find(userId: string, sessionId: string | null): Promise<TotpSetup | null> {
    const setup = await this.storage.read((dataSource) =>
      dataSource.createQueryBuilder(TotpSetup, 't').where('t.userId = :userId', { userId }).getOne(),
    );
    const isOwn = setup !== null && setup.sessionId === sessionId;
    return isOwn && setup.expiresAt.getTime() > this.clock.now() ? setup : null;
  }

  /**
   * What the set-up holds; null when it can't be read, and a new one has to be begun.
   *
   * @throws {MfaException} when the key service does not answer
   */
  async open(setup: TotpSetup): Promise<string | null> {
    try {
      const data = await this.data.decrypt(setup.data, { ...setup, type: TOTP_TRAITS.type });
      readParameters(data);
      return data;
    } catch (error) {
      if (error instanceof MfaException) throw error;
      this.logger.error(
        `The set-up ${setup.id} can't be read: ${error instanceof Error ? error.message : ''}`,
      );
      return null;
    }
  }

  /**
   * Keeps this set-up in place of any former one of the user.
   *
   * @param begun its data not encrypted yet
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

  /** Removes the user's set-up, if there is one. */
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
