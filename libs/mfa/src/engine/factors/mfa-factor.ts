import type { Type, FactoryProvider } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaFactorTraits } from '../../core/policy/methods.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { MfaFactorTable } from '../rows/factor-table.js';
import type { MfaFactorContext } from './factor-context.js';

/** For whom and where a factor is asked. */
export interface MfaFactorRequest {
  user: MfaUser;
  /** The authentication session; empty where there is none of this module's, as before a step-up beside the application's own sign-in. */
  sessionId: string;
}

/** One of a user's authenticators, as its factor sees it. */
export interface MfaFactorAuthenticator {
  id: string;
  userId: string;
  name: string;
  /** What the factor kept at set-up, or put in its place with a proof; decrypted, unless its traits say that it is no secret. */
  data: string;
  /** The greatest step that was accepted; null: none yet. */
  lastStep: number | null;
  /** How many proofs are left, where the factor counts them ({@link MfaFactorProof.remaining}); null: it does not. */
  remaining: number | null;
}

/** A set-up that has begun. */
export interface MfaBegunSetup {
  /** What the first proof is verified by; it is kept encrypted, and never shown. */
  data: string;
  expiresAt: Date;
  /** What the user must see; the answer of the route. */
  answer: object;
}

/** A set-up whose first code has come. */
export interface MfaFactorSetUp {
  data: string;
  /** The id of the authenticator that it becomes: for rows of the factor's own, which go with it. */
  authenticatorId: string;
}

/** A challenge that is on its way to the user. */
export interface MfaBegunChallenge {
  /** What the answer is verified by. Keep a hash of what is to be guessed: this is stored as it is. */
  data: string;
  expiresAt: Date;
  /** The answer of the route. */
  answer: object;
}

/** A statement of the query builder of the application's `DataSource`: `createQueryBuilder().update(…).set(…).where(…)`. */
export type FactorStatement = Write['query'];

/**
 * What must hold for a right proof to count: the engine claims it, and what goes along, in one commit. Two proofs at once, of
 * which each wants the same step or has seen the same data, never both count.
 */
export interface MfaFactorProof {
  /** A number that only grows, as the counter of HOTP: one at or below the last accepted is refused. */
  step?: number;
  /** What is kept from now on. */
  data?: string;
  /**
   * How many proofs are left from now on: one fewer than the factor was given. It counts only if that number is still true; else the
   * factor is asked once more.
   */
  remaining?: number;
  /**
   * Statements on tables of the factor's own, each of which has to change exactly one row, or the proof is a wrong one: what can
   * be used once is used up by one of these.
   */
  claims?: readonly FactorStatement[];
  /** Further statements on such tables, in the same commit. */
  writes?: readonly FactorStatement[];
}

/**
 * What a factor says to a code: that it could not be one of this authenticator's, which is no failure; that it is wrong; or what
 * must be claimed for it to count.
 */
export type MfaFactorVerdict = 'not_applicable' | 'wrong' | MfaFactorProof;

/**
 * A kind of second factor that is proven by a code. Extend it, and name the class in the option `factors`:
 *
 *     export class TokenListFactor extends MfaFactor {
 *       static readonly traits = { type: 'token_list', label: 'Token list' } satisfies MfaFactorTraits;
 *       …
 *     }
 *
 * The module counts attempts, locks, keeps sessions, tells of changes, encrypts and removes: a factor only says what is right.
 */
export abstract class MfaFactor {
  private connected?: MfaFactorContext;

  /** @internal */
  connect(context: MfaFactorContext): void {
    this.connected = context;
  }

  /** What factors work with: the clock, messages, keyed hashes. There after boot. */
  protected get mfa(): MfaFactorContext {
    if (!this.connected)
      throw new Error('This factor is not connected: give it to MfaModule.forRoot({ factors })');
    return this.connected;
  }

  /** Whether its messages go through the adapter's `sendMessage()`: then the boot stops where that is not overridden. Default: false. */
  needsSender(): boolean {
    return false;
  }

  /**
   * Begins a set-up (`POST /mfa/factors/:type`).
   *
   * @param body what the client sent; nothing of it was checked
   * @throws {MfaException} what the client is answered with
   */
  abstract begin(
    request: MfaFactorRequest,
    body: Readonly<Record<string, unknown>>,
  ): Promise<MfaBegunSetup> | MfaBegunSetup;

  /**
   * Verifies the first code of a set-up.
   *
   * @returns `wrong`, or the data of the authenticator that it becomes
   */
  abstract activate(
    code: string,
    setup: MfaFactorSetUp,
    request: MfaFactorRequest,
  ): Promise<'wrong' | MfaFactorProof> | 'wrong' | MfaFactorProof;

  /** Verifies a code at sign-in or step-up. `challenge`: what this session was last challenged with and has not answered. */
  abstract verify(
    code: string,
    proof: MfaFactorRequest & { authenticator: MfaFactorAuthenticator; challenge: { data: string } | null },
  ): Promise<MfaFactorVerdict> | MfaFactorVerdict;

  /**
   * Sends a challenge (`POST /mfa/authenticate/:type/challenge`). A new one takes the place of a former one. Without this
   * method the factor has none.
   */
  challenge?(
    request: MfaFactorRequest & { authenticator: MfaFactorAuthenticator },
  ): Promise<MfaBegunChallenge> | MfaBegunChallenge;

  /** Whether this user could set it up, as far as their record says; pages offer it then. Default: true. */
  isOffered?(user: MfaUser): boolean;

  /** Whether the authenticator works for this user as they are now; one that does not is not offered. Default: true. */
  isUsable?(user: MfaUser, authenticator: MfaFactorAuthenticator): Promise<boolean> | boolean;

  /**
   * Whether the authenticator is weaker than one that a profile would enroll: its proofs then count, under a profile, for getting
   * another factor alone. Default: false.
   */
  isWeak?(authenticator: MfaFactorAuthenticator): boolean;

  /** What lists of authenticators show besides name and dates; never a secret. Default: nothing. */
  describe?(authenticator: MfaFactorAuthenticator): object;
}

/** The class of a factor. */
export type MfaFactorClass = Type<MfaFactor> & {
  readonly traits: MfaFactorTraits;
  /** The tables of its own. */
  readonly tables?: readonly MfaFactorTable[];
};

/** A factor that is made by a function, such as those that `emailCode()` and `smsCode()` return. */
export interface MfaFactorDefinition {
  readonly traits: MfaFactorTraits;
  /** The tables of its own. */
  readonly tables?: readonly MfaFactorTable[];
  readonly useFactory: (...injected: never[]) => MfaFactor;
  readonly inject?: FactoryProvider['inject'];
  /** Stops the boot where the options do not fit; returns what is wrong. */
  readonly problems?: readonly string[];
}

/** What the option `factors` takes. */
export type MfaFactorOption = MfaFactorClass | MfaFactorDefinition;
