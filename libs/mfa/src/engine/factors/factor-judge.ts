import { Inject, Injectable } from '@nestjs/common';

import type { MfaUser } from '../../core/users/mfa-user.js';
import type { MfaClock } from '../../core/clock/clock.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { RegisteredFactor } from './factor-registry.js';
import type { FactorRows } from './factor-rows.js';
import type { MfaFactorProof, MfaFactorAuthenticator } from './mfa-factor.js';
import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import { isJudgedByRow } from '../../core/policy/methods.js';

/** The record the data belongs to. */
export interface FactorRecord {
  id: string;
  userId: string;
  type: MfaType;
}

/** Encrypts and decrypts factor data, bound to its owner, type and record. */
@Injectable()
export class FactorData {
  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {}

  async encrypt(data: string, { id, userId, type }: FactorRecord): Promise<string> {
    return this.adapter.encrypt(data, { purpose: type, userId, recordId: id });
  }

  async decrypt(data: string, { id, userId, type }: FactorRecord): Promise<string> {
    return this.adapter.decrypt(data, { purpose: type, userId, recordId: id });
  }

  /**
   * Returns what to store in an authenticator's row. Where other tables verify the factor, the data only says where to look in
   * them: it is no secret and is stored as it is.
   */
  async keep(data: string, record: FactorRecord): Promise<string> {
    return isJudgedByRow(record.type) ? this.encrypt(data, record) : data;
  }

  /** Returns the row as its factor sees it. */
  async open(row: Authenticator): Promise<MfaFactorAuthenticator> {
    const { id, userId, name, lastStep, remaining } = row;
    const data = isJudgedByRow(row.type) ? await this.decrypt(row.data, row) : row.data;
    return { id, userId, name, lastStep, remaining, data };
  }
}

/**
 * The outcome of a code. `not_applicable`: it can't be one of this authenticator's, which is no failure. `wrong`: a failure.
 * `forged`: the row isn't as this module wrote it, so it verifies nothing. Otherwise what must succeed for the code to be
 * right: `use`, the claim of this use of the authenticator, and `others`, what the factor and a challenge demand besides.
 * `step` is set if the use consists of it alone; `isWeak` if the factor is weaker than what profiles enroll.
 */
export type CodeVerdict =
  'not_applicable' | 'wrong' | 'forged' | { use: Write; others: Write[]; step?: number; isWeak?: boolean };

/** Whose code is verified, and in which session. */
export interface CodeScope {
  user: MfaUser;
  /** Empty without an authentication session of this module. */
  sessionId: string;
}

/** What the engine gives each judge. */
export interface JudgeParts {
  data: FactorData;
  rows: FactorRows;
  authenticators: AuthenticatorsService;
  clock: MfaClock;
}

/** Injection token of the {@link FactorJudge} of each factor, in the order in which they are asked. */
export const FACTOR_JUDGES = Symbol.for('nestjs-mfa:FACTOR_JUDGES');

/** Asks a factor to verify a code, and turns its verdict into claims. */
export class FactorJudge {
  readonly type: MfaType;

  constructor(
    private readonly registered: RegisteredFactor,
    private readonly parts: JudgeParts,
  ) {
    this.type = registered.type;
  }

  /** @param code as returned by `normalizeCode()`: upper case, ASCII digits, no separators */
  async verify(code: string, row: Authenticator, { user, sessionId }: CodeScope): Promise<CodeVerdict> {
    const { data, rows, authenticators } = this.parts;
    const { factor } = this.registered;
    const authenticator = await data.open(row);
    // A step that was set back would make used codes valid again.
    if (!authenticators.isGenuine(row)) return 'forged';
    const found = factor.challenge ? await rows.findChallenge(row.userId, this.type, sessionId) : null;
    const challenge = found?.authenticatorId === row.id ? found : null;
    const verdict = await factor.verify(code, { user, sessionId, authenticator, challenge });
    if (verdict === 'not_applicable' || verdict === 'wrong') return verdict;
    assertProof(this.type, verdict);
    const use = await this.claimUse(row, verdict);
    const others = [
      ...ownClaims(this.type, verdict),
      ...ownWrites(verdict),
      ...(challenge ? [rows.claimChallenge(challenge)] : []),
    ];
    const isStep =
      verdict.step !== undefined && verdict.data === undefined && verdict.remaining === undefined;
    const isWeak = factor.isWeak?.(authenticator) ?? false;
    return { use, others, isWeak, ...(isStep ? { step: verdict.step as number } : {}) };
  }

