import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MfaFactorChallenge } from './factor-challenge.entity.js';
import { MfaFactorSetup } from './factor-setup.entity.js';

/** The claim that is lost when a setup was finished or replaced after it was read. */
export const FACTOR_SETUP_CLAIM = 'factor-setup';

/** The claim that is lost when a challenge was answered or replaced after it was read. */
export const FACTOR_CHALLENGE_CLAIM = 'factor-challenge';

/** The tables of setups and challenges that wait for an answer. */
@Injectable()
export class FactorRows {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** The setup of that type begun by this session, unless it has expired. */
  async findSetup(userId: string, type: MfaType, sessionId: string): Promise<MfaFactorSetup | null> {
    const setup = await this.storage.read((reader) =>
      reader
        .createQueryBuilder(MfaFactorSetup, 's')
        .where('s.userId = :userId AND s.type = :type', { userId, type })
        .getOne(),
    );
    // A setup begun by another session must not be visible here.
    const isOwn = setup !== null && setup.sessionId === sessionId;
    return isOwn && setup.expiresAt.getTime() > this.clock.now() ? setup : null;
  }

  /** Stores this setup, replacing any other of the same user and type. */
  planSetup(setup: MfaFactorSetup): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(MfaFactorSetup)
        .values(setup)
        .orUpdate(['id', 'data', 'session_id', 'expires_at'], ['user_id', 'type']),
    };
  }

  claimSetup({ userId, type, id }: MfaFactorSetup): Write {
    return {
      claim: FACTOR_SETUP_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(MfaFactorSetup)
        .where('user_id = :userId AND type = :type AND id = :id', { userId, type, id }),
    };
  }

  /** Removes all setups and challenges of this user. */
  planRemoval(userId: string): Write[] {
    return [MfaFactorSetup, MfaFactorChallenge].map((entity) => ({
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from<MfaFactorSetup | MfaFactorChallenge>(entity)
        .where('user_id = :userId', { userId }),
    }));
  }

  /** The challenge this session was last given and hasn't answered, unless it has expired. */
  async findChallenge(userId: string, type: MfaType, sessionId: string): Promise<MfaFactorChallenge | null> {
    const challenge = await this.storage.read((reader) =>
      reader
        .createQueryBuilder(MfaFactorChallenge, 'c')
        .where('c.userId = :userId AND c.type = :type AND c.sessionId = :sessionId', {
          userId,
          type,
          sessionId,
        })
        .getOne(),
    );
    return challenge && challenge.expiresAt.getTime() > this.clock.now() ? challenge : null;
  }

  /** Stores this challenge, replacing the previous one. */
  planChallenge(challenge: Omit<MfaFactorChallenge, 'id'>): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(MfaFactorChallenge)
        .values({ ...challenge, id: randomUUID() })
        .orUpdate(['id', 'authenticator_id', 'data', 'expires_at'], ['user_id', 'type', 'session_id']),
    };
  }

  claimChallenge({ userId, type, sessionId, id }: MfaFactorChallenge): Write {
    return {
      claim: FACTOR_CHALLENGE_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .delete()
        .from(MfaFactorChallenge)
        .where('user_id = :userId AND type = :type AND session_id = :sessionId AND id = :id', {
          userId,
          type,
          sessionId,
          id,
        }),
    };
  }
}
