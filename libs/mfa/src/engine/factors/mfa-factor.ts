import type { Type, FactoryProvider } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaFactorTraits } from '../../core/policy/methods.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { MfaFactorTable } from '../rows/factor-table.js';
import type { MfaFactorContext } from './factor-context.js';

/** Whom a factor is asked about, and in which session. */
export interface MfaFactorRequest {
  user: MfaUser;
  /** The authentication session. Empty if this module has none, as before a step-up next to the application's own sign-in. */
  sessionId: string;
}

/** One of a user's authenticators, as its factor sees it. */
export interface MfaFactorAuthenticator {
  id: string;
  userId: string;
  name: string;
  /**
   * What the factor stored at setup or replaced with a later proof. Decrypted, unless the factor's traits say that it is no
   * secret.
   */
  data: string;
  /** The greatest step accepted so far; null if none was. */
  lastStep: number | null;
  /** How many proofs are left ({@link MfaFactorProof.remaining}); null if the factor doesn't count them. */
  remaining: number | null;
}

/** A setup that has begun. */
export interface MfaBegunSetup {
  /** What the first proof is verified against. It is stored encrypted and never shown. */
  data: string;
  expiresAt: Date;
  /** What the user must see: the response of the route. */
  answer: object;
}

/** A setup whose first code has arrived. */
export interface MfaFactorSetUp {
  data: string;
  /** The id of the authenticator that the setup becomes, for rows in the factor's own tables that are removed with it. */
  authenticatorId: string;
}

/** A challenge that is on its way to the user. */
export interface MfaBegunChallenge {
  /** What the answer is verified against. Store a hash of anything that could be guessed: this is not encrypted. */
  data: string;
  expiresAt: Date;
  /** The response of the route. */
  answer: object;
}

/**
 * A statement made with the query builder of the application's `DataSource`: `createQueryBuilder().update(…).set(…).where(…)`.
 */
export type FactorStatement = Write['query'];

/**
 * What must hold for a right proof to count. The engine claims all of it in one commit. Of two concurrent proofs that use the
 * same step or were read with the same data, only one counts.
 */
export interface MfaFactorProof {
  /** A number that only grows, like the counter of HOTP. A step at or below the last accepted one is refused. */
  step?: number;
  /** The data to store from now on. */
  data?: string;
  /**
   * How many proofs are left from now on: one fewer than the factor was given. The proof counts only if that number is still
   * current; otherwise the factor is asked again.
   */
  remaining?: number;
  /**
   * Statements on the factor's own tables. Each must change exactly one row, or the proof is wrong. Use them to consume what
   * can be used only once.
   */
  claims?: readonly FactorStatement[];
  /** Further statements on the factor's own tables, in the same commit. */
  writes?: readonly FactorStatement[];
}

/**
 * A factor's answer to a code: it can't be one of this authenticator's, which is no failure; it is wrong; or what must be
 * claimed for it to count.
 */
export type MfaFactorVerdict = 'not_applicable' | 'wrong' | MfaFactorProof;

/**
 * A kind of second factor that is proven by a code. Extend it, and list the class in the option `factors`:
 *
 *     export class TokenListFactor extends MfaFactor {
 *       static readonly traits = { type: 'token_list', label: 'Token list' } satisfies MfaFactorTraits;
 *       …
 *     }
 *
 * The module counts attempts, locks, manages sessions, reports changes, encrypts and removes. A factor only decides what is
 * right.
 */
export abstract class MfaFactor {
  private connected?: MfaFactorContext;

  /** @internal */
  connect(context: MfaFactorContext): void {
    this.connected = context;
  }

  /** What the factor works with: the clock, messages, keyed hashes. Available after boot. */
  protected get mfa(): MfaFactorContext {
    if (!this.connected)
      throw new Error('This factor is not connected: pass it to MfaModule.forRoot({ factors })');
    return this.connected;
  }

  /**
   * Whether the factor sends its messages with the adapter's `sendMessage()`. If so, the application doesn't boot unless that
   * is overridden. Default: false.
   */
  needsSender(): boolean {
    return false;
  }

  /**
   * Begins a setup (`POST /mfa/factors/:type`).
   *
   * @param body what the client sent, unvalidated
   * @throws {MfaException} the error to respond with
   */
  abstract begin(
    request: MfaFactorRequest,
    body: Readonly<Record<string, unknown>>,
  ): Promise<MfaBegunSetup> | MfaBegunSetup;

  /**
   * Verifies the first code of a setup.
   *
   * @returns `wrong`, or the data of the new authenticator
   */
  abstract activate(
    code: string,
    setup: MfaFactorSetUp,
    request: MfaFactorRequest,
  ): Promise<'wrong' | MfaFactorProof> | 'wrong' | MfaFactorProof;

  /** Verifies a code at sign-in or step-up. `challenge` is what this session was last challenged with and hasn't answered. */
  abstract verify(
    code: string,
    proof: MfaFactorRequest & { authenticator: MfaFactorAuthenticator; challenge: { data: string } | null },
  ): Promise<MfaFactorVerdict> | MfaFactorVerdict;

  /**
   * Sends a challenge (`POST /mfa/authenticate/:type/challenge`), which replaces the previous one. Leave it out if the factor
   * has no challenges.
   */
  challenge?(
    request: MfaFactorRequest & { authenticator: MfaFactorAuthenticator },
  ): Promise<MfaBegunChallenge> | MfaBegunChallenge;

  /** Whether this user could set up the factor, as far as their record tells. Pages then offer it. Default: true. */
  isOffered?(user: MfaUser): boolean;

  /**
   * Whether the authenticator currently works for this user. One that doesn't is not offered. If its factor has a `channel`, a
   * new setup may replace it. Default: true.
   */
  isUsable?(user: MfaUser, authenticator: MfaFactorAuthenticator): Promise<boolean> | boolean;

  /**
   * Whether the authenticator is weaker than what a profile enrolls. Under a profile, its proofs then only count for adding
   * another factor. Default: false.
   */
  isWeak?(authenticator: MfaFactorAuthenticator): boolean;

  /** What lists of authenticators show besides name and dates; never a secret. Default: nothing. */
  describe?(authenticator: MfaFactorAuthenticator): object;
}

/** The class of a factor. */
export type MfaFactorClass = Type<MfaFactor> & {
  readonly traits: MfaFactorTraits;
  /** The factor's own tables. */
  readonly tables?: readonly MfaFactorTable[];
};

/** A factor made by a function, such as those that `emailCode()` and `smsCode()` return. */
export interface MfaFactorDefinition {
  readonly traits: MfaFactorTraits;
  /** The factor's own tables. */
  readonly tables?: readonly MfaFactorTable[];
  readonly useFactory: (...injected: never[]) => MfaFactor;
  readonly inject?: FactoryProvider['inject'];
  /** What is wrong with the options, if anything. A problem stops the boot. */
  readonly problems?: readonly string[];
}

/** A value of the option `factors`. */
export type MfaFactorOption = MfaFactorClass | MfaFactorDefinition;
