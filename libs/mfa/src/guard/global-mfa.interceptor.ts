import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';

import { GlobalMfaGuard } from './global-mfa.guard.js';

/**
 * Asks the global guard again when all guards have run. Guards run in the order in which modules are imported, and an
 * application's authentication may come after ours: what was nobody then may be somebody who must have a second factor.
 */
@Injectable()
export class GlobalMfaInterceptor implements NestInterceptor {
  constructor(@Inject(GlobalMfaGuard) private readonly guard: GlobalMfaGuard) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    await this.guard.canActivate(context);
    return next.handle();
  }
}
