import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';

/** Metadata key of `@RequireMfa()`. */
export const REQUIRE_MFA = 'nestjs-mfa:require';

/** Metadata key of `@SkipMfa()`. */
export const SKIP_MFA = 'nestjs-mfa:skip';

/** Whether `@SkipMfa()` exempts a handler. Its own decorators count for more than its class's. */
export function isMfaSkipped(reflector: Reflector, context: ExecutionContext): boolean {
  const handler = context.getHandler();
  if (reflector.get<boolean | undefined>(SKIP_MFA, handler)) return true;
  if (reflector.get<object | undefined>(REQUIRE_MFA, handler)) return false;
  return reflector.get<boolean | undefined>(SKIP_MFA, context.getClass()) ?? false;
}
