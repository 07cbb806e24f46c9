import type { CanActivate, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { GUARDS_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import type { Observable } from 'rxjs';
import { concatMap, map, takeWhile } from 'rxjs';

import { SideTable } from '../core/objects/side-table.js';
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
  /** Notes that the request uses its session. */
  noteUse(): void;
}

/** By guard, since several may stand before one handler. */
const judgements = new SideTable<object, Map<object, Judgement>>();

/** The calls whose answer is a stream, about which the guards are asked again and again. */
const streaming = new WeakSet<object>();

/**
 * Keeps what a guard has allowed for this call of the handler; the guard's last word counts. The session is used once no guard
 * refuses any more: the last of them tells, or this one where none of ours is known to come last. A stream that is asked about
 * uses none.
 */
export function keepJudgement(context: ExecutionContext, guard: object, judgement: Judgement): void {
  const execution = executionOf(context);
  const kept = judgements.get(execution);
  if (kept) kept.set(guard, judgement);
  else judgements.set(execution, new Map([[guard, judgement]]));
  if (!streaming.has(execution) && !isAskedAgain(context)) judgement.noteUse();
}

/** Whether {@link ASK_AGAIN_GUARD} stands before that handler. */
function isAskedAgain(context: ExecutionContext): boolean {
  const guards = Reflect.getMetadata(GUARDS_METADATA, context.getHandler()) as unknown[] | undefined;
  return guards?.includes(ASK_AGAIN_GUARD) ?? false;
}

/** What the guards of this module have allowed for this call of the handler. */
export function judgementsOf(context: ExecutionContext): Judgement[] {
  return [...(judgements.get(executionOf(context))?.values() ?? [])];
}

const judged = new SideTable<MfaPolicyDecision, MfaUser | null>();

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
  const seen: unknown[] = [isPlain(user) ? null : user, userIdOf(user), isStaff, emailVerified];
  addEntries(seen, user, MAX_DEPTH);
  return seen;
}

/** How deep lists of roles and the like are looked into. */
const MAX_DEPTH = 4;

/** What an object holds, and what the lists and plain objects in it hold: a guard may add a role to a list. */
function addEntries(seen: unknown[], value: object, depth: number): void {
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    const isLookedInto = depth > 0 && typeof part === 'object' && part !== null && isPlain(part);
    if (isLookedInto) {
      seen.push(key, '{');
      addEntries(seen, part, depth - 1);
      seen.push('}');
    } else seen.push(key, part);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

export function isSameSnapshot(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((part, index) => Object.is(part, other[index]));
}

/**
 * Asks the guards of this module again when all guards have run, where the user is not the one that was judged. Guards run in
 * the order of modules, classes and handlers, and one that comes after ours may put its own user there: a token's in place of
 * the session's.
 *
 * @throws the refusal
 */
async function askAgain(context: ExecutionContext): Promise<void> {
  for (const judgement of judgementsOf(context)) {
    if (!(await judgement.stillHolds())) await judgement.judge();
  }
  // Those that were judged anew have another.
  for (const judgement of judgementsOf(context)) judgement.noteUse();
}

/** After all guards, and so before every handler. It has no state, so that one serves all applications of a process. */
export const ASK_AGAIN_INTERCEPTOR: NestInterceptor = {
  async intercept(context, next) {
    await askAgain(context);
    return watchStream(context, next.handle());
  },
};

/** The last of a handler's guards, for handlers before which Nest runs guards only: the fields of GraphQL. */
export const ASK_AGAIN_GUARD: CanActivate = {
  async canActivate(context) {
    await askAgain(context);
    return true;
  },
};

/** How long a stream goes on without a question, in milliseconds: the price of each is a statement or two. */
const TRUSTED_FOR_MS = 1000;

/**
 * Ends what a handler goes on delivering once its guards would refuse it: server-sent events, the answers of one message,
 * GraphQL subscriptions. Asked before something is delivered, with a session that is read anew.
 */
export function watchStream(context: ExecutionContext, results: Observable<unknown>): Observable<unknown> {
  const judgements = judgementsOf(context);
  if (judgements.length === 0 || !mayStream(context)) return results;
  streaming.add(executionOf(context));

  // Of time that passes, whatever the clock of the application says.
  let askedAt = performance.now();
  const isAllowed = async (): Promise<boolean> => {
    if (performance.now() - askedAt < TRUSTED_FOR_MS) return true;
    askedAt = performance.now();
    try {
      // An operation of its own, for which the session is read anew. Nobody does anything: it is no use of it.
      for (const judgement of judgements) await judgement.judge({});
      return true;
    } catch {
      // Refused, or nobody can tell. The client learns why when it asks again.
      return false;
    }
  };
  return results.pipe(
    concatMap(async (result) => ({ result, allowed: await isAllowed() })),
    takeWhile(({ allowed }) => allowed),
    map(({ result }) => (isSource(result) ? watchIterator(result, isAllowed) : result)),
  );
}

/**
 * An HTTP request is answered once, but for server-sent events, and so is each field of GraphQL, but for subscriptions: the five
 * hundred fields of a slow query would ask five hundred times.
 */
function mayStream(context: ExecutionContext): boolean {
  switch (context.getType<string>()) {
    case 'http':
      return Reflect.getMetadata(SSE_METADATA, context.getHandler()) === true;
    case 'graphql':
      return isSubscription(context.getArgByIndex<unknown>(3));
    default:
      return true;
  }
}

/** @param info GraphQLResolveInfo, the last argument of a resolver */
function isSubscription(info: unknown): boolean {
  return (
    (info as { operation?: { operation?: unknown } } | undefined)?.operation?.operation === 'subscription'
  );
}

function isSource(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}

/** Not a generator: one could not be ended while it waits for what comes next. */
function watchIterator(
  source: AsyncIterable<unknown>,
  isAllowed: () => Promise<boolean>,
): AsyncIterableIterator<unknown> {
  const iterator = source[Symbol.asyncIterator]();
  const end = async (): Promise<IteratorResult<unknown>> => {
    await iterator.return?.();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const result = await iterator.next();
      return result.done || (await isAllowed()) ? result : end();
    },
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
