import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';

import type { CurrentUser } from './current-user.decorator.js';

/** Admits staff only. Use it after {@link MfaSessionGuard}. */
@Injectable()
export class StaffGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<{ user: CurrentUser }>().user.isStaff === true;
  }
}
