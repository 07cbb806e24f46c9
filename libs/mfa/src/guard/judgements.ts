import type { ExecutionContext } from '@nestjs/common';

import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { MfaPolicyDecision } from '../core/policy/policy.js';
import { executionOf } from '../refusals/find-request.js';

/** What a guard has allowed, and on what. */
export interface Judgement {
  /** Whether the handler would be called for the user that was judged, as they were then. */
  stillHolds(): Promise<boolean>;
  /**
   * Judges whoever is there now.
   *
   * @param operation what the session is read for; another than before reads it anew
   * @throws the refusal, as the guard would
   */
  judge(operation?: object): Promise<unknown>;
}

/** By guard, since several may stand before one handler. */
const judgements = new WeakMap<object, Map<object, Judgement>>();

/** Keeps what a guard has allowed for this call of the handler; the guard's last word counts. */
export function keepJudgement(context: ExecutionContext, guard: object, judgement: Judgement): void {
  const execution = executionOf(context);
  const kept = judgements.get(execution) ?? new Map<object, Judgement>();
  judgements.set(execution, kept.set(guard, judgement));
}

/** What the guards of this module have allowed for this call of the handler. */
export function judgementsOf(context: ExecutionContext): Judgement[] {
  return [...(judgements.get(executionOf(context))?.values() ?? [])];
}

const judged = new WeakMap<MfaPolicyDecision, MfaUser | null>();

/** Notes for which user a decision was made. */
export function noteJudged(decision: MfaPolicyDecision, user: MfaUser | null): MfaPolicyDecision {
  judged.set(decision, user);
  return decision;
}

/** That user; undefined where nobody has noted them. */
export function judgedBy(decision: MfaPolicyDecision): MfaUser | null | undefined {
  return judged.get(decision);
}

/**
 * A user as they are at this moment. Compared with another moment's it tells whether somebody else is there, or the same
 * object has become somebody else.
 */
export function snapshotOf(user: MfaUser | null): unknown[] {
  if (user === null) return [null];
  const { isStaff, emailVerified } = user;
  // Objects of a class keep what they know where it can't be seen: there only the same object is the same.
  return [isPlain(user) ? null : user, userIdOf(user), isStaff, emailVerified, ...entriesOf(user, MAX_DEPTH)];
}

/** How deep lists of roles and the like are looked into. */
const MAX_DEPTH = 4;

/** What an object holds, and what the lists and plain objects in it hold: a guard may add a role to a list. */
function entriesOf(value: object, depth: number): unknown[] {
  return Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    const isLookedInto = depth > 0 && typeof part === 'object' && part !== null && isPlain(part);
    return isLookedInto ? [key, '{', ...entriesOf(part, depth - 1), '}'] : [key, part];
  });
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

export function isSameSnapshot(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((part, index) => Object.is(part, other[index]));
}
