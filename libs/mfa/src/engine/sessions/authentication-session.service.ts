import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { KeyRing } from '../../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../../core/crypto/key-ring.js';
import { sortableId, createToken, hashToken, isToken } from '../../core/crypto/tokens.js';
import type { NewMfaEvent } from '../journal/mfa-event.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaEventSource } from '../rows/mfa-request.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import type { Account } from '../rows/account.js';
import { accountOf, withAuthenticators } from '../rows/account.js';
import { Authenticator } from '../rows/authenticator.entity.js';
import {
  methodOfType,
  isFirstFactor,
  isSameProof,
  isTrustedBrowser,
  isVouchedFor,
  shownFacts,
} from '../../core/policy/methods.js';
import type { AuthenticationRecord, MfaProofFacts } from '../../core/policy/methods.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import type { NamedValues, PreparedRead } from '../../storage/prepared-statements.js';
import { MfaUserState } from '../rows/mfa-user-state.entity.js';
import type { AuthenticationSessionStatus } from '../rows/authentication-session.entity.js';
import {
  AuthenticationSession,
  isSealedSession,
  sealSession,
} from '../rows/authentication-session.entity.js';
import type { MfaIssuedSession } from '../rows/issued-session.js';
import { SessionLimit } from './session-limit.js';
import { SessionActivity } from './session-activity.js';

/** The claim that is lost when the session ended or changed after it was read. */
export const SESSION_CLAIM = 'session';

/** The claim that is lost when the session to be ended has ended already. */
export const ENDED_CLAIM = 'ended-session';

export interface MfaNewSession {
  /** Default: `pending`. */
  status?: AuthenticationSessionStatus;
  /** What was proven. Default: nothing. */
  methods?: AuthenticationRecord[];
  /** The session's lifetime once authenticated, in seconds. Default: the option `session.ttlSeconds`. */
  ttlSeconds?: number | null;
  /** The browser that signs in, as shown to its owner. Default: unknown. */
  from?: Pick<MfaEventSource, 'ip' | 'userAgent'>;
}

/** A session whose sign-in is complete. */
export type MfaAuthenticatedSession = AuthenticationSession & { status: 'authenticated' };

export interface SessionWithAccount {
  session: AuthenticationSession;
  account: Account;
}

function sessionBy(column: 'tokenHash' | 'id'): PreparedRead<{ s: AuthenticationSession }> {
  return {
    entities: { s: AuthenticationSession },
    parameters: ['key'],
    build: (dataSource, parameters) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .where(`s.${column} = :key`)
        .setParameters(parameters),
  };
}

const BY_TOKEN = sessionBy('tokenHash');
const BY_ID = sessionBy('id');

/** A session by its token, with everything stored for its user: one row per authenticator, or a single one if there is none. */
const WITH_ACCOUNT: PreparedRead<{ s: AuthenticationSession; u: MfaUserState; a: Authenticator }> = {
  entities: { s: AuthenticationSession, u: MfaUserState, a: Authenticator },
  parameters: ['key'],
  build: (dataSource, parameters) =>
    withAuthenticators(
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .leftJoinAndSelect(MfaUserState, 'u', 'u.userId = s.userId'),
      's',
    )
      .where('s.tokenHash = :key')
      .setParameters(parameters),
};

