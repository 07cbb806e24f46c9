import type { CanActivate, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { GUARDS_METADATA, SSE_METADATA } from '@nestjs/common/constants.js';
import type { Observable } from 'rxjs';
import { concatMap, map, takeWhile } from 'rxjs';

import { SideTable } from '../core/objects/side-table.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { userIdOf } from '../core/users/mfa-user.js';
import type { MfaPolicyDecision } from '../core/policy/policy.js';
import { executionOf } from '../refusals/find-request.js';

/** What a guard has allowed, and for whom. */
export interface Judgement {
  /** Whether the user who would reach the handler is still the one that was judged, and unchanged. */
  stillHolds(): Promise<boolean>;
  /**
   * Judges the current user.
   *
   * @param operation what the session is read for; a different one reads it again
   * @throws the refusal, as the guard would
   */
  judge(operation?: object): Promise<unknown>;
  /** Records that the request uses its session. */
  noteUse(): void;
}

/** By guard, since several may run before one handler. */
const judgements = new SideTable<object, Map<object, Judgement>>();

/** The calls whose answer is a stream, for which the guards are asked repeatedly. */
const streaming = new WeakSet<object>();

/**
 * Stores what a guard has allowed for this call of the handler; a guard's latest judgement counts. The session counts as used
 * once no guard can refuse any more: the last guard records the use, or this one if none of this module's is known to come
 * last. Repeated questions about a stream don't use it.
 */
export function keepJudgement(context: ExecutionContext, guard: object, judgement: Judgement): void {
  const execution = executionOf(context);
  const kept = judgements.get(execution);
  if (kept) kept.set(guard, judgement);
  else judgements.set(execution, new Map([[guard, judgement]]));
  if (!streaming.has(execution) && !isAskedAgain(context)) judgement.noteUse();
}

/** Whether {@link ASK_AGAIN_GUARD} runs before that handler. */
function isAskedAgain(context: ExecutionContext): boolean {
  const guards = Reflect.getMetadata(GUARDS_METADATA, context.getHandler()) as unknown[] | undefined;
  return guards?.includes(ASK_AGAIN_GUARD) ?? false;
}

/** What this module's guards have allowed for this call of the handler. */
export function judgementsOf(context: ExecutionContext): Judgement[] {
  return [...(judgements.get(executionOf(context))?.values() ?? [])];
}

const judged = new SideTable<MfaPolicyDecision, MfaUser | null>();

/** Records for which user a decision was made. */
export function noteJudged(decision: MfaPolicyDecision, user: MfaUser | null): MfaPolicyDecision {
  judged.set(decision, user);
  return decision;
}

/** The user of a decision; undefined if none was recorded. */
export function judgedBy(decision: MfaPolicyDecision): MfaUser | null | undefined {
  return judged.get(decision);
}

/**
 * Captures a user's current state. Comparing two snapshots tells whether a different user is present, or the same object has
 * changed.
 */
export function snapshotOf(user: MfaUser | null): unknown[] {
  if (user === null) return [null];
  const { isStaff, emailVerified } = user;
  // Instances of classes may hide their state, so only the same object is equal.
  const seen: unknown[] = [isPlain(user) ? null : user, userIdOf(user), isStaff, emailVerified];
  addEntries(seen, user, MAX_DEPTH);
  return seen;
}

/** How deep lists of roles and the like are compared. */
const MAX_DEPTH = 4;

/** Adds an object's entries, and those of the arrays and plain objects in it: a guard may add a role to a list. */
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
 * Asks this module's guards again after all guards have run, if the user is not the one that was judged. Guards run in the
 * order of modules, classes and handlers, and a later one may set its own user, such as a token's in place of the session's.
 *
 * @throws the refusal
 */
async function askAgain(context: ExecutionContext): Promise<void> {
  for (const judgement of judgementsOf(context)) {
    if (!(await judgement.stillHolds())) await judgement.judge();
  }
  // Guards that judged again have stored a new judgement.
  for (const judgement of judgementsOf(context)) judgement.noteUse();
}

/**
 * Runs after all guards, and thus before every handler. It is stateless, so one instance serves all applications of a process.
 */
export const ASK_AGAIN_INTERCEPTOR: NestInterceptor = {
  async intercept(context, next) {
    await askAgain(context);
    return watchStream(context, next.handle());
  },
};

/** The last guard of a handler, for handlers before which Nest only runs guards: the fields of GraphQL. */
export const ASK_AGAIN_GUARD: CanActivate = {
  async canActivate(context) {
    await askAgain(context);
    return true;
  },
};

/** How long a stream continues before the guards are asked again, in milliseconds. Each time costs a statement or two. */
const TRUSTED_FOR_MS = 1000;

/**
 * Ends a stream once the guards would refuse its handler: server-sent events, the answers to a message, GraphQL subscriptions.
 * The guards are asked before something is delivered, with a session that is read again.
 */
export function watchStream(context: ExecutionContext, results: Observable<unknown>): Observable<unknown> {
  const judgements = judgementsOf(context);
  if (judgements.length === 0 || !mayStream(context)) return results;
  streaming.add(executionOf(context));

  // Elapsed time, independent of the application's clock.
  let askedAt = performance.now();
  const isAllowed = async (): Promise<boolean> => {
    if (performance.now() - askedAt < TRUSTED_FOR_MS) return true;
    askedAt = performance.now();
    try {
      // A new operation, so that the session is read again. Nobody is active, so this is no use of the session.
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
 * An HTTP request is answered once, except for server-sent events, and so is each GraphQL field, except for subscriptions.
 * Without this check, a slow query with five hundred fields would ask five hundred times.
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

/** Not a generator, which can't be ended while it waits for its next value. */
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
