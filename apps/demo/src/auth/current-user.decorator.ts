import type { ExecutionContext } from '@nestjs/common';
import { createParamDecorator } from '@nestjs/common';
import type { MfaUser } from 'nestjs-mfa';

/** A signed-in user of the demo, as {@link MfaSessionGuard} sets it on the request. */
export type CurrentUser = MfaUser & { email: string };

export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): CurrentUser =>
    context.switchToHttp().getRequest<{ user: CurrentUser }>().user,
);