/** Creates, finds, changes and ends authentication sessions. The `plan…` methods return statements for a commit. */
@Injectable()
export class AuthenticationSessionService {
  constructor(
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(SessionLimit) private readonly limit: SessionLimit,
    @Inject(SessionActivity) private readonly activity: SessionActivity,
    @Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** Starts a session of this user and returns it with its token. */
  async create(user: Pick<MfaUser, 'id'>, given: MfaNewSession = {}): Promise<MfaIssuedSession> {
    const { issued, write } = this.planCreation(userIdOf(user), given);
    await this.storage.commit([write]);
    await this.limit.started(issued);
    return issued;
  }

  /**
   * Returns the valid session of that token, pending or authenticated, or null.
   *
   * **A session doesn't mean that anybody is signed in**: a pending one has only passed the password. Call
   * {@link verifyAuthenticated} before you let anybody in, or pass the result to `MfaPolicyService.check()`, for which a
   * pending session proves nothing. This method is meant for tokens of {@link create}, whose sessions are pending by default.
   *
   * @param isUse whether this counts as a use of the session; default: yes
   */
  async verify(token: string, isUse = true): Promise<AuthenticationSession | null> {
    if (!isPresentable(token)) return null;
    const session = await this.find(BY_TOKEN, hashToken(token));
    if (session && isUse) this.activity.note(session);
    return session;
  }

  /**
   * Returns the valid session of that token if its sign-in is complete. Null otherwise, even for a token that still waits for
   * its second factor.
   *
   * The session says what was proven, not what is owed. A user who must set up a second factor before anything else
   * (`enrollment_required`) has such a session, and nothing has checked that the user still exists. For requests,
   * `MfaSessionGuard` takes care of both.
   *
   * @param isUse whether this counts as a use of the session; default: yes
   */
  async verifyAuthenticated(token: string, isUse = true): Promise<MfaAuthenticatedSession | null> {
    const session = await this.verify(token, false);
    if (session?.status !== 'authenticated') return null;
    if (isUse) this.activity.note(session);
    return session as MfaAuthenticatedSession;
  }

  /** Like {@link verify}, so pending sessions too, but reads what is stored for the user in the same query. */
  async verifyWithAccount(token: string, isUse = true): Promise<SessionWithAccount | null> {
    if (!isPresentable(token)) return null;
    const found = await this.findWithAccount(hashToken(token));
    if (found && isUse) this.activity.note(found.session);
    return found;
  }

  /**
   * Returns the session as it is now, with what is stored for the user. Null if it ended or its token was replaced: a request
   * with the old token has no part in what the new one stands for.
   */
  async reload({
    id,
    tokenHash,
  }: Pick<AuthenticationSession, 'id' | 'tokenHash'>): Promise<SessionWithAccount | null> {
    const found = await this.findWithAccount(tokenHash);
    return found?.session.id === id ? found : null;
  }

  /** Whether the session with that id has not ended, whatever its token and status. */
  async isThere(id: string): Promise<boolean> {
    return (await this.find(BY_ID, id)) !== null;
  }

  /**
   * Re-reads the session for a request that lost its claim on it: another request changed what the session holds, so this one
   * plans again, and nothing lost in the meantime comes back, such as the proof of a removed factor.
   *
   * @throws {MfaException} `session_expired` when it has ended, has a new token, or is no longer pending
   */
  async renew(session: AuthenticationSession): Promise<AuthenticationSession> {
    const found = await this.reload(session);
    if (found?.session.status !== session.status) throw new MfaException('session_expired');
    return found.session;
  }

  /**
   * The user's valid sessions, newest first, up to the limit per user. If several instances have started more, those that wait for
   * their second factor are left out first: the password alone must not hide a complete one from its owner.
   */
  async list(user: Pick<MfaUser, 'id'>): Promise<AuthenticationSession[]> {
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .where('s.userId = :userId', { userId: userIdOf(user) })
        .andWhere('s.expires_at > :now', { now: this.clock.now() })
        // In the order of the alphabet, complete ones come before pending ones.
        .orderBy('s.status', 'ASC')
        .addOrderBy('s.createdAt', 'DESC')
        .addOrderBy('s.id', 'DESC')
        .limit(this.options.session.maxPerUser)
        .getMany(),
    );
    return rows.filter((session) => this.isAlive(session)).sort(byAge);
  }

  /**
   * The user's sessions that a trusted browser started and that haven't expired: all of them, unlike {@link list}. Newer sign-ins,
   * for which the password is enough, must not hide one from being ended.
   */
  async listStartedFrom(user: Pick<MfaUser, 'id'>, deviceId: string): Promise<AuthenticationSession[]> {
    const rows = await this.storage.read((dataSource) =>
      dataSource
        .createQueryBuilder(AuthenticationSession, 's')
        .where('s.userId = :userId', { userId: userIdOf(user) })
        .andWhere('s.expires_at > :now', { now: this.clock.now() })
        .andWhere('s.methods LIKE :device', { device: `%${deviceId}%` })
        .getMany(),
    );
    return rows.filter(({ methods }) =>
      methods.some((record) => isTrustedBrowser(record) && record.authenticatorId === deviceId),
    );
  }

  /** Ends one session. */
  async revoke(session: Pick<AuthenticationSession, 'id'>): Promise<void> {
    await this.storage.write(this.deletion('id = :id', { id: session.id }));
  }

  /** Ends all sessions of the user, or all but one, including sign-ins in progress. Returns how many. */
  async revokeAll(user: Pick<MfaUser, 'id'>, except?: Pick<AuthenticationSession, 'id'>): Promise<number> {
    return this.storage.write(this.planEndingOthers(userIdOf(user), except?.id ?? '').query);
  }

