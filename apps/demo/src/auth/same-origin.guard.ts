import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedMfaOptions } from 'nestjs-mfa';
import { MFA_OPTIONS, assertSameOrigin } from 'nestjs-mfa';

/** Prevents other sites from signing a browser in or out. */
@Injectable()
export class SameOriginGuard implements CanActivate {
  constructor(@Inject(MFA_OPTIONS) private readonly options: ResolvedMfaOptions) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<object>();
    assertSameOrigin(request, this.options.trustedOrigins);
    return true;
  }
}
