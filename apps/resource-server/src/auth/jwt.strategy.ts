import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

import type { ResourceServerConfig } from '../config.js';
import { CONFIG } from './config-token.js';

/** The payload of a verified access token (RFC 9068, section 2.2); what else is in it is the issuer's business. */
export interface AccessTokenClaims {
  sub: string;
  exp: number;
  [claim: string]: unknown;
}

/**
 * Takes access tokens (RFC 9068) of one issuer for one audience, and nothing else that this issuer may have signed: no ID
 * token, and no token of a sign-in that still owes its second factor.
 */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(CONFIG) { publicKey, issuer, audience }: ResourceServerConfig) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // The one algorithm that the issuer uses: the token has no say in it (RFC 8725, section 3.1).
      algorithms: ['ES256'],
      issuer,
      audience,
      secretOrKeyProvider: (_request, token: string, done) => {
        if (isAccessToken(token)) done(null, publicKey);
        else done(new Error('This is not an access token'));
      },
    });
  }

  /** What it returns is `request.user`: the claims as they are, which is where `MfaClaimsModule` reads them. */
  validate(claims: Partial<AccessTokenClaims>): AccessTokenClaims | false {
    const { sub, exp } = claims;
    // jsonwebtoken lets tokens without an end live for ever.
    return typeof sub === 'string' && typeof exp === 'number' ? { ...claims, sub, exp } : false;
  }
}

/** RFC 9068, section 4: the type in the header sets access tokens apart. The signature covers it. */
function isAccessToken(token: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    const type = (header as { typ?: unknown } | null)?.typ;
    return type === 'at+jwt' || type === 'application/at+jwt';
  } catch {
    return false;
  }
}
