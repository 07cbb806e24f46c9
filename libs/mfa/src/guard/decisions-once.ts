import { SideTable } from '../core/objects/side-table.js';
import type { MfaPolicyDecision } from '../core/policy/policy.js';
import type { MfaRequest } from '../engine/rows/mfa-request.js';
import { isSameSnapshot, snapshotOf } from './judgements.js';

interface Known {
  session: MfaRequest['session'];
  user: readonly unknown[];
  decision: Promise<MfaPolicyDecision>;
}

/**
 * Makes each decision once for operations that ask many times, such as the fields of a GraphQL query, of which a single request
 * may contain thousands under aliases. HTTP requests only ask a few times, and what the answer depends on may change in
 * between.
 */
export class DecisionsOnce {
  private readonly known = new SideTable<object, Map<string, Known>>();

  /**
   * @param question identifies what is asked
   * @param decide is called unless the same was asked for this operation, user and session
   */
  once(
    { request, session, ...context }: MfaRequest,
    operation: object,
    question: () => string,
    decide: () => Promise<MfaPolicyDecision>,
  ): Promise<MfaPolicyDecision> {
    if (operation === request) return decide();
    const asked = this.known.get(operation) ?? new Map<string, Known>();
    this.known.set(operation, asked);
    const text = question();
    const before = asked.get(text);
    const user = snapshotOf(context.user);
    if (before?.session === session && isSameSnapshot(before.user, user)) return before.decision;
    const decision = decide();
    asked.set(text, { user, session, decision });
    return decision;
  }
}
