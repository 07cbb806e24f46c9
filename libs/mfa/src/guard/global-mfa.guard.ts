import type { ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';

import { MfaGuard } from './mfa.guard.js';

/** The guard of the option `globalGuard`: on every route, for users who must have a second factor. */
@Injectable()
export class GlobalMfaGuard extends MfaGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.isSkipped(context)) return true;
    const request = this.getRequest(context);
    const decision = await this.run(context, () =>
      this.policy.decideGlobally(request, this.isLongLived(context)),
    );
    return this.answer(context, decision);
  }
}
