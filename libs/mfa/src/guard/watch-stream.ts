import type { ExecutionContext } from '@nestjs/common';
import { SSE_METADATA } from '@nestjs/common/constants.js';
import type { Observable } from 'rxjs';
import { concatMap, map, takeWhile } from 'rxjs';

import { judgementsOf } from './judgements.js';

/** How long a stream goes on without a question, in milliseconds: the price of each is a statement or two. */
const TRUSTED_FOR_MS = 1000;

/**
 * Ends what a handler goes on delivering once its guards would refuse it: server-sent events, the answers of one message,
 * GraphQL subscriptions. Asked before something is delivered, with a session that is read anew.
 */
export function watchStream(context: ExecutionContext, results: Observable<unknown>): Observable<unknown> {
  const judgements = judgementsOf(context);
  if (judgements.length === 0 || !mayStream(context)) return results;

  // Of time that passes, whatever the clock of the application says.
  let askedAt = performance.now();
  const isAllowed = async (): Promise<boolean> => {
    if (performance.now() - askedAt < TRUSTED_FOR_MS) return true;
    askedAt = performance.now();
    try {
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

/** An HTTP request is answered once, but for server-sent events. */
function mayStream(context: ExecutionContext): boolean {
  if (context.getType() !== 'http') return true;
  return Reflect.getMetadata(SSE_METADATA, context.getHandler()) === true;
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