  planCreation(
    userId: string,
    { status = 'pending', methods = [], ttlSeconds = null, from }: MfaNewSession,
  ): { issued: MfaIssuedSession; write: Write; takeover: (former: string) => Write } {
    const now = this.clock.now();
    const token = createToken();
    const session = this.seal(new AuthenticationSession(), {
      id: sortableId(now),
      userId,
      tokenHash: hashToken(token),
      status,
      methods,
      ttlSeconds,
      createdAt: new Date(now),
      expiresAt: this.expiry(status, ttlSeconds),
      lastSeenAt: new Date(now),
      userAgent: from?.userAgent ?? null,
      ip: from?.ip ?? null,
    });
    return {
      issued: { session, token },
      write: { query: this.storage.statements.insertion(AuthenticationSession, [session]) },
      // Takes over the session that the client held before, if it still exists: one statement instead of two.
      takeover: (former) => ({
        claim: SESSION_CLAIM,
        query: this.storage.statements.update(AuthenticationSession, session, 'token_hash = :former', {
          former: hashToken(former),
        }),
      }),
    };
  }

  /**
   * Adds proofs and makes the session authenticated. The token is replaced and the old one is dead at once (ASVS v5.0.0-7.2.4):
   * of several requests that do this with one token, one wins.
   */
  planGain(
    session: AuthenticationSession,
    ...records: AuthenticationRecord[]
  ): { issued: MfaIssuedSession; write: Write } {
    const token = createToken();
    const isReplaced = (record: AuthenticationRecord) => records.some((one) => isSameProof(one, record));
    // A statement by an identity provider is the same evidence however often it is presented, so it stays spent.
    const spent = (record: AuthenticationRecord) =>
      session.methods.find(
        (one) => one.spent && isVouchedFor(one) && isSameProof(one, record) && one.at >= record.at,
      );
    const methods = [
      ...session.methods.filter((record) => !isReplaced(record)),
      ...records.map((record) => spent(record) ?? record),
    ];
    const changed = {
      methods,
      tokenHash: hashToken(token),
      lastSeenAt: new Date(this.clock.now()),
      ...this.authenticated(session),
    };
    const { next, write } = this.planChange(session, changed);
    return { issued: { session: next, token }, write };
  }

  /**
   * Records that an authenticator was just proven, in this session or in a new one that starts with the proof. `events`
   * describe it.
   *
   * @param from where a new session comes from
   */
  planProof(
    { userId, session }: { userId: string; session: AuthenticationSession | null },
    { type, id }: Pick<Authenticator, 'type' | 'id'>,
    facts: MfaProofFacts & Pick<AuthenticationRecord, 'weak'>,
    from: MfaEventSource,
  ): { issued: MfaIssuedSession; write: Write; events: NewMfaEvent[] } {
    const method = methodOfType(type);
    const record = { method, at: this.clock.now(), authenticatorId: id, ...facts };
    const verified: NewMfaEvent = { type: 'mfa.session.verified', data: { method, ...shownFacts(facts) } };
    if (session) return { ...this.planGain(session, record), events: [verified] };
    const started: NewMfaEvent = { type: 'mfa.session.started', data: { methods: [method] } };
    const creation = this.planCreation(userId, { status: 'authenticated', methods: [record], from });
    return { ...creation, events: [started, verified] };
  }

  /**
   * Completes a sign-in that owes nothing. The session was pending until now, so anything that ended sign-ins in progress ended
   * this one too. Nobody has received the token yet, so it stays.
   */
  planCompletion(
    session: AuthenticationSession,
    ...records: AuthenticationRecord[]
  ): { session: AuthenticationSession; write: Write } {
    const changed = { methods: [...session.methods, ...records], ...this.authenticated(session) };
    const { next, write } = this.planChange(session, changed);
    return { session: next, write };
  }

  /** Replaces the proofs of the session, as when a factor was removed; the token stays. */
  planRecords(session: AuthenticationSession, methods: AuthenticationRecord[]): Write {
    return this.planChange(session, { methods }).write;
  }

  /**
   * Marks all second-factor proofs of the session as spent: whatever next needs a proof of its own needs one made after this.
   * The token stays. Of several requests that read the same proofs, one gets them.
   */
  planSpending(session: AuthenticationSession): { session: AuthenticationSession; write: Write } {
    const methods = session.methods.map((record) =>
      isFirstFactor(record) ? record : { ...record, spent: true as const },
    );
    const { next, write } = this.planChange(session, { methods });
    return { session: next, write };
  }

  /**
   * Claims that the session is valid and as it was read, so that a commit it permitted happens with it or not at all. Its row
   * stays locked until then, so it can't end in between.
   */
  planClaim(session: AuthenticationSession): Write {
    return this.claim(session, { seal: session.seal });
  }

  /** Ends the user's sessions that still wait for their second factor. */
  planEndingPending(userId: string): Write {
    return {
      query: this.deletion('user_id = :userId AND status = :status', { userId, status: 'pending' }),
    };
  }

