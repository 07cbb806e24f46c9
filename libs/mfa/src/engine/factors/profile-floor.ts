import { Inject, Injectable, Logger } from '@nestjs/common';

import { isAway } from '../../core/errors/is-away.js';
import { messageOf } from '../../core/errors/message-of.js';
import type { ProofFloor } from '../../core/policy/floor.js';
import { isFirstDelivered, meetsFloor, onlyRecovers, raise } from '../../core/policy/floor.js';
import { isBackupType } from '../../core/policy/methods.js';
import type { AuthenticationRecord, MfaProofFacts, MfaType } from '../../core/policy/methods.js';
import type { MfaRequirement } from '../../core/policy/policy.js';
import { asksForKeys, fittingTypes, isFittingProof, isOfKind } from '../../core/policy/policy.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { PROFILES } from '../../options/profiles.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import { AUTHENTICATOR_DETAILS, keyFactsOf } from '../authenticators/authenticator-list.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { isSecondFactorRow } from '../rows/authenticator.entity.js';
import type { FactorJudge } from './factor-judge.js';
import { FACTOR_JUDGES } from './factor-judge.js';

/**
 * What the option `profile` demands of every proof. It is checked at each use, because a factor may be older than the profile
 * or have been imported. A user who has nothing that meets it signs in with what they have, and can then do no more than add a
 * factor that does.
 */
@Injectable()
export class ProfileFloor {
  private readonly logger = new Logger(ProfileFloor.name);
  private readonly floor: ProofFloor | null;
  private readonly refusesWeak: boolean;

  constructor(
    @Inject(FACTOR_JUDGES) private readonly judges: readonly FactorJudge[],
    @Inject(AUTHENTICATOR_DETAILS) private readonly details: readonly AuthenticatorDetails[],
    @Inject(MFA_OPTIONS) { profile }: ResolvedMfaOptions,
  ) {
    ({ floor: this.floor, refusesWeak: this.refusesWeak } = PROFILES[profile]);
  }

  /** Whether the profile demands nothing. Then none of the checks here costs a statement. */
  get isOpen(): boolean {
    return this.floor === null && !this.refusesWeak;
  }

  /** What a ceremony has to show, for its options and for refusals. */
  get needs(): { userVerified?: true; deviceBound?: true } {
    return {
      ...(this.floor?.userVerified ? { userVerified: true } : {}),
      ...(this.floor?.deviceBound ? { deviceBound: true } : {}),
    };
  }

  /**
   * Raises the requirement of a route to at least the floor. If the first factor was delivered, the second one must be two
   * factors by itself.
   *
   * @param records what the session holds
   */
  raise(requirement: MfaRequirement, records: readonly AuthenticationRecord[]): MfaRequirement {
    const raised = raise(requirement, this.floor);
    return !this.isOpen && isFirstDelivered(records) ? { ...raised, userVerified: true } : raised;
  }

  meets(record: AuthenticationRecord): boolean {
    return meetsFloor(record, this.floor);
  }

  /** Whether a proof counts next to the others of its session on a route without requirements of its own. */
  counts(record: AuthenticationRecord, records: readonly AuthenticationRecord[]): boolean {
    return isFittingProof(record, this.raise({}, records));
  }

  /** Whether a proof is only good for adding a factor that meets the floor. */
  onlyRecovers(record: AuthenticationRecord): boolean {
    return onlyRecovers(record, this.floor);
  }

  /** Whether proofs by a factor of this type can meet the floor ({@link meets}). */
  fitsType(type: MfaType): boolean {
    return this.floor === null || fittingTypes(this.floor).includes(type);
  }

  /** Whether a key with these facts can give proofs that meet the floor ({@link meets}). */
  fitsKey(facts: MfaProofFacts): boolean {
    return this.floor === null || isOfKind(facts, this.floor);
  }

  /** Whether the user has a second factor whose proofs can meet the floor. */
  async hasFitting(rows: readonly Authenticator[]): Promise<boolean> {
    if (this.isOpen) return true;
    const fitting = rows.filter((row) => isSecondFactorRow(row) && this.fitsType(row.type));
    const [first] = fitting;
    if (!first) return false;
    if (this.floor && asksForKeys(this.floor)) {
      return (await keyFactsOf(this.details, first.userId)).some((key) => this.fitsKey(key));
    }
    for (const row of fitting) if (!(await this.isWeak(row))) return true;
    return false;
  }

  /**
   * The authenticators whose proofs are admitted. If one of them meets the floor, those that don't are left out, except those
   * that stand in for a lost factor.
   */
  async admitted(rows: readonly Authenticator[]): Promise<readonly Authenticator[]> {
    if (this.isOpen || !(await this.hasFitting(rows))) return rows;
    const admitted: Authenticator[] = [];
    for (const row of rows) {
      if (isBackupType(row.type) || (this.fitsType(row.type) && !(await this.isWeak(row))))
        admitted.push(row);
    }
    return admitted;
  }

  /** The types of which all of the user's authenticators are too weak. */
  async weakTypes(rows: readonly Authenticator[]): Promise<MfaType[]> {
    const weak = new Set<MfaType>();
    const others = new Set<MfaType>();
    for (const row of rows) ((await this.isWeak(row)) ? weak : others).add(row.type);
    return [...weak].filter((type) => !others.has(type));
  }

  /** Whether the authenticator is too weak for the profile to enroll. */
  async isWeak(row: Authenticator): Promise<boolean> {
    const judge = this.refusesWeak ? this.judges.find(({ type }) => type === row.type) : undefined;
    if (!judge) return false;
    try {
      return await judge.isWeak(row);
    } catch (error) {
      if (isAway(error)) throw error;
      this.logger.error(`Could not tell how strong ${row.id} (${row.type}) is: ${messageOf(error)}`);
      // What can't be read can't prove anything either.
      return true;
    }
  }
}
