import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { assertSameOrigin } from 'nestjs-mfa';

/** Keeps other sites from signing a browser in or out. */
@Injectable()
export class SameOriginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    assertSameOrigin(context.switchToHttp().getRequest<object>());
    return true;
  }
}