  /** Ends one of the user's sessions. If several requests do, one wins. */
  planEnding(userId: string, id: string): Write {
    return {
      claim: SESSION_CLAIM,
      query: this.deletion('id = :id AND user_id = :userId', { id, userId }),
    };
  }

  /** Like {@link planEnding}, for a commit that also claims the session that asks for it. */
  planEndingListed(userId: string, id: string): Write {
    return { ...this.planEnding(userId, id), claim: ENDED_CLAIM };
  }

  /** Ends the user's sessions except the one with that id; if it is empty, all of them. */
  planEndingOthers(userId: string, keptId: string): Write {
    return { query: this.deletion('user_id = :userId AND id <> :keptId', { userId, keptId }) };
  }

  /** Ends those of these sessions of the user that still exist. */
  planEndingThese(userId: string, sessions: readonly Pick<AuthenticationSession, 'id'>[]): Write {
    const ids = sessions.map(({ id }) => id);
    return { query: this.deletion('user_id = :userId AND id IN (:...ids)', { userId, ids }) };
  }

  /** Ends the session that a client held before it signed in again. */
  planEndingToken(token: string): Write {
    return { query: this.deletion('token_hash = :tokenHash', { tokenHash: hashToken(token) }) };
  }

  private planChange(
    session: AuthenticationSession,
    changed: Partial<AuthenticationSession>,
  ): { next: AuthenticationSession; write: Write } {
    const next = this.seal(session, changed);
    return { next, write: this.claim(session, { ...changed, seal: next.seal }) };
  }

  /** Writes only if the row is as it was read; its seal covers all of it. */
  private claim({ id, seal }: AuthenticationSession, changed: Partial<AuthenticationSession>): Write {
    const query = this.storage.statements.update(
      AuthenticationSession,
      changed,
      'id = :id AND seal = :seen AND expires_at > :now',
      { id, seen: seal, now: this.clock.now() },
    );
    return { claim: SESSION_CLAIM, query };
  }

  private seal(
    session: AuthenticationSession,
    changed: Partial<AuthenticationSession>,
  ): AuthenticationSession {
    const next = Object.assign(new AuthenticationSession(), session, changed);
    return Object.assign(next, { seal: sealSession(this.keyRing, next) });
  }

  private async findWithAccount(tokenHash: string): Promise<SessionWithAccount | null> {
    const rows = await this.storage.read((reader) => reader.rows(WITH_ACCOUNT, { key: tokenHash }));
    const session = rows[0]?.s ?? null;
    if (!session || !this.isAlive(session)) return null;
    return { session, account: accountOf(rows) };
  }

  private async find(read: typeof BY_TOKEN, key: string): Promise<AuthenticationSession | null> {
    const [row] = await this.storage.read((reader) => reader.rows(read, { key }));
    return row?.s && this.isAlive(row.s) ? row.s : null;
  }

  /** Whether a session that was read before has ended since: it expired, or was idle for too long. */
  isOver(session: AuthenticationSession): boolean {
    return session.isExpired(this.clock.now()) || this.activity.isIdle(session);
  }

  /** A row that this module didn't write, or that was changed by others, is no session. */
  private isAlive(session: AuthenticationSession): boolean {
    return !this.isOver(session) && isSealedSession(this.keyRing, session);
  }

  private deletion(where: string, parameters: NamedValues): Write['query'] {
    return this.storage.statements.deletion(AuthenticationSession, where, parameters);
  }

  /** Completing a sign-in starts the session's lifetime; an authenticated session keeps its end. */
  private authenticated({
    status,
    ttlSeconds,
    expiresAt,
  }: AuthenticationSession): Pick<AuthenticationSession, 'status' | 'expiresAt'> {
    return {
      status: 'authenticated',
      expiresAt: status === 'pending' ? this.expiry('authenticated', ttlSeconds) : expiresAt,
    };
  }

  private expiry(status: AuthenticationSessionStatus, ttlSeconds: number | null): Date {
    const { pendingTtlSeconds, ttlSeconds: usual } = this.options.session;
    const seconds = status === 'pending' ? pendingTtlSeconds : (ttlSeconds ?? usual);
    return new Date(this.clock.now() + seconds * 1000);
  }
}

/** Newest first. */
function byAge(one: AuthenticationSession, other: AuthenticationSession): number {
  const later = other.createdAt.getTime() - one.createdAt.getTime();
  if (later !== 0) return later;
  return one.id > other.id ? -1 : 1;
}

/** Applications may pass on whatever a client sent. */
function isPresentable(token: unknown): token is string {
  return typeof token === 'string' && isToken(token);
}
