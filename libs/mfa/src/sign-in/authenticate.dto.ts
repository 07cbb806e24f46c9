import { IsBoolean, IsOptional, Matches } from 'class-validator';

import { CODE_INPUT_PATTERN } from '../engine/factors/typed-code.js';
import { CODE, TRUST_DEVICE } from '../openapi/models.js';
import { Described, object } from '../openapi/schema.js';

@Described(object({ code: CODE }, { trustDevice: TRUST_DEVICE }))
export class AuthenticateDto {
  /** A TOTP or a recovery code. */
  @Matches(CODE_INPUT_PATTERN, { message: 'code must be a code of an authenticator app or a recovery code' })
  code!: string;

  /**
   * Whether to trust this browser, which then skips the second factor for a while. Ignored unless the application allows it.
   */
  @IsOptional()
  @IsBoolean()
  trustDevice?: boolean;
}
