import { randomUUID } from 'node:crypto';

import { Inject, Injectable } from '@nestjs/common';

import type { SelectQueryBuilder } from 'typeorm';

import type { MfaUser } from '../adapter/mfa-user.js';
import { userIdOf } from '../adapter/mfa-user.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import { createToken, hashToken, isToken } from '../crypto/token.js';
import { MfaException } from '../errors/mfa-exception.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import type { Account } from '../authenticators/accounts.service.js';
import { Authenticator } from '../authenticators/authenticator.entity.js';
import type { AuthenticationRecord } from '../policy/methods.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { MfaUserState } from '../users/mfa-user-state.entity.js';
import type { AuthenticationSessionStatus } from './authentication-session.entity.js';
import { AuthenticationSession } from './authentication-session.entity.js';
import type { IssuedSession } from './issued-session.js';

/** The claim that is lost when the session ended, or its token changed, after it was read. */
export const SESSION_CLAIM = 'session';

export interface NewSession {
  /** Default: `pending`. */
  status?: AuthenticationSessionStatus;
  /** What was proven. Default: nothing. */
  methods?: AuthenticationRecord[];
}

export interface SessionWithAccount {
  session: AuthenticationSession;
  account: Account;
}

/** Makes, finds, changes and ends authentication sessions. The `plan…` methods return statements for a commit. */
@Injectable()
export class AuthenticationSessionService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** Starts a session of this user and returns it with its token. */
  async create(user: Pick<MfaUser, 'id'>, given: NewSession = {}): Promise<IssuedSession> {
    const { issued, write } = this.planCreation(userIdOf(user), given);
    await this.storage.commit([write]);
    return issued;
  }

  /** The living session of that token, pending or authenticated, or null. */
  async verify(token: string): Promise<AuthenticationSession | null> {
    return this.find(token, (query) => query);
  }

  /** Like {@link verify}, with what is kept of the user in the same query. */
  async verifyWithAccount(token: string): Promise<SessionWithAccount | null> {
    const found = await this.find(token, (query) =>
      query
        .leftJoinAndMapOne('s.state', MfaUserState, 'u', 'u.userId = s.userId')
        .leftJoinAndMapMany('s.authenticators', Authenticator, 'a', 'a.userId = s.userId')
        .orderBy('a.createdAt')
        .addOrderBy('a.type', 'DESC'),
    );
    if (!found) return null;
    const { state, authenticators, ...columns } = found as AuthenticationSession & Account;
    return {
      session: Object.assign(new AuthenticationSession(), columns),
      account: { state, authenticators },
    };
  }

  /** The user's living sessions, the newest first. */
  async list(user: Pick<MfaUser, 'id'>): Promise<AuthenticationSession[]> {
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .where('s.userId = :userId', { userId: userIdOf(user) })
        .orderBy('s.createdAt', 'DESC')
        .getMany(),
    );
    return rows.filter((session) => !session.isExpired(this.clock.now()));
  }

  /** Ends one session. */
  async revoke(session: Pick<AuthenticationSession, 'id'>): Promise<void> {
    await this.storage.write(this.deletion().where('id = :id', { id: session.id }));
  }

  /** Ends all sessions of the user, or all but one; returns how many. */
  async revokeAll(user: Pick<MfaUser, 'id'>, except?: Pick<AuthenticationSession, 'id'>): Promise<number> {
    return this.storage.write(this.planEndingOthers(userIdOf(user), except?.id ?? '').query);
  }

  planCreation(
    userId: string,
    { status = 'pending', methods = [] }: NewSession,
  ): { issued: IssuedSession; write: Write } {
    const now = this.clock.now();
    const token = createToken();
    const session = Object.assign(new AuthenticationSession(), {
      id: randomUUID(),
      userId,
      tokenHash: hashToken(token),
      status,
      methods,
      createdAt: new Date(now),
      expiresAt: this.expiry(status, now),
    });
    const query = this.storage.dataSource
      .createQueryBuilder()
      .insert()
      .into(AuthenticationSession)
      .values(session)
      .updateEntity(false);
    return { issued: { session, token }, write: { query } };
  }

  /**
   * Adds proofs and makes the session authenticated. The token changes and the old one is dead at once (ASVS
   * v5.0.0-7.2.4): of several requests that do this with one token, one wins.
   */
  planGain(
    session: AuthenticationSession,
    ...records: AuthenticationRecord[]
  ): { issued: IssuedSession; write: Write } {
    const token = createToken();
    const isReplaced = ({ method }: AuthenticationRecord) => records.some((one) => one.method === method);
    const methods = [...session.methods.filter((record) => !isReplaced(record)), ...records];
    const expiresAt =
      session.status === 'pending' ? this.expiry('authenticated', this.clock.now()) : session.expiresAt;
    const next = Object.assign(new AuthenticationSession(), session, {
      status: 'authenticated',
      methods,
      expiresAt,
      tokenHash: hashToken(token),
    } satisfies Partial<AuthenticationSession>);
    return {
      issued: { session: next, token },
      write: {
        claim: SESSION_CLAIM,
        query: this.storage.dataSource
          .createQueryBuilder()
          .update(AuthenticationSession)
          .set({ tokenHash: next.tokenHash, status: next.status, methods, expiresAt })
          .where('id = :id AND token_hash = :seen AND status = :status AND expires_at > :now', {
            id: session.id,
            seen: session.tokenHash,
            status: session.status,
            now: this.clock.now(),
          }),
      },
    };
  }

  /**
   * Makes a new session wait for its second factor.
   *
   * @throws {MfaException} `session_expired` when it was ended meanwhile
   */
  async hold({ session, token }: IssuedSession): Promise<IssuedSession> {
    const status = 'pending';
    const expiresAt = this.expiry(status, this.clock.now());
    const query = this.storage.dataSource
      .createQueryBuilder()
      .update(AuthenticationSession)
      .set({ status, expiresAt })
      .where('id = :id', { id: session.id });
    if ((await this.storage.write(query)) !== 1) throw new MfaException('session_expired');
    return { session: Object.assign(new AuthenticationSession(), session, { status, expiresAt }), token };
  }

  /** Replaces what the session holds, as when a factor is gone; the token stays. */
  planRecords(session: AuthenticationSession, methods: AuthenticationRecord[]): Write {
    return {
      claim: SESSION_CLAIM,
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(AuthenticationSession)
        .set({ methods })
        .where('id = :id AND token_hash = :seen', { id: session.id, seen: session.tokenHash }),
    };
  }

  /** Ends the user's sessions that still wait for their second factor. */
  planEndingPending(userId: string): Write {
    return {
      query: this.deletion().where('user_id = :userId AND status = :status', { userId, status: 'pending' }),
    };
  }

  /** Ends one of the user's sessions; of several that do it, one does. */
  planEnding(userId: string, id: string): Write {
    return {
      claim: SESSION_CLAIM,
      query: this.deletion().where('id = :id AND user_id = :userId', { id, userId }),
    };
  }

  planEndingOthers(userId: string, keptId: string): Write {
    return { query: this.deletion().where('user_id = :userId AND id <> :keptId', { userId, keptId }) };
  }

  /** Ends these sessions of the user, as far as there are any left of them. */
  planEndingThese(userId: string, sessions: readonly Pick<AuthenticationSession, 'id'>[]): Write {
    const ids = sessions.map(({ id }) => id);
    return { query: this.deletion().where('user_id = :userId AND id IN (:...ids)', { userId, ids }) };
  }

  /** Ends the session that a client held before it signed in again. */
  planEndingToken(token: string): Write {
    return { query: this.deletion().where('token_hash = :tokenHash', { tokenHash: hashToken(token) }) };
  }

  private async find(
    token: unknown,
    extend: (query: SelectQueryBuilder<AuthenticationSession>) => SelectQueryBuilder<AuthenticationSession>,
  ): Promise<AuthenticationSession | null> {
    if (typeof token !== 'string' || !isToken(token)) return null;
    const session = await this.storage.read((dataSource) =>
      extend(
        dataSource
          .createQueryBuilder(AuthenticationSession, 's')
          .where('s.tokenHash = :tokenHash', { tokenHash: hashToken(token) }),
      ).getOne(),
    );
    return session && !session.isExpired(this.clock.now()) ? session : null;
  }

  private deletion() {
    return this.storage.dataSource.createQueryBuilder().delete().from(AuthenticationSession);
  }

  private expiry(status: AuthenticationSessionStatus, now: number): Date {
    const { pendingTtlSeconds, ttlSeconds } = this.options.session;
    return new Date(now + (status === 'pending' ? pendingTtlSeconds : ttlSeconds) * 1000);
  }
}
