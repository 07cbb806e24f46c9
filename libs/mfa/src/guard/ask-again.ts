import type { CanActivate, ExecutionContext, NestInterceptor } from '@nestjs/common';

import { judgementsOf } from './judgements.js';
import { watchStream } from './watch-stream.js';

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
