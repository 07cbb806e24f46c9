import type { ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';

import { isMfaSkipped } from './guard-metadata.js';
import { MfaGuard } from './mfa.guard.js';

/** The guard of the option `globalGuard`: on every route, for users who must have a second factor. */
@Injectable()
export class GlobalMfaGuard extends MfaGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isMfaSkipped(this.reflector, context)) return true;
    return this.judge(context, (request, operation) => this.policy.decideGlobally(request, operation));
  }
}
