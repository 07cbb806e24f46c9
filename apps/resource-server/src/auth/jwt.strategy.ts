import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

import type { ResourceServerConfig } from '../config.js';
import { CONFIG } from './config-token.js';

/** The payload of a verified access token (RFC 9068, section 2.2). The issuer decides what else it contains. */
export interface AccessTokenClaims {
  sub: string;
  exp: number;
  [claim: string]: unknown;
}

/**
 * Accepts access tokens (RFC 9068) of one issuer for one audience, and nothing else that this issuer may have signed:
 * no ID tokens, and no tokens of a sign-in that still owes its second factor.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(CONFIG) { publicKey, issuer, audience }: ResourceServerConfig) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The only algorithm the issuer uses, whatever the token claims (RFC 8725, section 3.1).
      algorithms: ['ES256'],
      issuer,
      audience,
      secretOrKeyProvider: (_request, token: string, done) => {
        if (isAccessToken(token)) done(null, publicKey);
        else done(new Error('This is not an access token'));
      },
    });
  }

  /** The result becomes `request.user`: the claims unchanged, which is where `MfaClaimsModule` reads them. */
  validate(claims: Partial<AccessTokenClaims>): AccessTokenClaims | false {
    const { sub, exp } = claims;
    // jsonwebtoken accepts tokens that never expire.
    return typeof sub === 'string' && typeof exp === 'number' ? { ...claims, sub, exp } : false;
  }
}

/** The header's type distinguishes access tokens (RFC 9068, section 4). It is covered by the signature. */
function isAccessToken(token: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    const type = (header as { typ?: unknown } | null)?.typ;
    return type === 'at+jwt' || type === 'application/at+jwt';
  } catch {
    return false;
  }
}