  /** Whether the factor is weaker than what profiles enroll. */
  async isWeak(row: Authenticator): Promise<boolean> {
    const { factor } = this.registered;
    return factor.isWeak !== undefined && factor.isWeak(await this.parts.data.open(row));
  }

  private async claimUse(row: Authenticator, { step, data, remaining }: MfaFactorProof): Promise<Write> {
    const set = {
      remaining,
      ...(step === undefined ? {} : { lastStep: step }),
      ...(data === undefined ? {} : { data: await this.parts.data.keep(data, row) }),
    };
    const conditions = [
      ...(step === undefined ? [] : ['(last_step IS NULL OR last_step < :step)']),
      // As it was read, so that the number of remaining proofs that is reported is right for each use.
      ...(remaining === undefined ? [] : ['remaining = :seen']),
    ];
    const parameters = { step: step ?? null, seen: row.remaining };
    const condition = conditions.length === 0 ? undefined : { where: conditions.join(' AND '), parameters };
    return this.parts.authenticators.claimUse(row, new Date(this.parts.clock.now()), set, condition);
  }
}

/** The valid values of each part of a proof. A step that is no number would let a code be used again and again. */
const PROOF_PARTS: Readonly<Record<keyof MfaFactorProof, (value: unknown) => boolean>> = {
  step: Number.isSafeInteger,
  data: (value) => typeof value === 'string',
  remaining: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  claims: Array.isArray,
  writes: Array.isArray,
};

/**
 * A factor has answered a code with something else than a verdict. The code was judged all the same: a factor with `false` for
 * every wrong code would otherwise give each guess back.
 */
export class NoVerdictError extends TypeError {}

/**
 * Rejects any other answer of a factor to a code. What TypeScript didn't catch, such as the `false` of a comparison, is no
 * proof.
 *
 * @throws {NoVerdictError} when it is no {@link MfaFactorProof}
 */
export function assertProof(type: MfaType, verdict: unknown): asserts verdict is MfaFactorProof {
  if (isProof(verdict)) return;
  throw new NoVerdictError(
    `The factor ${type} must answer a code with 'wrong', 'not_applicable' or an object of ${Object.keys(PROOF_PARTS).join(', ')}`,
  );
}

/** Whether a factor's answer is a proof. */
export function isProof(verdict: unknown): verdict is MfaFactorProof {
  return isPlain(verdict) && Object.entries(verdict).every(isPartOfProof);
}

function isPartOfProof([part, value]: [string, unknown]): boolean {
  if (!Object.hasOwn(PROOF_PARTS, part)) return false;
  return value === undefined || PROOF_PARTS[part as keyof MfaFactorProof](value);
}

/** Whether the value is a plain object: no array, date, or promise that was never awaited. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What a proof claims in the factor's own tables. */
export function ownClaims(type: MfaType, { claims = [] }: MfaFactorProof): Write[] {
  return claims.map((query) => ({ query, claim: ownClaim(type) }));
}

/** What a proof writes to the factor's own tables besides. */
export function ownWrites({ writes = [] }: MfaFactorProof): Write[] {
  return writes.map((query) => ({ query }));
}

/** The claim that is lost when a statement of the factor didn't change exactly one row. */
export function ownClaim(type: MfaType): string {
  return `factor:${type}`;
}
