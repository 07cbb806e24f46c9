import type { ExecutionContext } from '@nestjs/common';
import { Injectable, UnauthorizedException } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';

/**
 * Requires a valid access token on every route, and sends the challenge that a 401 must carry (RFC 6750, section 3).
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  override handleRequest<TUser>(
    error: unknown,
    user: TUser | false,
    _info: unknown,
    context: ExecutionContext,
  ): TUser {
    if (error) throw error as Error;
    if (user) return user;
    const http = context.switchToHttp();
    const { headers } = http.getRequest<{ headers: { authorization?: string } }>();
    http
      .getResponse<{ setHeader(name: string, value: string): void }>()
      .setHeader('WWW-Authenticate', headers.authorization ? 'Bearer error="invalid_token"' : 'Bearer');
    throw new UnauthorizedException();
  }
}
